import { isBelow, isTest, isVendored } from "../artifacts/project-files.ts";
import type { AppComponent } from "../stack/app/detect.ts";
import { componentReads } from "../stack/query-environment.ts";
import type { Stack } from "../stack/stack.ts";
import { documentedVariables } from "./documented-variables.ts";

/** `deep_update(globals(), ...)`: a part of a dictionary in the environment changes this part alone. */
const merges = /\b\w*(?:deep|merge)\w*\(\s*globals\(\)\s*,/i;
const takesPrefix = /os\.environ\.items\(\)[^\n]*\.startswith\(/;
const parses = /\b(?:yaml\.(?:safe_)?load|json\.loads|ast\.literal_eval)\(/;
const fixedHost = /["']HOST["']\s*:\s*["'](?:localhost|127\.0\.0\.1)["']/;

/**
 * The variable that changes entries of `DATABASES`, for settings of Django that take every variable with a prefix as a
 * setting of that name and lay it over their own. Undefined where they replace the whole setting, where values stay
 * text, and where the code has no host to be changed.
 */
export function mergedDatabases(
  stack: Pick<Stack, "files" | "envFiles">,
  component: AppComponent,
): string | undefined {
  if (component.kind !== "django" || componentReads(stack, component).wildcards.length === 0)
    return undefined;
  const texts = stack.files.paths
    .filter(
      path => path.endsWith(".py") && isBelow(component.dir, path) && !isTest(path) && !isVendored(path),
    )
    .flatMap(path => {
      const read = stack.files.read(path);
      return "source" in read ? [read.source.text] : [];
    });
  const has = (words: RegExp) => texts.some(text => words.test(text));
  if (![merges, takesPrefix, parses, fixedHost].every(has)) return undefined;
  const [listed] = documentedVariables(stack, [component]).keys();
  const written = texts.flatMap(
    text => /^\w*PREFIX\w*\s*=\s*["']([A-Z][A-Z0-9]*_)["']/im.exec(text)?.[1] ?? [],
  );
  const prefix = written[0] ?? /^[A-Z0-9]+_/.exec(listed ?? "")?.[0];
  return prefix === undefined || new Set(written).size > 1 ? undefined : `${prefix}DATABASES`;
}

/** What that variable holds in a new stack, as a Compose file writes it. */
export function mergedDatabaseValue(port: number): string {
  return `'{"default": {"HOST": "db", "PORT": "${port}", "NAME": "app", "USER": "app", "PASSWORD": "\${DB_PASSWORD:?}"}}'`;
}

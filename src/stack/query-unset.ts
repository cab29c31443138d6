import { join } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import { isSecretName } from "../formats/secret.ts";
import { isStore } from "./query.ts";
import { storeUrl } from "./query-environment.ts";
import { demandedByRelease } from "./query-release-sets.ts";
import { isSigningName } from "./query-secrets.ts";
import type { Reference } from "./resolve/interpolate.ts";
import { scalarValue } from "./resolve/values.ts";
import type { ComposeProject, Service, Stack, Variable } from "./stack.ts";

/** Credentials that Compose takes from variables, and what becomes of them when nothing sets these. */

export interface Asked {
  readonly reference: Reference;
  readonly shows: string;
}

/** `redis-server --requirepass ${X}`: without a word behind it Redis ends, with an empty one it is open. */
export function passwordOfCommand(service: Service, lookup: ComposeProject["lookup"]): Asked[] {
  const command = service.get("command");
  if (!isStore(service) || !command) return [];
  const items = command.kind === "seq" ? command.items : [command];
  return items.flatMap((item, index) => {
    const value = scalarValue(item, lookup);
    const before = index > 0 ? scalarValue(items[index - 1], lookup)?.raw : undefined;
    const name =
      /--requirepass[\s=]+["']?\$\{?(\w+)\}?["']?(?:\s|$)/.exec(value?.raw ?? "")?.[1] ??
      (before === "--requirepass" ? /^\$\{?(\w+)\}?$/.exec(value?.raw ?? "")?.[1] : undefined);
    const reference = uncovered(value?.references ?? []).find(each => each.name === name);
    if (!reference) return [];
    const open = command.kind === "seq" || /--requirepass[\s=]+["']/.test(value!.raw);
    return [
      {
        reference,
        shows: open
          ? "when the variable is not set, everybody is let in"
          : "when the variable is not set, the server ends with an error",
      },
    ];
  });
}

/** The `.env` that git tracks beside the Compose file is the one that counts, and the command's password is not in it. */
export function lacksValue(
  stack: Stack,
  project: ComposeProject,
  asked: readonly Asked[],
  names: readonly string[],
): boolean {
  const path = join(project.directory, ".env");
  return (
    asked.some(({ reference }) => names.includes(reference.name) && !isDocumented(stack, reference.name)) &&
    stack.files.has(path) === "file" &&
    stack.files.tracked(path) === true
  );
}

/** References that may become an empty credential: of a store's account, in a connection string, of a signing key. */
export function bare(service: Service, variable: Variable): Reference[] {
  const { value, name } = variable;
  if (!value) return [];
  const account = isStore(service) && (isSecretName(name) || /_(?:USER|USERNAME|DATABASE|DB)$/.test(name));
  const inUrl = storeUrl(value.raw.replace(/\$\{?(\w+)\}?/g, "$1")) !== undefined;
  return account || inUrl || isSigningName(name) ? uncovered(value.references) : [];
}

/** Without an operator, and not within `${X:+...}`, which is left out whole where X has no value. */
function uncovered(references: readonly Reference[]): Reference[] {
  const covers = references.filter(({ operator }) => operator?.endsWith("+"));
  return references.filter(
    ({ name, operator, at: { span } }) =>
      operator === undefined &&
      !covers.some(
        each => each.name === name && each.at.span.start <= span.start && span.end <= each.at.span.end,
      ),
  );
}

/** Official databases end at their first start when the password of their first user is empty. */
export function refusesEmpty({ imageRef, environment }: Service): boolean {
  return (
    /^(?:postgres|mysql|mariadb)$/.test(imageRef?.name ?? "") &&
    environment.some(
      ({ name, value }) =>
        /^(?:POSTGRES|MYSQL_ROOT|MARIADB_ROOT)_PASSWORD$/.test(name) &&
        /^\$\{?\w+\}?$/.test(value?.raw ?? ""),
    )
  );
}

export function namesIn({ environment }: Service): string[] {
  return environment.flatMap(({ value }) => (value?.references ?? []).map(each => each.name));
}

/** Variables without which Compose starts nothing of the project, wherever one of its files says so. */
export function guardedNames(stack: Stack, project: ComposeProject): ReadonlySet<string> {
  const text = project.files
    .map(file => (sourceOf(stack, file)?.text ?? "").replace(/^[ \t]*#.*$/gm, ""))
    .join("\n");
  const stops = project.grade === "deployed" ? demandedByRelease(stack) : [];
  return new Set([...[...text.matchAll(/\$\{(\w+):?\?/g)].map(match => match[1]!), ...stops]);
}

export function isDocumented(stack: Stack, name: string): boolean {
  const inFile = stack.envFiles.some(file => file.entries.some(entry => entry.name.value === name));
  const word = new RegExp(`(?<![A-Za-z0-9_])${name}(?![A-Za-z0-9_])`);
  const leftOut = new RegExp(`^[ \\t]*#[ \\t]*${name}=`, "m");
  return (
    inFile ||
    stack.envFiles.some(
      ({ role, file }) => role === "example" && leftOut.test(sourceOf(stack, file)?.text ?? ""),
    ) ||
    [...stack.sources.values()].some(
      source => /\.(?:sh|bash)$|^\.github\/|Makefile$/.test(source.path) && word.test(source.text),
    )
  );
}

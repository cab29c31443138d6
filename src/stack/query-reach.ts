import { importedPythonFile, pythonModuleFile } from "../artifacts/project-files.ts";
import { basename } from "../core/path.ts";
import type { AppComponent } from "./app/detect.ts";
import { pythonRoots } from "./app/routes.ts";
import { namedModule } from "./query-import.ts";
import { runningCommand } from "./query-process.ts";
import type { Service } from "./stack.ts";

/** Which Python files a service's command loads when it starts. */

/** Workers that import jobs by names that a queue holds: what they load is not in their command. */
const byName = /^(?:rq|rqworker|huey_consumer|dramatiq|arq|taskiq)(?:\.py)?$/;
const importing =
  /^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n#]+)|import[ \t]+([\w., \t]+))/gm;
const mostFiles = 800;

/**
 * The repository's files that are imported, directly or not, from what the command names. `all` where the command
 * does not tell; `unknown` where it says that something else decides.
 */
export function loadedFiles(
  service: Service,
  component: AppComponent,
): ReadonlySet<string> | "all" | "unknown" {
  const running = runningCommand(service);
  const program = basename(running?.words[0] ?? "");
  if (byName.test(program)) return "unknown";
  const roots = pythonRoots(component);
  const named = namedModule(service)?.module;
  const script = /^python3?(?:\.\d+)?$/.test(program)
    ? running?.words.slice(1).find(word => word?.endsWith(".py"))
    : undefined;
  const entry =
    named !== undefined
      ? pythonModuleFile(component.files, named, roots)
      : script !== undefined
        ? pythonModuleFile(
            component.files,
            script
              .replace(/^\.?\//, "")
              .replace(/\.py$/, "")
              .replaceAll("/", "."),
            roots,
          )
        : undefined;
  if (entry === undefined) return "all";
  const found = new Set<string>([entry]);
  for (const path of found) {
    if (found.size > mostFiles) return "all";
    const text = component.files.read(path)?.text ?? "";
    // Modules that are loaded by a name in a text may be any.
    if (/\bimport_module\(|__import__\(|autodiscover|pkgutil|include=\[/.test(text)) return "all";
    for (const module of modulesIn(text)) {
      const file = importedPythonFile(component.files, path, module, roots);
      if (file !== undefined) found.add(file);
    }
  }
  return found;
}

/** `from a import b` may mean the module a.b, so both are asked for; packages above are loaded as well. */
function modulesIn(text: string): string[] {
  return [...text.matchAll(importing)].flatMap(([, from, names, plain]) => {
    if (plain !== undefined) return plain.split(",").map(each => each.trim().split(/\s/)[0] ?? "");
    const base = from ?? "";
    const listed = (names ?? "").replace(/#[^\n]*|[()]/g, "").split(",");
    const below = listed.map(each => each.trim().split(/\s/)[0] ?? "").filter(each => /^\w+$/.test(each));
    return [base, ...below.map(each => (base.endsWith(".") ? `${base}${each}` : `${base}.${each}`))];
  });
}

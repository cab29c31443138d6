import { directoryOf, isVendored } from "../artifacts/project-files.ts";
import { normalisePackage, recognisesPythonManifest } from "../artifacts/python-dependencies.ts";
import { basename } from "../core/path.ts";
import { pythonAt } from "./query-runtime.ts";
import type { Stack } from "./stack.ts";

/** Packages of Python itself that have modules in them. */
const standard = new Set(
  "asyncio collections concurrent ctypes curses dbm distutils email encodings html http importlib json logging multiprocessing os re sqlite3 test tkinter unittest urllib wsgiref xml xmlrpc zoneinfo".split(
    " ",
  ),
);

/** An installed package of that name, or of a family that shares it: google-cloud-storage is `google.cloud.storage`. */
function brings(installed: string, name: string): boolean {
  return (
    installed === name ||
    installed.startsWith(`${name}-`) ||
    installed === `py${name}` ||
    installed === `python-${name}`
  );
}

/** Packages of the repository by name, with the directories that hold one. */
export function ownPackages(stack: Stack): ReadonlyMap<string, readonly string[]> {
  const installed = stack.files.paths
    .filter(recognisesPythonManifest)
    .flatMap(path => pythonAt(stack, path)?.dependencies.map(each => each.name) ?? []);
  const found = new Map<string, string[]>();
  for (const path of stack.files.paths) {
    if (basename(path) !== "__init__.py" || isVendored(path)) continue;
    const directory = directoryOf(path);
    const name = basename(directory);
    if (standard.has(name) || installed.some(each => brings(each, normalisePackage(name)))) continue;
    const known = found.get(name);
    if (known) known.push(directoryOf(directory));
    else found.set(name, [directoryOf(directory)]);
  }
  return found;
}

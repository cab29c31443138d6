import type { Source } from "../core/source.ts";

/** The files of a project as a reader sees them. `read` gives the same Source object for the same path. */
export interface ProjectFiles {
  /** Relative to the root, forward slashes. */
  readonly paths: readonly string[];
  read(path: string): Source | undefined;
}

const sets = new WeakMap<readonly string[], ReadonlySet<string>>();
const names = new WeakMap<readonly string[], ReadonlyMap<string, readonly string[]>>();
const asked = new WeakMap<readonly string[], Map<string, readonly string[]>>();
/** From so many names on, an index of all of them costs less than looking through the paths for each. */
const fewNames = 4;

export function hasFile(files: Pick<ProjectFiles, "paths">, path: string): boolean {
  let set = sets.get(files.paths);
  if (!set) {
    set = new Set(files.paths);
    sets.set(files.paths, set);
  }
  return set.has(path);
}

/** Paths of files with this base name. */
export function filesNamed(files: Pick<ProjectFiles, "paths">, name: string): readonly string[] {
  let index = names.get(files.paths);
  if (!index) {
    let found = asked.get(files.paths);
    if (!found) {
      found = new Map();
      asked.set(files.paths, found);
    }
    const before = found.get(name);
    if (before) return before;
    if (found.size < fewNames) {
      const ending = `/${name}`;
      const now = files.paths.filter(path => path.endsWith(ending) || path === name);
      found.set(name, now);
      return now;
    }
    const made = new Map<string, string[]>();
    for (const path of files.paths) {
      const base = path.slice(path.lastIndexOf("/") + 1);
      const known = made.get(base);
      if (known) known.push(path);
      else made.set(base, [path]);
    }
    index = made;
    names.set(files.paths, index);
  }
  return index.get(name) ?? [];
}

const endings = new WeakMap<readonly string[], ReadonlyMap<string, readonly string[]>>();

/** Paths of files with this extension, without its dot; `""`: base names without a dot. In the order of the paths. */
export function filesEnding(files: Pick<ProjectFiles, "paths">, extension: string): readonly string[] {
  let index = endings.get(files.paths);
  if (!index) {
    const made = new Map<string, string[]>();
    for (const path of files.paths) {
      const dot = path.lastIndexOf(".");
      const ending = dot > path.lastIndexOf("/") ? path.slice(dot + 1) : "";
      const known = made.get(ending);
      if (known) known.push(path);
      else made.set(ending, [path]);
    }
    index = made;
    endings.set(files.paths, index);
  }
  return index.get(extension) ?? [];
}

/** `""` for a file at the root. */
export function directoryOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "" : path.slice(0, slash);
}

/** Joins and normalises; undefined when the result leaves the root. */
export function joinPath(directory: string, relative: string): string | undefined {
  const parts = directory === "" ? [] : directory.split("/");
  for (const part of relative.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join("/");
}

/** True for `directory` itself being the root or holding the path at any depth. */
export function isBelow(directory: string, path: string): boolean {
  return directory === "" || path.startsWith(`${directory}/`);
}

/**
 * The file of a dotted Python module: tried below each root in order, then anywhere when exactly one file fits.
 * Undefined when none or several fit: never a guess.
 */
export function pythonModuleFile(
  files: ProjectFiles,
  module: string,
  roots: readonly string[],
): string | undefined {
  let known = modules.get(files.paths);
  if (!known) {
    known = new Map();
    modules.set(files.paths, known);
  }
  const key = [module, ...roots].join("\n");
  if (!known.has(key)) known.set(key, findPythonModule(files, module, roots));
  return known.get(key);
}

/** Every request that is followed through an application asks for the same few modules. */
const modules = new WeakMap<readonly string[], Map<string, string | undefined>>();

function findPythonModule(files: ProjectFiles, module: string, roots: readonly string[]): string | undefined {
  if (!/^[\p{L}_][\p{L}\p{N}_]*(\.[\p{L}_][\p{L}\p{N}_]*)*$/u.test(module)) return undefined;
  const tail = module.replaceAll(".", "/");
  const candidates = [`${tail}.py`, `${tail}/__init__.py`];
  for (const root of roots) {
    for (const candidate of candidates) {
      const path = root === "" ? candidate : `${root}/${candidate}`;
      if (hasFile(files, path)) return path;
    }
  }
  const fitting = candidates.flatMap(candidate =>
    filesNamed(files, candidate.slice(candidate.lastIndexOf("/") + 1)).filter(
      path => path.endsWith(`/${candidate}`) && !isVendored(path),
    ),
  );
  return fitting.length === 1 ? fitting[0] : undefined;
}

/** The file of a module named from inside another: `.base`, `..api.urls`, or absolute. */
export function importedPythonFile(
  files: ProjectFiles,
  from: string,
  module: string,
  roots: readonly string[],
): string | undefined {
  const dots = /^\.*/.exec(module)![0].length;
  if (dots === 0) return pythonModuleFile(files, module, roots);
  const base = joinPath(directoryOf(from), "../".repeat(dots - 1));
  if (base === undefined) return undefined;
  const tail = module.slice(dots).replaceAll(".", "/");
  const target = base === "" ? tail : tail === "" ? base : `${base}/${tail}`;
  return [`${target}.py`, `${target}/__init__.py`, ...(target === "" ? ["__init__.py"] : [])].find(path =>
    hasFile(files, path),
  );
}

const scriptEndings = ["", ".js", ".ts", ".mjs", ".cjs", ".mts", ".cts", ".tsx", ".jsx"];
const indexEndings = scriptEndings.slice(1).map(ending => `/index${ending}`);

/** The file of a relative `require` or `import`; undefined for packages and aliases. */
export function importedScriptFile(files: ProjectFiles, from: string, module: string): string | undefined {
  if (!module.startsWith(".")) return undefined;
  const target = joinPath(directoryOf(from), module);
  if (target === undefined) return undefined;
  // TypeScript sources import "./app.js" and mean app.ts.
  const bare = target.replace(/\.[cm]?js$/, "");
  return [
    ...scriptEndings.map(ending => target + ending),
    ...scriptEndings.map(ending => bare + ending),
    ...indexEndings.map(ending => target + ending),
  ].find(path => hasFile(files, path));
}

const folders = new WeakMap<readonly string[], Map<string, readonly string[]>>();
const sorted = new WeakMap<readonly string[], boolean>();

/** Paths below a directory, in their order: asked for every component, so no look at the rest of a large tree. */
export function filesBelow({ paths }: Pick<ProjectFiles, "paths">, directory: string): readonly string[] {
  if (directory === "") return paths;
  const known = folders.get(paths) ?? new Map<string, readonly string[]>();
  folders.set(paths, known);
  let found = known.get(directory);
  if (!found) {
    // The sign after the slash: every path between the two begins with the directory.
    found = isSorted(paths)
      ? paths.slice(firstFrom(paths, `${directory}/`), firstFrom(paths, `${directory}0`))
      : paths.filter(path => path.startsWith(`${directory}/`));
    known.set(directory, found);
  }
  return found;
}

function isSorted(paths: readonly string[]): boolean {
  let is = sorted.get(paths);
  if (is === undefined) {
    is = paths.every((path, index) => index === 0 || paths[index - 1]! <= path);
    sorted.set(paths, is);
  }
  return is;
}

/** The place of the first path that is not before another. */
function firstFrom(paths: readonly string[], other: string): number {
  let low = 0;
  let high = paths.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (paths[middle]! < other) low = middle + 1;
    else high = middle;
  }
  return low;
}

const own = new WeakMap<readonly string[], Map<string, readonly string[]>>();

/** Those below a directory that are no tests, and that no others wrote. */
export function ownFiles({ paths }: Pick<ProjectFiles, "paths">, directory: string): readonly string[] {
  const known = own.get(paths) ?? new Map<string, readonly string[]>();
  own.set(paths, known);
  let found = known.get(directory);
  if (!found) {
    found = filesBelow({ paths }, directory).filter(path => !isVendored(path) && !isTest(path));
    known.set(directory, found);
  }
  return found;
}

const vendored =
  /(?:^|\/)(?:node_modules|bower_components|vendor|third_party|\.?venv|env|virtualenv|site-packages|dist-packages|dist|build|out|\.next|\.nuxt|\.git|\.tox|__pycache__|coverage|staticfiles|htmlcov|\.yarn|\.cache)\//;

/** Code that others wrote or a tool made: not read for what this project asks of its environment. */
export function isVendored(path: string): boolean {
  return vendored.test(path);
}

const tested =
  /(?:^|\/)(?:tests?|__tests__|__mocks__|spec|specs|e2e|cypress|fixtures|playwright)\/|(?:^|\/)(?:conftest|test_[^/]*|[^/]*_test|tests)\.(?:py|go)$|\.(?:test|spec|stories|cy)\.[cm]?[jt]sx?$|(?:^|\/)(?:jest|vitest|playwright|cypress|karma)\.(?:config|setup)[^/]*$|(?:^|\/)setupTests\.[jt]sx?$/;

export function isTest(path: string): boolean {
  return tested.test(path);
}

/** What `make` says of a project and a key, worked out once; a key may be a directory or a file that was read. */
export function oncePerProject<K, V>(
  make: (files: ProjectFiles, key: K) => V,
): (files: ProjectFiles, key: K) => V {
  const projects = new WeakMap<ProjectFiles, Map<K, V>>();
  return (files, key) => {
    const known = projects.get(files) ?? new Map<K, V>();
    projects.set(files, known);
    if (!known.has(key)) known.set(key, make(files, key));
    return known.get(key)!;
  };
}

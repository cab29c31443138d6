import type { PackageManifest } from "../artifacts/package-manifest.ts";
import { directoryOf, isTest, joinPath } from "../artifacts/project-files.ts";
import { type ScriptImport, scriptImports } from "../artifacts/script-imports.ts";
import { basename, dirname, inside, join } from "../core/path.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import { type Location, locate, type Source } from "../core/source.ts";
import { type GitignoreRules, parseGitignore } from "../formats/gitignore.ts";
import { type AppComponent, isServerEntry, serverKinds } from "./app/detect.ts";
import { inSubmodule, mayAppear } from "./query-build.ts";
import { compilerPaths } from "./query-compiler-paths.ts";
import type { Build, Service, Stack } from "./stack.ts";

/** Imports of a bundle or a server in Node.js that no clone of the repository can resolve. */

export interface AbsentImport {
  /** As written. */
  readonly module: string;
  readonly at: Location;
  /** Path that it means, as far as it can be told without an ending; a package's name where it is none of the repository. */
  readonly wanted: string;
  /**
   * `absent`: no file of that name. `ignored`: there is one here, and git ignores it. `link`: the way there is a link
   * that leads nowhere in this checkout. `package`: neither package.json nor the lock file brings it.
   */
  readonly because: "absent" | "ignored" | "link" | "package";
  /** The file that starts the program which asks for it. */
  readonly entry: string;
}

/** What is to be seen at an import, for a reader. */
export function showsAbsence({ because, wanted }: AbsentImport): string {
  switch (because) {
    case "ignored":
      return `git ignores ${wanted}`;
    case "link":
      return `${wanted} is a link to something that is not here`;
    case "package":
      return `nothing installs ${wanted}`;
    default:
      return `there is no ${wanted}`;
  }
}

/** Something puts it there before the build needs it. */
export function comesLater(stack: Stack, build: Build, { wanted, because }: AbsentImport): boolean {
  if (because === "package" || ignoredBy(stack, wanted)) return false;
  return mayAppear(stack, build, wanted);
}

const most = 3_000;
const scripts = ["ts", "tsx", "js", "jsx", "mts", "mjs", "cts", "cjs"];
const isScript = new RegExp(`\\.(?:${scripts.join("|")})$`);
/** What tools write: before a build, or while it runs. */
const made =
  /gen(?:erated)?\b|_gen|codegen|graphql|proto|_pb\b|\.velite|contentlayer|paraglide|\.source|auto-imports|components\.d|build-?info|version|wasm|\/pkg\/|artifacts|abis?\/|typechain|locales?\/compiled|config\.local|env\.local/i;
/** What may stand in a script that builds, without making files which the code imports. */
const plain =
  /^(?:cross-env|env-cmd|dotenv|npx|NODE_ENV=\S+|\w+=\S*|rimraf|rm|tsc|vue-tsc|eslint|prettier|next|nest build|tsc-alias|vite|react-scripts|craco|esbuild|prisma|tsr|next-sitemap|husky|true|echo|npm run (?:lint|type-?check|clean|test)|patch-package)\b/;

/** Every import that is reached from where the bundle starts, by file. Nothing where tools may write files first. */
export function absentImports(stack: Stack, component: AppComponent): readonly AbsentImport[] {
  const manifest = component.package;
  if (!manifest || !buildsPlainly(manifest)) return [];
  const resolve = resolver(stack, component, manifest);
  const open = entriesOf(stack, component);
  /** The import that led to each file; none for an entry. */
  const ways = new Map<string, ScriptImport | undefined>(open.map(path => [path, undefined]));
  const isReached = (path: string): boolean => {
    for (let way = ways.get(path); way; way = ways.get(way.at.file)) if (!way.isKept()) return false;
    return true;
  };
  const entryOf = (path: string): string => {
    let entry = path;
    for (let way = ways.get(path); way; way = ways.get(entry)) entry = way.at.file;
    return entry;
  };
  const found: AbsentImport[] = [];
  for (let path = open.pop(); path !== undefined && ways.size < most; path = open.pop()) {
    const source = component.files.read(path);
    if (!source) continue;
    for (const each of scriptImports(source)) {
      const result = resolve(path, each.module);
      if (!result) continue;
      if ("because" in result) {
        if (each.isKept() && isReached(path))
          found.push({ module: each.module, at: each.at, entry: entryOf(path), ...result });
      } else if (!ways.has(result.file) && isScript.test(result.file)) {
        ways.set(result.file, each);
        open.push(result.file);
      }
    }
  }
  return found;
}

/** Scripts that run before or with the build are known to write no code. */
function buildsPlainly({ scripts: all }: PackageManifest): boolean {
  return ["preinstall", "install", "postinstall", "prepare", "prebuild", "build"].every(name =>
    (all.get(name)?.value ?? "")
      .split(/&&|;|\|\|?/)
      .map(each => each.trim())
      .every(each => each === "" || plain.test(each)),
  );
}

/** Where a bundler begins: fixed places of the frameworks, and the page of Vite. */
function entriesOf(stack: Stack, { kind, dir, files: reader }: AppComponent): string[] {
  const { files } = stack;
  if (kind === "cra")
    return scripts.map(ending => join(dir, `src/index.${ending}`)).filter(path => files.has(path) === "file");
  if (kind === "vite") {
    const text = reader.read(join(dir, "index.html"))?.text ?? "";
    const loaded = [...text.matchAll(/<script\b[^>]*\bsrc=["']([^"':?]+)["']/g)].map(([, src]) => src!);
    return loaded
      .map(src => join(dir, src.replace(/^\.?\//, "")))
      .filter(path => isScript.test(path) && files.has(path) === "file");
  }
  if (serverKinds.has(kind)) {
    const usual = files.paths.filter(path => isServerEntry(dir, path) && isScript.test(path));
    return [...new Set([...usual, ...startedBy(stack, dir)])];
  }
  if (kind !== "next") return [];
  return files.paths.filter(path => {
    const below = inside(dir, path);
    if (below === undefined || !isScript.test(below) || isTest(path)) return false;
    const [, root, rest] = /^(?:src\/)?(app|pages)\/(.+)$/.exec(below) ?? [];
    if (root === "pages") return true;
    return root === "app"
      ? /(?:^|\/)(?:page|layout|template|loading|error|global-error|not-found|default|route)\.[jt]sx?$/.test(
          rest!,
        ) && !/(?:^|\/)_/.test(rest!)
      : /^(?:src\/)?middleware\.[jt]s$/.test(below);
  });
}

function startedBy(stack: Stack, dir: string): string[] {
  return stack.services.flatMap(service =>
    service.component?.dir === dir ? startFiles(stack, service) : [],
  );
}

/** `node dist/worker.js` of a service: the file, or the source of it. */
export function startFiles(
  { files }: Stack,
  { component, process }: Service,
  lines = (process?.commands ?? []).map(words => words.map(word => word.value)),
): string[] {
  return lines.flatMap(words => {
    if (!component || !/^node(?:js)?$/.test(words[0] ?? "")) return [];
    const written = words.find(word => /\.[cm]?js$/.test(word ?? ""))?.replace(/^\.\//, "");
    if (written === undefined || written.startsWith("/")) return [];
    const source = written.replace(/^(?:dist|build|lib|out)\//, "src/").replace(/\.([cm]?)js$/, ".$1ts");
    return [written, source]
      .map(each => join(component.dir, each))
      .filter(path => files.has(path) === "file");
  });
}

type Resolved = { readonly file: string } | Pick<AbsentImport, "wanted" | "because">;

/** Undefined: nothing is known of it. */
function resolver(stack: Stack, component: AppComponent, manifest: PackageManifest) {
  const { files } = stack;
  const { dir } = component;
  const settings = compilerPaths(component);
  const config = configText(component);
  const knowsAliases = component.kind !== "cra" && !(component.kind === "next" && /alias/i.test(config));
  const replaces = /ReplacementPlugin|IgnorePlugin|\bexternals?\b|federation|virtual/i.test(config);
  const packages = replaces ? undefined : packagesOf(stack, dir);
  return (from: string, module: string): Resolved | undefined => {
    const [name = ""] = module.split("?");
    if (name.startsWith(".")) return at(stack, joinPath(directoryOf(from), name));
    for (const [pattern, target] of settings?.paths ?? []) {
      const star = pattern.endsWith("*");
      const head = pattern.slice(0, star ? -1 : undefined);
      if (star ? !name.startsWith(head) : name !== head) continue;
      const result = at(stack, joinPath(settings!.base, target.replace(/\*$/, name.slice(head.length))));
      // `"*": ["*", "types/*"]` is a place to look first.
      if (head === "" && (!result || "because" in result)) continue;
      return result && "because" in result && !knowsAliases ? undefined : result;
    }
    if (settings?.root !== undefined) {
      const below = at(stack, joinPath(settings.root, name));
      if (below && "file" in below) return below;
      if (files.has(join(settings.root, name.split("/")[0]!)) !== undefined) return undefined;
    }
    const own = /^(?:@[a-z0-9][\w.-]*\/)?[a-z0-9][\w.-]*/.exec(name)?.[0];
    if (
      !packages ||
      own === undefined ||
      own !==
        name
          .split("/")
          .slice(0, own.startsWith("@") ? 2 : 1)
          .join("/")
    )
      return undefined;
    if (config.includes(`"${own}"`) || config.includes(`'${own}'`) || own === manifest.name?.value)
      return undefined;
    return builtIn.test(own) || packages.includes(own) ? undefined : { wanted: own, because: "package" };
  };
}

const builtIn =
  /^(?:assert|async_hooks|buffer|child_process|cluster|console|constants|crypto|dgram|diagnostics_channel|dns|domain|events|fs|http2?|https|inspector|module|net|os|path|perf_hooks|process|punycode|querystring|readline|repl|stream|string_decoder|sys|timers|tls|trace_events|tty|url|util|v8|vm|wasi|worker_threads|zlib|next|react|react-dom|server-only|client-only|styled-jsx)$/;

const resolved = new WeakMap<Stack, Map<string, Resolved | undefined>>();

/** A path of the repository without its ending. Many files import the same one. */
function at(stack: Stack, target: string | undefined): Resolved | undefined {
  if (target === undefined) return undefined;
  const known = resolved.get(stack) ?? new Map<string, Resolved | undefined>();
  resolved.set(stack, known);
  if (!known.has(target)) known.set(target, lookUp(stack, target));
  return known.get(target);
}

function lookUp(stack: Stack, target: string): Resolved | undefined {
  const { files } = stack;
  if (made.test(target) || inSubmodule(stack, target)) return undefined;
  const parent = dirname(target);
  const link = danglingAbove(stack, target);
  if (link !== undefined) return { wanted: link, because: "link" };
  if (files.has(parent) === "directory" || parent === "") {
    const names = files.list(parent);
    // A folder that is not walked.
    if (names.length === 0) return undefined;
    const name = basename(target);
    const bare = name.replace(/\.[cm]?jsx?$/, "");
    const fitting = names.filter(
      each => each === name || each.startsWith(`${name}.`) || (bare !== name && each.startsWith(`${bare}.`)),
    );
    if (fitting.length > 0) return existing(stack, parent, name, fitting);
  }
  return isMadeThere(stack, target) || isKeptByGit(stack, target)
    ? undefined
    : { wanted: target, because: "absent" };
}

/** Git has it, and only this checkout does not: it is sparse, or leaves large files out. */
function isKeptByGit({ files }: Stack, target: string): boolean {
  return ["", ...scripts.map(each => `.${each}`)].some(
    ending => files.tracked(`${target}${ending}`) === true,
  );
}

/** Of what begins with the name, the file that is meant. */
function existing(
  stack: Stack,
  parent: string,
  name: string,
  fitting: readonly string[],
): Resolved | undefined {
  const { files } = stack;
  const bare = name.replace(/\.[cm]?jsx?$/, "");
  const chosen = [
    name,
    ...scripts.map(each => `${name}.${each}`),
    ...scripts.map(each => `${bare}.${each}`),
  ].find(each => fitting.includes(each) && files.has(join(parent, each)) === "file");
  const path = chosen === undefined ? undefined : join(parent, chosen);
  if (path !== undefined)
    return files.tracked(path) === false && files.ignored(path)
      ? { wanted: path, because: "ignored" }
      : { file: path };
  const index = scripts
    .map(each => join(parent, `${name}/index.${each}`))
    .find(each => files.has(each) === "file");
  return index === undefined ? undefined : { file: index };
}

/** The first folder or file above that a link stands for, and nothing is behind it. */
function danglingAbove({ files }: Stack, target: string): string | undefined {
  const parent = dirname(target);
  // What is above a folder that is there is there, too.
  if (files.has(parent) === "directory") {
    const isLost = files.has(target) === undefined && files.list(parent).includes(basename(target));
    return isLost ? target : undefined;
  }
  const parts = target.split("/");
  for (let depth = 1; depth <= parts.length; depth++) {
    const path = parts.slice(0, depth).join("/");
    if (files.has(path) !== undefined) continue;
    return files.list(dirname(path)).includes(basename(path)) ? path : undefined;
  }
  return undefined;
}

/** Git ignores it because a tool makes it: unless the same patterns cover code beside it that git holds. */
function isMadeThere({ files }: Stack, target: string): boolean {
  if (!files.ignored(`${target}.ts`) && !files.ignored(`${target}/x`)) return false;
  const parent = dirname(target);
  return !files.list(parent).some(each => {
    const path = join(parent, each);
    return isScript.test(each) && files.ignored(path) && files.tracked(path) !== false;
  });
}

function configText({ files, dir, kind }: AppComponent): string {
  const stem = kind === "next" ? "next.config" : kind === "vite" ? "vite.config" : "craco.config";
  return ["ts", "js", "mjs", "mts", "cjs"]
    .map(ending => files.read(join(dir, `${stem}.${ending}`))?.text ?? "")
    .join("\n");
}

/** Names that package.json or a lock file of this directory or one above has; undefined without a lock file. */
function packagesOf({ files }: Stack, dir: string): { includes(name: string): boolean } | undefined {
  const texts: string[] = [];
  let locked = false;
  for (let folder = dir; ; folder = dirname(folder)) {
    for (const name of ["package.json", "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock"]) {
      const path = join(folder, name);
      const read = files.has(path) === "file" ? files.read(path) : undefined;
      if (!read) continue;
      // Too large to be read: anything may be in it.
      if (!("source" in read)) return undefined;
      texts.push(read.source.text);
      locked ||= name !== "package.json";
    }
    if (folder === "" || folder === "/") break;
  }
  // A package is imported by many files, and a lock file has megabytes.
  const known = new Map<string, boolean>();
  const isThere = (name: string): boolean => texts.some(text => text.includes(name));
  const includes = (name: string): boolean => {
    const answer = known.get(name) ?? isThere(name);
    known.set(name, answer);
    return answer;
  };
  return locked ? { includes } : undefined;
}

export interface IgnoredBy {
  /** The pattern in a `.gitignore`. */
  readonly at: Location;
  /** The file or folder that it names; a folder ends with a slash. */
  readonly path: string;
}

const ignoring = new WeakMap<ProjectFiles, Map<string, IgnoredBy | undefined>>();

/** The pattern that keeps a path without ending, or a folder above it, out of git. */
export function ignoredBy({ files }: Stack, wanted: string): IgnoredBy | undefined {
  const known = ignoring.get(files) ?? new Map<string, IgnoredBy | undefined>();
  ignoring.set(files, known);
  if (!known.has(wanted)) known.set(wanted, findIgnoring(files, wanted));
  return known.get(wanted);
}

function findIgnoring(files: ProjectFiles, wanted: string): IgnoredBy | undefined {
  const parts = wanted.split("/");
  const folders = parts.slice(0, -1).map((_, index) => `${parts.slice(0, index + 1).join("/")}/`);
  const isFile = files.has(wanted) === "file";
  const candidates = [...folders, ...(isFile ? [wanted] : scripts.map(each => `${wanted}.${each}`))];
  const path = candidates.find(each => files.ignored(each));
  if (path === undefined) return undefined;
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const read = files.read(join(folder, ".gitignore"));
    const below = inside(folder, path);
    if ("source" in read && below !== undefined) {
      const last = patternsOf(read.source).findLast(({ rules }) => rules.test(below) === "ignored");
      if (last) return { at: last.at, path };
    }
    if (folder === "" || folder === "/") return undefined;
  }
}

interface Pattern {
  readonly rules: GitignoreRules;
  readonly at: Location;
}

const patterns = new WeakMap<Source, readonly Pattern[]>();

/** The lines of a `.gitignore`, each by itself. */
function patternsOf(source: Source): readonly Pattern[] {
  const known = patterns.get(source);
  if (known) return known;
  const found: Pattern[] = [];
  let offset = 0;
  for (const line of source.text.split("\n")) {
    if (line.trim() !== "" && !line.startsWith("#"))
      found.push({ rules: parseGitignore(line), at: locate(source, offset, offset + line.trimEnd().length) });
    offset += line.length + 1;
  }
  patterns.set(source, found);
  return found;
}

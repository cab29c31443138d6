import { type DjangoProject, findDjangoProjects } from "../../artifacts/django.ts";
import {
  dependsOn,
  type PackageManifest,
  parsePackageManifest,
  recognisesPackageManifest,
} from "../../artifacts/package-manifest.ts";
import {
  directoryOf,
  hasFile,
  isBelow,
  isTest,
  isVendored,
  joinPath,
  ownFiles,
  type ProjectFiles,
} from "../../artifacts/project-files.ts";
import { parsePythonManifest, recognisesPythonManifest } from "../../artifacts/python-dependencies.ts";
import { inside } from "../../core/path.ts";
import type { Gap } from "../../core/problem.ts";
import type { Location, Source } from "../../core/source.ts";
import { loadJavascript } from "../../formats/javascript.ts";
import { loadPython } from "../../formats/python.ts";

export type AppKind =
  | "django"
  | "fastapi"
  | "flask"
  | "python"
  | "next"
  | "vite"
  | "cra"
  | "express"
  | "nest"
  | "fastify"
  | "koa"
  | "hono"
  | "node"
  | "go"
  | "rails"
  | "ruby"
  | "laravel"
  | "php"
  | "spring"
  | "java"
  | "rust"
  | "elixir"
  | "dotnet";

/** A program of the project, at the directory of its manifest. A directory may hold two (a bundle and its server). */
export interface AppComponent {
  readonly kind: AppKind;
  readonly dir: string;
  /** The file that says so. */
  readonly manifest: string;
  /** Where the framework is named. */
  readonly at: Location;
  /** Files that start it, where they can be told. */
  readonly entries: readonly string[];
  readonly files: ProjectFiles;
  readonly package?: PackageManifest;
  readonly django?: DjangoProject;
}

/** Every component of a project, by its manifests. Frameworks that are not known stay `node`, `python`... */
export function detectComponents(files: ProjectFiles): readonly AppComponent[] {
  const components: AppComponent[] = [];
  for (const path of files.paths) {
    const base = path.slice(path.lastIndexOf("/") + 1);
    const isPackage = recognisesPackageManifest(path);
    // The names first: a large tree has few manifests.
    const isProject = base.endsWith(".csproj");
    if (!(isPackage || isProject || Object.hasOwn(others, base)) || isVendored(path) || isTest(path))
      continue;
    if (isPackage) components.push(...nodeComponents(files, path));
    else if (isProject) components.push(...dotnetComponent(files, path));
    else components.push(...otherComponent(files, path, base));
  }
  return [...components, ...pythonComponents(files)];
}

/** Loads the parsers that these components need. To be awaited once before routes or settings are asked for. */
export async function loadParsers(components: readonly AppComponent[]): Promise<readonly Gap[]> {
  const kinds = new Set(components.map(each => each.kind));
  const python = kinds.has("django") || kinds.has("fastapi");
  const script = [...kinds].some(kind => scripted.has(kind));
  const [, failure] = await Promise.all([python && loadPython(), script && loadJavascript()]);
  if (!failure) return [];
  const why = `The reader of JavaScript and TypeScript cannot be loaded (${failure}): what this code says of routes, ports and variables is not known. Install Shipworthy again on this machine.`;
  return [{ about: "the programs' code", why, fatal: true }];
}

const scripted = new Set<AppKind>(["express", "nest", "fastify", "koa", "hono", "next", "vite"]);

function whole(file: string): Location {
  return { file, span: { start: 0, end: 0 } };
}

const servers = [
  ["@nestjs/core", "nest"],
  ["fastify", "fastify"],
  ["koa", "koa"],
  ["hono", "hono"],
  ["express", "express"],
] as const;

/** Kinds that Node.js runs as they are written, or as the TypeScript compiler leaves them. */
export const serverKinds: ReadonlySet<AppKind> = new Set(servers.map(([, kind]) => kind));

const serverEntry = /^(?:(?:src|server|api|bin)\/)*(?:main|index|server|app|www)\.[cm]?[jt]s$/;

/** A file of a component from which a server in Node.js usually starts. */
export function isServerEntry(dir: string, path: string): boolean {
  return serverEntry.test(inside(dir, path) ?? "");
}

function nodeComponents(files: ProjectFiles, path: string): AppComponent[] {
  const source = files.read(path);
  if (!source) return [];
  const manifest = parsePackageManifest(source).model;
  const dir = directoryOf(path);
  const found: AppComponent[] = [];
  const add = (kind: AppKind, at: Location, entries: readonly string[] = []) =>
    found.push({ kind, dir, manifest: path, at, entries, files, package: manifest });
  const next = dependsOn(manifest, "next");
  const scripts = dependsOn(manifest, "react-scripts");
  const vite = dependsOn(manifest, "vite");
  if (next) add("next", next.at);
  else if (scripts) add("cra", scripts.at);
  else if (vite) add("vite", vite.at);
  for (const [name, kind] of servers) {
    const dependency = dependsOn(manifest, name);
    if (dependency?.group !== "dependencies") continue;
    add(kind, dependency.at, kind === "express" ? expressEntries(files, dir, manifest) : []);
    break;
  }
  if (found.length === 0) add("node", whole(path));
  return found;
}

const startFile =
  /(?:^|[\s/])(?:node|nodemon|tsx|ts-node|ts-node-dev|bun)\s+(?:-\S+\s+)*([\w./-]+\.[cm]?[jt]s)\b/;
const usualEntries = ["server", "index", "app", "main"];

/** Files that create the app: what `start` and `main` name first, then the usual names. */
function expressEntries(files: ProjectFiles, dir: string, manifest: PackageManifest): readonly string[] {
  const named = ["start", "start:prod", "dev"].flatMap(
    name => startFile.exec(manifest.scripts.get(name)?.value ?? "")?.[1] ?? [],
  );
  if (manifest.main) named.push(manifest.main.value);
  const built = named.map(each =>
    each.replace(/^(?:\.\/)?(?:dist|build|out|lib)\//, "src/").replace(/\.[cm]?js$/, ".ts"),
  );
  const usual = ["", "src/", "server/", "server/src/", "api/"].flatMap(folder =>
    usualEntries.flatMap(name =>
      ["js", "ts", "mjs", "cjs", "mts"].map(ending => `${folder}${name}.${ending}`),
    ),
  );
  const candidates = [...named, ...built, ...usual].flatMap(each => joinPath(dir, each) ?? []);
  const creates = (path: string) =>
    hasFile(files, path) && /\bexpress\s*\(\s*\)/.test(files.read(path)?.text ?? "");
  return [...new Set(candidates.filter(creates))];
}

const others: Readonly<Record<string, readonly [AppKind, RegExp?, AppKind?]>> = {
  "go.mod": ["go"],
  Gemfile: ["ruby", /^[ \t]*gem\s+["']rails["']/m, "rails"],
  "composer.json": ["php", /"laravel\/framework"/, "laravel"],
  "pom.xml": ["java", /spring-boot/, "spring"],
  "build.gradle": ["java", /springframework\.boot/, "spring"],
  "build.gradle.kts": ["java", /springframework\.boot/, "spring"],
  "Cargo.toml": ["rust"],
  "mix.exs": ["elixir"],
};

function otherComponent(files: ProjectFiles, path: string, base: string): AppComponent[] {
  const source = files.read(path);
  if (!source) return [];
  const [plain, expression, framework] = others[base]!;
  const found = expression?.exec(source.text);
  const at = found
    ? { file: path, span: { start: found.index, end: found.index + found[0].length } }
    : whole(path);
  const kind = found && framework ? framework : plain;
  return [{ kind, dir: directoryOf(path), manifest: path, at, entries: [], files }];
}

/** A program that serves: the libraries beside it have another SDK. */
function dotnetComponent(files: ProjectFiles, path: string): AppComponent[] {
  const found = /\bSdk="Microsoft\.NET\.Sdk\.Web"/.exec(files.read(path)?.text ?? "");
  if (!found) return [];
  const at = { file: path, span: { start: found.index, end: found.index + found[0].length } };
  const dir = directoryOf(path);
  const entries = [joinPath(dir, "Program.cs")].flatMap(each => (each && hasFile(files, each) ? [each] : []));
  return [{ kind: "dotnet", dir, manifest: path, at, entries, files }];
}

function pythonComponents(files: ProjectFiles): AppComponent[] {
  const projects = findDjangoProjects(files);
  const manifests = files.paths.filter(
    path =>
      recognisesPythonManifest(path) && !isVendored(path) && !/\/requirements\//.test(path) && !isTest(path),
  );
  const components: AppComponent[] = projects.map(django => ({
    kind: "django",
    dir: django.dir,
    manifest: nearest(manifests, django.dir) ?? django.manage,
    at: whole(django.manage),
    entries: [django.manage],
    files,
    django,
  }));
  const seen = new Set<string>();
  const empty = new Set<string>();
  for (const path of manifests.toSorted((a, b) => rank(a) - rank(b))) {
    const dir = directoryOf(path);
    const source = files.read(path);
    if (!source || seen.has(dir) || (empty.has(dir) && rank(path) > 1)) continue;
    // A manifest whose program is the Django project below it is told already.
    const known = projects.some(project => isBelow(dir, `${project.dir}/x`) || project.dir === dir);
    const found = known ? [] : plainPython(files, path, source);
    // One that lists nothing leaves it to the file beside it.
    (known || found.length > 0 ? seen : empty).add(dir);
    components.push(...found);
  }
  return components;
}

/** The file for production before those for tests. */
function rank(path: string): number {
  return /(?:^|\/)(?:requirements\.txt|pyproject\.toml)$/.test(path) ? 0 : /dev|test|docs/.test(path) ? 2 : 1;
}

function nearest(manifests: readonly string[], dir: string): string | undefined {
  const above = manifests.filter(path => isBelow(directoryOf(path), `${dir === "" ? "" : `${dir}/`}x`));
  return above.toSorted((a, b) => directoryOf(b).length - directoryOf(a).length || rank(a) - rank(b))[0];
}

function plainPython(files: ProjectFiles, path: string, source: Source): AppComponent[] {
  const dir = directoryOf(path);
  const { dependencies } = parsePythonManifest(source).model;
  for (const [name, kind] of [
    ["fastapi", "fastapi"],
    ["flask", "flask"],
  ] as const) {
    const dependency = dependencies.find(each => each.name === name);
    if (dependency) {
      const entries = kind === "fastapi" ? creating(files, dir, "FastAPI(") : creating(files, dir, "Flask(");
      return [{ kind, dir, manifest: path, at: dependency.at, entries, files }];
    }
  }
  // A pyproject.toml that only configures tools is no program.
  if (dependencies.length === 0) return [];
  return [{ kind: "python", dir, manifest: path, at: whole(path), entries: [], files }];
}

const mostSearched = 400;

function creating(files: ProjectFiles, dir: string, call: string): readonly string[] {
  const candidates = ownFiles(files, dir).filter(path => path.endsWith(".py"));
  const usual = (path: string) => (/(?:^|\/)(?:main|app|asgi|server|__init__)\.py$/.test(path) ? 0 : 1);
  return candidates
    .toSorted((a, b) => usual(a) - usual(b) || a.split("/").length - b.split("/").length)
    .slice(0, mostSearched)
    .filter(path => files.read(path)?.text.includes(call));
}

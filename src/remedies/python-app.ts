import { djangoSettings } from "../artifacts/django.ts";
import { type DjangoSettings, djangoSetting } from "../artifacts/django-settings.ts";
import {
  type PythonDependency,
  parsePythonManifest,
  recognisesPythonManifest,
} from "../artifacts/python-dependencies.ts";
import { basename, dirname, inside, join } from "../core/path.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import type { AppComponent } from "../stack/app/detect.ts";
import type { Stack } from "../stack/stack.ts";
import { chooseVersion } from "./base-images.ts";
import { isCommitted } from "./committed.ts";
import { settingPlaceholders } from "./python-placeholders.ts";
import { djangoServer, type PythonServer, pythonServer } from "./python-server.ts";
import { systemPackages } from "./python-system.ts";

/** How dependencies are installed. `files` are relative to the application's root. */
export interface PythonInstall {
  readonly tool: "pip" | "poetry" | "uv" | "pipenv" | "project";
  readonly files: readonly string[];
  /** Version of the tool that reads the lock file as it is. */
  readonly version?: string;
  /** Version of Poetry's plug-in that writes the lock file as requirements, where pip can install all of them. */
  readonly exporter?: string;
  /** Groups of development packages that the program loads all the same. */
  readonly groups: readonly string[];
}

/** What a Python component's files say about how it is built and run. */
export interface PythonApp extends PythonServer {
  readonly root: string;
  readonly version: string;
  readonly install: PythonInstall;
  /** The server, where no requirement brings one: `gunicorn==23.0.0`. */
  readonly extra: readonly string[];
  readonly buildPackages: readonly string[];
  readonly runPackages: readonly string[];
  /** Collects static files, with values for the settings that refuse to load without. */
  readonly collect?: {
    readonly manage: string;
    readonly environment: readonly (readonly [string, string])[];
    /** Where they are, absolute, when that can be told and the program does not serve them itself. */
    readonly unserved?: string;
  };
  /** Absolute. */
  readonly uploads: readonly string[];
  /** The path under which browsers ask for uploads, with both slashes, where it is one of the site. */
  readonly uploadsPath?: string;
  /** Absolute directories that the program writes to, uploads included. */
  readonly writable: readonly string[];
  readonly afterwards?: string;
}

export function pythonApp(
  stack: Pick<Stack, "files" | "today" | "envFiles">,
  component: AppComponent,
  current?: string,
): PythonApp | undefined {
  if (!["django", "fastapi", "flask"].includes(component.kind)) return undefined;
  const { files } = stack;
  const manifest = recognisesPythonManifest(component.manifest) ? component.manifest : undefined;
  if (manifest === undefined) return undefined;
  const root = dirname(manifest);
  // Requirements in a folder of their own belong to the project above it.
  if (inside(root, component.dir) === undefined) return undefined;
  const install = installOf(files, root, manifest);
  const dependencies = dependenciesOf(files, manifest);
  if (!install || !dependencies) return undefined;
  const version = versionOf(files, root, manifest, stack.today, current);
  if (version === undefined) return undefined;
  const settings =
    component.django &&
    djangoSettings(component.files, component.django, component.django.defaultModule?.value);
  const has = (name: string) => dependencies.some(each => each.name === name);
  const server = component.django
    ? djangoServer(files, component, root, settings, has)
    : pythonServer(files, component, root, has);
  if (!server) return undefined;
  // What comes as another package's extra is in the lock file alone.
  const brings = (name: string) => has(name) || isLocked(files, root, install, name);
  const { build, run } = systemPackages(dependencies);
  const uploads = settings ? uploadsOf(files, settings, root) : [];
  const loose = install.tool === "pip" && dependencies.some(each => !/^(===?|@)/.test(each.version));
  return {
    ...server,
    root,
    version,
    install: { ...install, groups: loadedGroups(settings, dependencies) },
    extra: server.needs.filter(each => !brings(each.split(/[=[]/)[0]!)),
    buildPackages: build,
    runPackages: run,
    ...collectOf(stack, component, settings, root, has("whitenoise")),
    uploads,
    ...(uploads.length === 1 && settings ? uploadsPath(settings) : {}),
    writable: [...new Set([...uploads, ...(settings ? logsOf(files, settings, root) : [])])],
    ...(loose
      ? {
          afterwards: `Fix the versions in ${manifest}, for example with pip-compile: until then each build may bring others.`,
        }
      : {}),
  };
}

/** Dependencies of the manifest and all that it includes; undefined when one cannot be read. */
function dependenciesOf(files: ProjectFiles, manifest: string): PythonDependency[] | undefined {
  const found: PythonDependency[] = [];
  const seen = new Set<string>();
  const open = [manifest];
  for (let path = open.pop(); path !== undefined && seen.size < 20; path = open.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const read = files.read(path);
    if (!("source" in read)) return undefined;
    const { model } = parsePythonManifest(read.source);
    found.push(...model.dependencies);
    open.push(...model.includes.map(include => join(dirname(path), include.value)));
  }
  return found;
}

function installOf(files: ProjectFiles, root: string, manifest: string): PythonInstall | undefined {
  const there = (name: string) => isCommitted(files, join(root, name));
  const read = files.read(manifest);
  if (!("source" in read)) return undefined;
  const { tool, includes } = parsePythonManifest(read.source).model;
  const lock = (name: string) => {
    const text = files.read(join(root, name));
    return "source" in text ? text.source.text : "";
  };
  const readme = ["README.md", "README.rst"].filter(name => there(name) && read.source.text.includes(name));
  if (tool === "poetry" || (tool === "pep621" && there("poetry.lock"))) {
    if (!there("poetry.lock")) return undefined;
    const version = /generated by Poetry (\d+\.\d+\.\d+)/.exec(lock("poetry.lock"))?.[1] ?? "2.1.4";
    const exporter = exporterOf(version, lock("poetry.lock"));
    return {
      ...{ tool: "poetry", files: ["pyproject.toml", "poetry.lock", ...readme], version, groups: [] },
      ...(exporter === undefined ? {} : { exporter }),
    };
  }
  if (tool === "pep621") {
    if (there("uv.lock"))
      return { tool: "uv", files: ["pyproject.toml", "uv.lock", ...readme], version: "0.9.5", groups: [] };
    return { tool: "project", files: [], groups: [] };
  }
  if (tool === "pipenv")
    return there("Pipfile.lock")
      ? { tool: "pipenv", files: ["Pipfile", "Pipfile.lock"], version: "2025.0.4", groups: [] }
      : undefined;
  // A line without a name installs a directory: all files have to be there first.
  if (/^[ \t]*(-e\b|--editable\b|\.{1,2}\/|\.(\[|\s|$))/m.test(read.source.text)) return undefined;
  const included = includes.map(include => inside(root, join(dirname(manifest), include.value)));
  if (included.some(path => path === undefined)) return undefined;
  return { tool: "pip", files: [basename(manifest), ...(included as string[])], groups: [] };
}

/** Whether Poetry's lock file has the package in the group that is always installed. An older one does not say. */
function isLocked(files: ProjectFiles, root: string, { tool }: PythonInstall, name: string): boolean {
  const read = tool === "poetry" ? files.read(join(root, "poetry.lock")) : undefined;
  if (!read || !("source" in read)) return false;
  const part = read.source.text.split("[[package]]").find(each => each.includes(`\nname = "${name}"\n`));
  return /^groups = \[.*"main".*\]$/m.test(part ?? "");
}

/**
 * The plug-in for a version of Poetry. None where a package comes from git, a path, an address or another index: pip
 * wants a hash for each, or an account.
 */
function exporterOf(poetry: string, lock: string): string | undefined {
  if (/^\[package\.source\]$/m.test(lock)) return undefined;
  const [major = 0, minor = 0] = poetry.split(".").map(Number);
  if (major === 2) return "1.9.0";
  return major === 1 && minor >= 8 ? "1.8.0" : undefined;
}

function versionOf(
  files: ProjectFiles,
  root: string,
  manifest: string,
  today: string,
  current: string | undefined,
): string | undefined {
  const text = (name: string) => {
    const path = [join(root, name), name].find(each => files.has(each) === "file");
    const read = path === undefined ? undefined : files.read(path);
    return read && "source" in read ? read.source.text : "";
  };
  const named = [text(".python-version"), text("runtime.txt")].map(each => /(\d+\.\d+)/.exec(each)?.[1]);
  const read = files.read(manifest);
  const range = "source" in read ? parsePythonManifest(read.source).model.python?.value : undefined;
  return chooseVersion("python", [...named, current], [range], today);
}

/** Development groups of which the settings load a module: leaving them out would stop the program. */
function loadedGroups(
  settings: DjangoSettings | undefined,
  dependencies: readonly PythonDependency[],
): string[] {
  const apps = settings && djangoSetting(settings, "INSTALLED_APPS");
  const middleware = settings && djangoSetting(settings, "MIDDLEWARE");
  const names = [apps, middleware].flatMap(each => (Array.isArray(each?.whenUnset) ? each.whenUnset : []));
  const loaded = names.flatMap(name =>
    typeof name === "string" ? [name.split(".")[0]!.replaceAll("_", "-")] : [],
  );
  const groups = dependencies
    .filter(
      each =>
        each.group !== "main" && loaded.some(name => each.name === name || each.name === `django-${name}`),
    )
    .map(each => each.group);
  return [...new Set(groups)].sort();
}

function collectOf(
  stack: Pick<Stack, "files" | "envFiles">,
  component: AppComponent,
  settings: DjangoSettings | undefined,
  root: string,
  servesItself: boolean,
): Pick<PythonApp, "collect"> {
  if (!settings || !component.django) return {};
  const staticRoot = djangoSetting(settings, "STATIC_ROOT");
  if (!staticRoot || staticRoot.whenUnset === null) return {};
  const name = directoryIn(stack.files, settings, /^STATIC_ROOT\s*=.*["']([\w/-]+)["']/m);
  const below = name === undefined ? undefined : inside(root, name);
  return {
    collect: {
      manage: inside(root, component.django.manage)!,
      environment: settingPlaceholders(stack, component, settings),
      ...(below === undefined || below === "" || servesItself ? {} : { unserved: join("/app", below) }),
    },
  };
}

/** Where Django stores what visitors send, when it is a directory of the project: `BASE_DIR / "media"`. */
function uploadsOf(files: ProjectFiles, settings: DjangoSettings, root: string): string[] {
  const value = djangoSetting(settings, "MEDIA_ROOT")?.whenUnset;
  if (typeof value === "string" && value.startsWith("/") && value !== "/") return [value];
  const found = directoryIn(files, settings, /^MEDIA_ROOT\s*=.*["']([\w/-]+)["']/m);
  const below = found === undefined ? undefined : inside(root, found);
  return below === undefined || below === "" ? [] : [join("/app", below)];
}

function uploadsPath(settings: DjangoSettings): { uploadsPath?: string } {
  const value = djangoSetting(settings, "MEDIA_URL")?.whenUnset;
  const path = typeof value === "string" ? /^\/?([\w-]+)\/$/.exec(value)?.[1] : undefined;
  return path === undefined || path === "static" ? {} : { uploadsPath: `/${path}/` };
}

/** Directories of log files that the settings open when they load. */
function logsOf(files: ProjectFiles, settings: DjangoSettings, root: string): string[] {
  const handled = settings.files.some(path => /FileHandler/.test(textOf(files, path)));
  if (!handled) return [];
  const found = directoryIn(files, settings, /["'](logs?)(?:\/[\w.-]+)?["']/);
  const below = found === undefined ? undefined : inside(root, found);
  return below === undefined ? [] : [join("/app", below)];
}

/** A directory that the settings name, below their BASE_DIR. */
function directoryIn(files: ProjectFiles, settings: DjangoSettings, words: RegExp): string | undefined {
  const name = settings.files
    .map(path => words.exec(textOf(files, path))?.[1])
    .find(each => each !== undefined);
  const base = settings.files
    .map(path => ({ path, line: /^BASE_DIR\s*=.*__file__.*$/m.exec(textOf(files, path))?.[0] }))
    .find(each => each.line !== undefined);
  if (name === undefined || !base) return undefined;
  // Each step up is one directory, the first one the file's own.
  const steps = base.line!.match(/\.parent\b|dirname\(/g)?.length ?? 0;
  if (steps === 0) return undefined;
  let directory = base.path;
  for (let step = 0; step < steps; step++) directory = dirname(directory);
  return join(directory, name);
}

function textOf(files: ProjectFiles, path: string): string {
  const read = files.read(path);
  return "source" in read ? read.source.text : "";
}

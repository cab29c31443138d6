import { lockedPackage } from "../artifacts/npm-lock.ts";
import { type PackageManifest, parsePackageManifest } from "../artifacts/package-manifest.ts";
import { filesBelow } from "../artifacts/project-files.ts";
import { type PythonManifest, parsePythonManifest } from "../artifacts/python-dependencies.ts";
import { basename, dirname, join } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import type { ImageModel } from "./image/image.ts";
import { installsOf } from "./query-locks.ts";
import { newestOf, satisfies } from "./query-versions.ts";
import type { Build, Stack } from "./stack.ts";

/** A manifest of the repository and the stage whose runtime has to suit it. */
export interface RuntimeUse {
  readonly stage: ImageModel;
  /** Path in the repository. */
  readonly manifest: string;
  /** Dependencies are installed in this stage with this manager; undefined where the code only runs. */
  readonly manager?: string;
  /** The stage is what is shipped. */
  readonly runs: boolean;
}

/** Manifests that the stages of a build install from, or have in their working directory at the end. */
export function runtimeUses(build: Build): RuntimeUse[] {
  const uses: RuntimeUse[] = [];
  const { model } = build;
  if (!model) return uses;
  const names = ["package.json", "pyproject.toml"];
  for (const { stage, install } of installsOf([build])) {
    if (install.names.length > 0 || install.directory === undefined) continue;
    for (const name of names) {
      const { has, source } = stage.fileBefore(install.at, join(install.directory, name));
      if (has !== "yes" || source === undefined) continue;
      uses.push({ stage, manifest: source, manager: install.manager, runs: stage === model });
    }
  }
  if (model.workdir === undefined) return uses;
  for (const name of names) {
    const { has, source } = model.file(join(model.workdir, name));
    if (has === "yes" && source !== undefined && !uses.some(use => use.runs && use.manifest === source))
      uses.push({ stage: model, manifest: source, runs: true });
  }
  return uses;
}

export function packageAt(stack: Stack, path: string): PackageManifest | undefined {
  if (basename(path) !== "package.json") return undefined;
  const read = stack.files.read(path);
  return "source" in read ? parsePackageManifest(read.source).model : undefined;
}

export function pythonAt(stack: Stack, path: string): PythonManifest | undefined {
  const read = stack.files.read(path);
  return "source" in read ? parsePythonManifest(read.source).model : undefined;
}

/** What the nearest package-lock.json says of a direct dependency: its version and the Node.js it asks for. */
export function lockedAt(
  stack: Stack,
  manifest: string,
  dependency: { readonly name: string; readonly range: string },
): { readonly version: string; readonly engines?: string } | undefined {
  for (let directory = dirname(manifest); ; directory = dirname(directory)) {
    const path = join(directory, "package-lock.json");
    if (stack.files.has(path) === "file") {
      const read = stack.files.read(path);
      const found = "source" in read ? lockedPackage(read.source, dependency.name) : undefined;
      const version = newestOf(found?.version);
      // Another workspace may have brought another version to the top.
      return version && satisfies(version, dependency.range) !== false ? found : undefined;
    }
    if (directory === "" || directory === "/") return undefined;
  }
}

/** First major version of packages that are ES modules only. */
const modulesOnly: Readonly<Record<string, number>> = {
  uuid: 12,
  chalk: 5,
  "node-fetch": 3,
  got: 12,
  execa: 6,
  ora: 6,
  nanoid: 4,
  "p-limit": 4,
  "p-queue": 7,
  "p-retry": 5,
  "p-map": 5,
  "file-type": 17,
  "strip-ansi": 7,
  "string-width": 5,
  "wrap-ansi": 8,
  "escape-string-regexp": 5,
  "find-up": 6,
  globby: 12,
  del: 7,
  open: 9,
  boxen: 6,
  mime: 4,
  "pretty-ms": 8,
  "serialize-error": 9,
  "camelcase-keys": 8,
  "normalize-url": 7,
  unified: 10,
  remark: 14,
};

export interface ModuleRequired {
  readonly name: string;
  readonly version: string;
  /** The dependency in package.json. */
  readonly at: Location;
  /** Where `require()` asks for it. */
  readonly requiredAt: Location;
}

const untold =
  /(^|\/)(node_modules|dist|build|coverage|tests?|__tests__|__mocks__|e2e|scripts|tools|examples?)\/|\.(test|spec)\.[cm]?js$|\.config\.[cm]?js$/;

/** Dependencies that are ES modules only, and that a CommonJS file of the component asks for with `require()`. */
export function requiredModules(stack: Stack, manifest: PackageManifest): ModuleRequired[] {
  const component = stack.components.find(each => each.manifest === manifest.file);
  const wanted = manifest.dependencies.flatMap(each => {
    const first =
      each.group === "dependencies" && Object.hasOwn(modulesOnly, each.name) && modulesOnly[each.name];
    if (!first) return [];
    const version =
      lockedAt(stack, manifest.file, each)?.version ?? /^[\^~]?(\d+\.\d+\.\d+)$/.exec(each.range)?.[1];
    return version !== undefined && Number.parseInt(version, 10) >= first ? [{ ...each, version }] : [];
  });
  if (!component || wanted.length === 0) return [];
  const { dir, files } = component;
  const code = filesBelow(files, dir).filter(
    path =>
      (path.endsWith(".cjs") || (path.endsWith(".js") && manifest.type?.value !== "module")) &&
      !untold.test(path.slice(dir === "" ? 0 : dir.length + 1)),
  );
  const found: ModuleRequired[] = [];
  for (const { name, version, at } of wanted) {
    const asks = new RegExp(`^[^/*\\n]*\\brequire\\(\\s*["']${name}["']\\s*\\)`, "m");
    for (const path of code.slice(0, 500)) {
      const match = asks.exec(files.read(path)?.text ?? "");
      if (!match) continue;
      const end = match.index + match[0].length;
      const start = match.index + match[0].lastIndexOf("require");
      found.push({ name, version, at, requiredAt: { file: path, span: { start, end } } });
      break;
    }
  }
  return found;
}

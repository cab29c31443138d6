import { nextConfigFile, readNextConfig } from "../artifacts/next.ts";
import { type PackageManifest, parsePackageManifest } from "../artifacts/package-manifest.ts";
import { readViteConfig, viteConfigFile } from "../artifacts/vite.ts";
import { dirname, inside, join } from "../core/path.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import { compileGlob, matchGlob } from "../formats/dockerignore-glob.ts";
import type { AppComponent, AppKind } from "../stack/app/detect.ts";
import { componentReads } from "../stack/query-environment.ts";
import type { Stack } from "../stack/stack.ts";
import { chooseVersion } from "./base-images.ts";
import { isCommitted } from "./committed.ts";
import { healthRoute } from "./health-route.ts";

export type NodeManager = "npm" | "yarn" | "berry" | "pnpm";

/** What a Node component's files say about how it is built and run. */
export interface NodeApp {
  readonly kind: AppKind;
  /** Directory where packages are installed, relative to the audited root: the component's, or that of its workspace. */
  readonly root: string;
  /** The component seen from there; "" when it is no member of a workspace. */
  readonly member: string;
  /** Manifests of all members, relative to `root`: the lock file is compared with every one of them. */
  readonly members: readonly string[];
  readonly version: string;
  readonly manager: NodeManager;
  /** Version of pnpm or Yarn, where package.json does not name one. */
  readonly managerVersion?: string;
  readonly lock?: string;
  /** Files that an install reads, besides package.json and the lock file. */
  readonly installFiles: readonly string[];
  /** A script that runs at install time may read anything. */
  readonly copiesAllFirst: boolean;
  /** Peer dependencies that contradict each other are accepted, as the project does elsewhere. */
  readonly legacyPeers: boolean;
  /** Debian packages with which native modules are compiled. */
  readonly buildPackages: readonly string[];
  /** Debian packages that the image has beside Node. */
  readonly runPackages: readonly string[];
  /** The command that builds; undefined when there is nothing to build. */
  readonly build?: readonly string[];
  /** Directory of the bundle, or of the compiled program. */
  readonly output: string;
  /** Next.js writes a server with all that it needs. */
  readonly standalone: boolean;
  readonly hasPublic: boolean;
  readonly start: readonly string[];
  readonly port: number;
  readonly health?: string;
  readonly buildArguments: readonly string[];
  readonly afterwards?: string;
}

/** Packages that compile themselves where no binary for this system can be fetched. */
const native =
  /^(bcrypt|argon2|better-sqlite3|sqlite3|canvas|node-sass|sharp-phash|bufferutil|utf-8-validate|node-rdkafka|zeromq|leveldown|farmhash|re2|usb|serialport|node-pty|microtime|deasync|iconv|libpq|pg-native|kerberos|snappy)$/;

const lockFiles: readonly (readonly [string, NodeManager])[] = [
  ["package-lock.json", "npm"],
  ["npm-shrinkwrap.json", "npm"],
  ["pnpm-lock.yaml", "pnpm"],
  ["yarn.lock", "yarn"],
];

/** Undefined when it is no Node component, or when it cannot be told how it is built or started. */
export function nodeApp(
  stack: Pick<Stack, "files" | "today">,
  component: AppComponent,
  current?: string,
): NodeApp | undefined {
  const { files } = stack;
  const manifest = component.package;
  if (
    !manifest ||
    !["next", "vite", "cra", "express", "nest", "fastify", "koa", "hono", "node"].includes(component.kind)
  )
    return undefined;
  const workspace = workspaceOf(files, component.dir, manifest);
  if (!workspace || reachesOutside(manifest)) return undefined;
  const { root, member, members } = workspace;
  const lock = lockIn(files, root);
  const manager = managerOf(files, root, manifest, lock?.[1]);
  // How the others install one member alone depends on their settings.
  if (member !== "" && (manager !== "npm" || !lock)) return undefined;
  const version = versionOf(files, component.dir, manifest, stack.today, current);
  if (version === undefined || !manager) return undefined;
  const script = manifest.scripts.get("build")?.value;
  const run = manager === "yarn" || manager === "berry" ? "yarn" : manager;
  const health = healthRoute(component);
  const common = {
    kind: component.kind,
    root,
    member,
    members,
    version,
    manager,
    ...(manager === "pnpm" && !manifest.packageManager ? { managerVersion: pnpmVersion(files, root) } : {}),
    ...(lock ? { lock: lock[0] } : {}),
    installFiles: [".npmrc", ".yarnrc", ".yarnrc.yml", ".yarn", ".pnpmfile.cjs", "patches"].filter(name =>
      isCommitted(files, join(root, name)),
    ),
    copiesAllFirst:
      ["preinstall", "install", "postinstall", "prepare"].some(name => manifest.scripts.has(name)) ||
      manifest.dependencies.some(each => /^(file|link|\.)/.test(each.range)),
    legacyPeers: lock === undefined || usesLegacyPeers(files, root),
    buildPackages: manifest.dependencies.some(each => native.test(each.name))
      ? ["g++", "make", "python3"]
      : [],
    runPackages: [],
    buildArguments: publicNames(stack, component),
    ...(lock
      ? {}
      : {
          afterwards: `Run \`${run} install\` in ${root === "" ? "the root of the repository" : root} and commit the lock file; then let the Dockerfile install from it.`,
        }),
  };
  if (component.kind === "next") {
    const config = nextConfigFile(component.files, component.dir);
    const source = config === undefined ? undefined : component.files.read(config);
    const output = source && readNextConfig(source).output;
    if (output?.value === "export" || !script) return undefined;
    return {
      ...common,
      build: [...buildCommand(run, member)],
      output: ".next",
      standalone: output?.value === "standalone",
      hasPublic: files.has(join(component.dir, "public")) === "directory",
      start: [
        "node",
        `${member === "" ? "" : "../".repeat(member.split("/").length)}node_modules/next/dist/bin/next`,
        "start",
      ],
      port: 3000,
      ...(health === undefined ? {} : { health }),
    };
  }
  if (component.kind === "vite" || component.kind === "cra") {
    const output = bundleDirectory(component, component.dir);
    if (!script || output === undefined) return undefined;
    return {
      ...common,
      build: bundleCommand(component, script, buildCommand(run, member)),
      output,
      standalone: false,
      hasPublic: false,
      start: [],
      port: 8080,
      health: "/healthz",
    };
  }
  const start = startOf(component, manifest, run);
  if (!start) return undefined;
  const builds = script !== undefined && !/^\s*(echo|true|:|exit 0)\b/.test(script);
  return {
    ...common,
    ...(builds ? { build: buildCommand(run, member) } : {}),
    output: "dist",
    standalone: false,
    hasPublic: false,
    start,
    port: portOf(component),
    ...(health === undefined ? {} : { health }),
  };
}

function lockIn(files: ProjectFiles, root: string): readonly [string, NodeManager] | undefined {
  return lockFiles.find(([name]) => {
    const path = join(root, name);
    return isCommitted(files, path);
  });
}

function buildCommand(run: string, member: string): readonly string[] {
  return [run, "run", "build", ...(member === "" ? [] : [`--workspace=${member}`])];
}

/** Where packages are installed: here, or in the directory above that names this one as a member and has the lock file. */
function workspaceOf(
  files: ProjectFiles,
  dir: string,
  manifest: PackageManifest,
): Pick<NodeApp, "root" | "member" | "members"> | undefined {
  if (manifest.workspaces.length > 0) return undefined;
  const alone = { root: dir, member: "", members: [] };
  if (lockIn(files, dir)) return alone;
  for (let up = dir; up !== ""; ) {
    up = dirname(up);
    if (files.has(join(up, "pnpm-workspace.yaml")) === "file") return undefined;
    const read =
      files.has(join(up, "package.json")) === "file" ? files.read(join(up, "package.json")) : undefined;
    const patterns = read && "source" in read ? parsePackageManifest(read.source).model.workspaces : [];
    if (patterns.length === 0) continue;
    const globs = patterns.flatMap(
      each => compileGlob(each.value.replace(/^\.\//, "").replace(/\/$/, "")) ?? [],
    );
    const members = files.paths.flatMap(path => {
      const below = path.endsWith("/package.json") ? inside(up, dirname(path)) : undefined;
      return below !== undefined && globs.some(glob => matchGlob(glob, below)) ? [below] : [];
    });
    const member = inside(up, dir)!;
    if (members.includes(member))
      return { root: up, member, members: members.map(each => `${each}/package.json`) };
  }
  return manifest.dependencies.some(each => each.range.startsWith("workspace:")) ? undefined : alone;
}

function reachesOutside(manifest: PackageManifest): boolean {
  return manifest.dependencies.some(each => /^(file:|link:)?\.\.\//.test(each.range));
}

function managerOf(
  files: ProjectFiles,
  root: string,
  manifest: PackageManifest,
  locked: NodeManager | undefined,
): NodeManager | undefined {
  const named = /^(npm|yarn|pnpm|bun)@(\d+)/.exec(manifest.packageManager?.value ?? "");
  if (named?.[1] === "bun") return undefined;
  const manager = (named?.[1] as NodeManager | undefined) ?? locked ?? "npm";
  if (manager !== "yarn") return manager;
  const modern = Number(named?.[2] ?? 1) >= 2 || files.has(join(root, ".yarnrc.yml")) === "file";
  // Which modern Yarn is only known where package.json says it.
  return !modern ? "yarn" : named ? "berry" : undefined;
}

/** The pnpm that reads a lock file of this format without rewriting it. */
function pnpmVersion(files: ProjectFiles, root: string): string {
  const read = files.read(join(root, "pnpm-lock.yaml"));
  const format = "source" in read ? /^lockfileVersion:\s*['"]?(\d+)/m.exec(read.source.text)?.[1] : undefined;
  return format === "9" ? "9.15.9" : format === "6" ? "8.15.9" : "10.20.0";
}

function versionOf(
  files: ProjectFiles,
  root: string,
  manifest: PackageManifest,
  today: string,
  current: string | undefined,
): string | undefined {
  const named = [".nvmrc", ".node-version"].map(name => {
    const path = [join(root, name), name].find(each => files.has(each) === "file");
    const read = path === undefined ? undefined : files.read(path);
    return read && "source" in read ? /^v?(\d+)/.exec(read.source.text.trim())?.[1] : undefined;
  });
  return chooseVersion("node", [...named, current], [manifest.engines.get("node")?.value], today);
}

/** Other Dockerfiles or pipelines of the project install with this option: without it the install fails. */
function usesLegacyPeers(files: ProjectFiles, root: string): boolean {
  const settings = [join(root, ".npmrc"), ".npmrc"].some(path =>
    says(files, path, /legacy-peer-deps\s*=\s*true/),
  );
  const near = files.paths.filter(
    path =>
      /(^|\/)(Dockerfile[^/]*|[^/]*\.ya?ml)$/.test(path) &&
      (inside(dirname(path), root) !== undefined || path.startsWith(".github/")),
  );
  return settings || near.some(path => says(files, path, /npm (ci|install|i)\b[^\n]*--legacy-peer-deps/));
}

function says(files: ProjectFiles, path: string, words: RegExp): boolean {
  if (files.has(path) !== "file") return false;
  const read = files.read(path);
  return "source" in read && words.test(read.source.text);
}

const publicPrefix: Partial<Record<AppKind, RegExp>> = {
  next: /^NEXT_PUBLIC_\w/,
  vite: /^VITE_\w/,
  cra: /^REACT_APP_\w/,
};

function publicNames(stack: Pick<Stack, "files">, component: AppComponent): string[] {
  const prefix = publicPrefix[component.kind];
  if (!prefix) return [];
  const { names } = componentReads(stack, component);
  return [...names].filter(name => prefix.test(name)).sort();
}

/** Where the bundle is written, below the component; undefined when the configuration does not tell. */
function bundleDirectory(component: AppComponent, root: string): string | undefined {
  if (component.kind === "cra") return "build";
  const config = viteConfigFile(component.files, root);
  const source = config === undefined ? undefined : component.files.read(config);
  if (!source) return "dist";
  const { outDir, complete } = readViteConfig(source);
  if (typeof outDir?.value === "string")
    return outDir.value.startsWith(".") || outDir.value.startsWith("/") ? undefined : outDir.value;
  // `path.resolve(import.meta.dirname, "dist/public")` and its kin.
  const resolved =
    /outDir:\s*(?:path\.)?(?:resolve|join)\(\s*(?:import\.meta\.dirname|__dirname|process\.cwd\(\))\s*,\s*["']([\w./-]+)["']\s*\)/.exec(
      source.text,
    );
  if (resolved) return resolved[1]!.replace(/^\.\//, "");
  return outDir || (!complete && /outDir/.test(source.text)) ? undefined : "dist";
}

/** The script, or of one that also builds a server only the part that makes the bundle. */
function bundleCommand(
  component: AppComponent,
  script: string,
  command: readonly string[],
): readonly string[] {
  const both = component.kind === "vite" && /&&\s*(esbuild|tsup)\b/.test(script);
  return both && !command.some(word => word.startsWith("--workspace")) ? ["npx", "vite", "build"] : command;
}

const nodeStart = /^(?:cross-env\s+)?(?:\w+=\S+\s+)*(node(?:\s+[\w./=:@-]+)+)\s*$/;

/** The process itself and not `npm start`, which does not hand signals on. */
function startOf(
  component: AppComponent,
  manifest: PackageManifest,
  run: string,
): readonly string[] | undefined {
  for (const name of ["start:prod", "start"]) {
    const script = manifest.scripts.get(name)?.value;
    const direct = nodeStart.exec(script ?? "");
    if (direct) return direct[1]!.split(/\s+/);
    if (script !== undefined && /^nest start\b/.test(script)) return ["node", "dist/main"];
    if (script !== undefined && !/\b(nodemon|ts-node-dev|--watch|vite|react-scripts)\b/.test(script))
      return [run, "run", name];
  }
  const entry = component.entries[0];
  const file = entry === undefined ? undefined : inside(component.dir, entry);
  return file?.endsWith("js") ? ["node", file] : undefined;
}

/** The port that the entry file falls back to when PORT is not set. */
function portOf(component: AppComponent): number {
  for (const entry of component.entries) {
    const text = component.files.read(entry)?.text ?? "";
    const found =
      /process\.env\.PORT\s*(?:\|\||\?\?)\s*["']?(\d{4,5})\b/.exec(text) ??
      /\.listen\(\s*(\d{4,5})\b/.exec(text);
    if (found) return Number(found[1]);
  }
  return 3000;
}

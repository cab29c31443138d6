import { nextConfigFile, readNextConfig } from "../artifacts/next.ts";
import type { PackageManifest } from "../artifacts/package-manifest.ts";
import { isBelow, isTest, isVendored } from "../artifacts/project-files.ts";
import { readViteConfig, viteConfigFile } from "../artifacts/vite.ts";
import { dirname, inside, join } from "../core/path.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import type { AppComponent, AppKind } from "../stack/app/detect.ts";
import { componentReads } from "../stack/query-environment.ts";
import type { Stack } from "../stack/stack.ts";
import { chooseVersion } from "./base-images.ts";
import { isCommitted } from "./committed.ts";
import { healthRoute } from "./health-route.ts";
import { chooseManager, type NodeManager, runScript, sharedFiles } from "./node-manager.ts";
import { migrationOf, type NodeMigration, type PrismaSchema, prismaSchemas } from "./node-migrations.ts";
import { lockIn, type Workspace, workspaceOf } from "./node-workspace.ts";

/** What a Node component's files say about how it is built and run. */
export interface NodeApp {
  readonly kind: AppKind;
  /** Directory where packages are installed, relative to the audited root: the component's, or that of its workspace. */
  readonly root: string;
  /** The component seen from there; "" when it is no member of a workspace. */
  readonly member: string;
  /** Name of that member. */
  readonly memberName?: string;
  /** Manifests of all members, relative to `root`: the lock file is compared with every one of them. */
  readonly members: readonly string[];
  /** Directories of members that it needs, and files of the workspace's root that they read. */
  readonly needs: readonly string[];
  readonly shared: readonly string[];
  /** Commands that come before its own build: generated code, and the builds of what it needs. */
  readonly before: readonly string[];
  readonly migration?: NodeMigration;
  readonly version: string;
  readonly manager: NodeManager;
  /** Version of the manager, where the image does not bring it. */
  readonly managerVersion?: string;
  readonly lock?: string;
  /** Files that an install reads, besides package.json and the lock file. */
  readonly installFiles: readonly string[];
  /** The package.json where packages are installed has a script `prepare`, which may call a tool of developers. */
  readonly prepares: boolean;
  /** A script that runs at install time may read anything. */
  readonly copiesAllFirst: boolean;
  /** Peer dependencies that contradict each other are accepted, as the project does elsewhere. */
  readonly legacyPeers: boolean;
  /** Folders for logs that the program writes into, relative to where it starts. */
  readonly logFolders: readonly string[];
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

/** Undefined when it is no Node component, or when it cannot be told how it is built or started. */
export function nodeApp(
  stack: Pick<Stack, "files" | "today" | "components">,
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
  const { root, member, members, needs } = workspace;
  const lock = lockIn(files, root);
  const chosen = chooseManager(files, workspace, lock?.[1]);
  // Which versions a member gets, its lock file alone says.
  if (!chosen || (member !== "" && !lock) || isPlugAndPlay(files, root, chosen.manager, component.kind))
    return undefined;
  const { manager } = chosen;
  const parts = [manifest, ...needs.map(each => each.manifest)];
  const schemas = prismaSchemas(files, workspace, manifest);
  const migration = migrationOf(workspace, manifest, schemas);
  const openssl = schemas.some(each => each.needsOpenssl) ? ["openssl"] : [];
  const isCompiled = parts.some(part => part.dependencies.some(each => native.test(each.name)));
  const version = versionOf(files, component.dir, manifest, stack.today, current);
  if (version === undefined) return undefined;
  const script = manifest.scripts.get("build")?.value;
  const health = healthRoute(component);
  const common = {
    kind: component.kind,
    root,
    member,
    ...(member !== "" && manifest.name ? { memberName: manifest.name.value } : {}),
    members: members.map(each => `${each.dir}/package.json`),
    needs: needs.map(each => each.dir),
    shared: sharedFiles(files, workspace),
    before: before(workspace, schemas, manager),
    ...(migration ? { migration } : {}),
    version,
    ...chosen,
    ...(lock ? { lock: lock[0] } : {}),
    installFiles: installFiles.filter(name => isCommitted(files, join(root, name))),
    prepares: workspace.manifest.scripts.has("prepare"),
    copiesAllFirst: [workspace.manifest, ...parts].some(runsAtInstall),
    legacyPeers: lock === undefined || usesLegacyPeers(files, root),
    buildPackages: [...(isCompiled ? ["g++", "make", "python3"] : []), ...openssl].sort(),
    runPackages: openssl,
    logFolders: logFolders(component),
    buildArguments: publicNames(
      stack,
      component,
      needs.map(each => join(root, each.dir)),
    ),
    ...(lock
      ? {}
      : {
          afterwards: `Run \`${manager === "berry" ? "yarn" : manager} install\` in ${root === "" ? "the root of the repository" : root} and commit the lock file; then let the Dockerfile install from it.`,
        }),
  };
  if (component.kind === "next") {
    const config = nextConfigFile(component.files, component.dir);
    const source = config === undefined ? undefined : component.files.read(config);
    const output = source && readNextConfig(source).output;
    if (output?.value === "export" || !script) return undefined;
    return {
      ...common,
      build: runScript(manager, "build", member),
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
      build: bundleCommand(component, script, runScript(manager, "build", member)),
      output,
      standalone: false,
      hasPublic: false,
      start: [],
      port: 8080,
      health: "/healthz",
    };
  }
  const start = startOf(component, manifest, manager);
  if (!start) return undefined;
  const builds = script !== undefined && !/^\s*(echo|true|:|exit 0)\b/.test(script);
  return {
    ...common,
    ...(builds ? { build: runScript(manager, "build", member) } : {}),
    output: "dist",
    standalone: false,
    hasPublic: false,
    start,
    port: portOf(component),
    ...(health === undefined ? {} : { health }),
  };
}

const installFiles = [
  ...[".npmrc", ".yarnrc", ".yarnrc.yml", ".yarn", ".pnpmfile.cjs", "pnpm-workspace.yaml", "bunfig.toml"],
  "patches",
];

/** Hooks of git, which an image does not have. */
const setsHooks = /^(husky|lefthook|simple-git-hooks|echo|exit 0|true)\b[^;&|]*(\|\| *(true|exit 0|:))?$/;

/** What it runs at an install may read any file. */
function runsAtInstall(manifest: PackageManifest): boolean {
  return (
    ["preinstall", "install", "postinstall", "prepare"].some(name => {
      const script = manifest.scripts.get(name)?.value;
      return script !== undefined && !setsHooks.test(script);
    }) || manifest.dependencies.some(each => /^(file|link|\.)/.test(each.range))
  );
}

/** Yarn then keeps packages in archives, which a bare `node` does not find. */
function isPlugAndPlay(files: ProjectFiles, root: string, manager: NodeManager, kind: AppKind): boolean {
  if (manager !== "berry" || kind === "vite" || kind === "cra") return false;
  return !says(files, join(root, ".yarnrc.yml"), /^nodeLinker:\s*["']?(node-modules|pnpm)\b/m);
}

function before({ needs }: Workspace, schemas: readonly PrismaSchema[], manager: NodeManager): string[] {
  const generated = schemas.flatMap(({ dir, generate }) =>
    generate === undefined ? [] : [dir === "" ? generate : `cd ${dir} && ${generate}`],
  );
  const builds = needs.filter(each =>
    /^(?!\s*(echo|true|:|exit 0)\b)./.test(each.manifest.scripts.get("build")?.value ?? ""),
  );
  return [...generated, ...builds.map(each => runScript(manager, "build", each.dir).join(" "))];
}

function reachesOutside(manifest: PackageManifest): boolean {
  return manifest.dependencies.some(each => /^(file:|link:)?\.\.\//.test(each.range));
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

function publicNames(
  stack: Pick<Stack, "files" | "components">,
  component: AppComponent,
  needs: readonly string[],
): string[] {
  const prefix = publicPrefix[component.kind];
  if (!prefix) return [];
  const libraries = stack.components.filter(each => needs.includes(each.dir));
  const names = [component, ...libraries].flatMap(each => [...componentReads(stack, each).names]);
  return [...new Set(names)].filter(name => prefix.test(name)).sort();
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

const nodeStart = /^(?:cross-env\s+)?(?:\w+=\S+\s+)*((?:node|bun)(?:\s+[\w./=:@-]+)+)\s*$/;

/** The process itself and not `npm start`, which does not hand signals on. */
function startOf(
  component: AppComponent,
  manifest: PackageManifest,
  manager: NodeManager,
): readonly string[] | undefined {
  for (const name of ["start:prod", "start"]) {
    const script = manifest.scripts.get(name)?.value;
    const direct = nodeStart.exec(script ?? "");
    if (direct) return direct[1]!.split(/\s+/);
    if (script !== undefined && /^nest start\b/.test(script)) return ["node", "dist/main"];
    if (script !== undefined && !/\b(nodemon|ts-node-dev|--watch|vite|react-scripts)\b/.test(script))
      return [manager === "bun" ? "bun" : "npm", "run", name];
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

/** `filename: "logs/error.log"` of a logger: it ends when it cannot make that folder. */
function logFolders({ files, dir }: AppComponent): string[] {
  const named =
    /\b(?:filename|dirname)\s*:\s*(?:path\.(?:join|resolve)\(\s*process\.cwd\(\)\s*,\s*)?["'`](?:\.\/)?(logs?)(?:\/[^"'`\n]*)?["'`]/g;
  const found = files.paths
    .filter(path => isBelow(dir, path) && /\.[cm]?[jt]s$/.test(path) && !isVendored(path) && !isTest(path))
    .flatMap(path => [...(files.read(path)?.text ?? "").matchAll(named)].map(([, name]) => name!));
  return [...new Set(found)];
}

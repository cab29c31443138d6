import { lockedOnlyForDevelopment } from "../artifacts/npm-lock.ts";
import type { PackageDependency, PackageManifest } from "../artifacts/package-manifest.ts";
import { plainFragment } from "../core/fragment.ts";
import { basename, dirname, join } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import { parseShell } from "../formats/shell.ts";
import type { ImageModel, PackageInstall } from "./image/image.ts";
import { type RunCommand, runCommands } from "./image/run-commands.ts";
import { packageAt } from "./query-runtime.ts";
import type { Stack } from "./stack.ts";

/** Package scripts that an image runs while only the packages for production are installed. */

export interface Starved {
  /** The command of the Dockerfile. */
  readonly at: Location;
  readonly script: string;
  readonly install: PackageInstall;
  /** Packages that the script needs and only developers get; never empty. */
  readonly lacks: readonly PackageDependency[];
  /** A lock file proves that nothing else brings them. */
  readonly sure: boolean;
}

const managers = new Set(["npm", "yarn", "pnpm", "bun"]);

/** Which package brings a program, where its name is another one. */
const bringers: Readonly<Record<string, readonly string[]>> = {
  tsc: ["typescript"],
  nest: ["@nestjs/cli"],
  ng: ["@angular/cli"],
  webpack: ["webpack"],
  "vue-cli-service": ["@vue/cli-service"],
  babel: ["@babel/cli"],
  swc: ["@swc/cli"],
  "svelte-kit": ["@sveltejs/kit"],
  remix: ["@remix-run/dev"],
  "react-router": ["@react-router/dev"],
  tailwindcss: ["tailwindcss", "@tailwindcss/cli"],
  sass: ["sass"],
  craco: ["@craco/craco"],
};
/** Programs that are called like their packages. */
const namesakes = new Set(
  "vite vue-tsc tsup esbuild rollup parcel turbo react-scripts rimraf cross-env tsc-alias gulp grunt postcss npm-run-all run-s run-p copyfiles cpx shx ts-node tsx astro nuxt gatsby unbuild tsdown rspack rsbuild husky lefthook patch-package simple-git-hooks ts-patch prisma nodemon ts-node-dev concurrently".split(
    " ",
  ),
);

const tools = new Set("npm pnpm yarn corepack serve pm2 http-server".split(" "));

/** What one stage runs before the packages that it needs are there. */
export function* starvedScripts(
  stack: Stack,
  stage: ImageModel,
  all: readonly ImageModel[],
): Generator<Starved> {
  for (const run of stage.stage.runs) {
    const workdir = run.workdir?.startsWith("/") ? run.workdir : stage.workdir;
    for (const command of runCommands(run, workdir)) {
      const script = scriptOf(command);
      if (script === undefined || !command.decisive || command.directory === undefined) continue;
      const { has, source } = stage.fileBefore(command.at, join(command.directory, "package.json"));
      const manifest = has === "yes" && source !== undefined ? packageAt(stack, source) : undefined;
      const install = manifest && productionInstall(stage, all, command);
      if (!manifest || !install) continue;
      const names = needed(stack, stage, command, manifest, script);
      const lacks = names.flatMap(name => onlyForDevelopment(manifest, name) ?? []);
      const sure = lacks.map(each => isOnlyLockedForDevelopment(stack, manifest, each.name));
      // The lock file knows that a package for production brings it, too.
      if (lacks.length === 0 || sure.includes(false)) continue;
      yield { at: command.at, script, install, lacks, sure: !sure.includes(undefined) };
    }
  }
}

/** `npm run build`, `yarn build`; undefined where an option may mean another package. */
function scriptOf(command: RunCommand): string | undefined {
  const words = command.words.map(word => word.value);
  const [program, verb, name] = words;
  if (!managers.has(program ?? "") || words.includes(undefined)) return undefined;
  if (words.slice(1).some(word => /^-(?!s$|-silent$)/.test(word ?? ""))) return undefined;
  if (verb === "run") return name;
  return (program === "yarn" || program === "pnpm") && name === undefined ? verb : undefined;
}

/** The install that fills node_modules at this point, when no other one brings the packages of developers. */
export function productionInstall(
  stage: ImageModel,
  all: readonly ImageModel[],
  command: Pick<RunCommand, "at" | "directory">,
): PackageInstall | undefined {
  const directory = command.directory!;
  const before = (at: Location) => at.file !== command.at.file || at.span.start < command.at.span.start;
  const own = stage.packages.filter(each => managers.has(each.manager) && before(each.at));
  const copied = stage.stage.copies
    .filter(copy => copy.fromStage !== undefined && before(copy.at))
    .flatMap(copy => {
      const origin = all.find(each => each.stage.index === copy.fromStage);
      const brings = copy.sources.some(
        source =>
          /(?:^|\/)node_modules\/?$/.test(source.value) ||
          source.value.replace(/\/$/, "") === origin?.workdir,
      );
      return origin && brings ? origin.packages.filter(each => managers.has(each.manager)) : [];
    });
  // What manages packages or serves files builds nothing.
  const isTool = (each: PackageInstall) => each.global && each.names.every(name => tools.has(name.value));
  const installs = [...copied, ...own].filter(each => !isTool(each));
  // A package that is named may be the very one, and one for the system may bring the program.
  const brings = (each: PackageInstall) => each.dev || each.global || each.names.length > 0;
  // Of a command with unknown words nobody knows what it installs.
  if (installs.some(each => brings(each) || !each.complete || !each.decisive)) return undefined;
  const last = installs.at(-1);
  return last && (copied.includes(last) || last.directory === directory) ? last : undefined;
}

/** Packages whose programs a script of package.json starts, also through other scripts. */
export function needed(
  stack: Stack,
  stage: ImageModel,
  command: Pick<RunCommand, "at" | "directory">,
  manifest: PackageManifest,
  script: string,
  depth = 0,
): string[] {
  const text = manifest.scripts.get(script);
  if (!text || depth > 3) return [];
  const found: string[] = [];
  for (const each of parseShell(plainFragment(text.at.file, text.value, text.at.span.start)).commands) {
    const words = each.words.map(word => word.value ?? "");
    const start = words.findIndex(word => !/^(?:env|NODE_ENV=\S*|[A-Z_]+=.*)$/.test(word));
    const program = words[start] ?? "";
    if (program === "cross-env") found.push(program);
    const called =
      program === "cross-env" ? (words.slice(start + 1).find(word => !word.includes("=")) ?? "") : program;
    if (each.connector === "||") continue;
    const inner = managers.has(called) && words[start + 1] === "run" ? words[start + 2] : undefined;
    if (inner !== undefined) found.push(...needed(stack, stage, command, manifest, inner, depth + 1));
    if (Object.hasOwn(bringers, called)) found.push(...bringers[called]!);
    else if (namesakes.has(called)) found.push(called);
    else if (called === "next" && words.includes("build"))
      found.push(...pluginsOfPostcss(stack, stage, command, manifest));
  }
  return [...new Set(found)];
}

/** What Next's build loads by the configuration of PostCSS. TypeScript is left out: Next installs it by itself. */
function pluginsOfPostcss(
  stack: Stack,
  stage: ImageModel,
  command: Pick<RunCommand, "at" | "directory">,
  manifest: PackageManifest,
): string[] {
  for (const name of ["postcss.config.mjs", "postcss.config.js", "postcss.config.cjs", "postcss.config.ts"]) {
    const { has, source } = stage.fileBefore(command.at, join(command.directory!, name));
    const read = has === "yes" && source !== undefined ? stack.files.read(source) : undefined;
    if (!read || !("source" in read)) continue;
    const { text } = read.source;
    return manifest.dependencies
      .map(each => each.name)
      .filter(each =>
        /^(?:@tailwindcss\/postcss|tailwindcss|autoprefixer|postcss-[\w-]+|cssnano)$/.test(each),
      )
      .filter(each => new RegExp(`(?<![\\w/-])${each}(?![\\w/-])`).test(text));
  }
  return [];
}

export function onlyForDevelopment(manifest: PackageManifest, name: string): PackageDependency | undefined {
  const entries = manifest.dependencies.filter(each => each.name === name);
  return entries.every(each => each.group === "devDependencies") ? entries[0] : undefined;
}

/** True and false by the lock file of npm beside the manifest; undefined for other lock files. */
export function isOnlyLockedForDevelopment(
  stack: Stack,
  manifest: PackageManifest,
  name: string,
): boolean | undefined {
  const path = join(dirname(manifest.file), "package-lock.json");
  const read = stack.files.has(path) === "file" ? stack.files.read(path) : undefined;
  return read && "source" in read && basename(path) !== ""
    ? lockedOnlyForDevelopment(read.source, name)
    : undefined;
}

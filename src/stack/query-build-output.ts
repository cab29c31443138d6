import { readNextConfig } from "../artifacts/next.ts";
import type { PackageManifest } from "../artifacts/package-manifest.ts";
import { plainFragment } from "../core/fragment.ts";
import { dirname, inside, join } from "../core/path.ts";
import type { Location, Source } from "../core/source.ts";
import { parseShell } from "../formats/shell.ts";
import type { ImageModel } from "./image/image.ts";
import { runCommands } from "./image/run-commands.ts";
import { packageAt } from "./query-runtime.ts";
import type { Stack } from "./stack.ts";

/** Directories that one stage copies from another, whose build makes others. */

export interface WrongOutput {
  /** The source of the COPY. */
  readonly at: Location;
  readonly path: string;
  /** The command of the Dockerfile that builds. */
  readonly built: Location;
  /** "Vite" and what it makes, for messages. */
  readonly tool: string;
  readonly makes: string;
  /** The configuration that says nothing else; undefined where there is none. */
  readonly config?: string;
}

interface Bundler {
  readonly name: string;
  readonly program: RegExp;
  /** Directories that it makes by itself. */
  readonly makes: string;
  /** Configuration files, in which these words may name another directory. */
  readonly configs: readonly string[];
  readonly moved: RegExp;
}

const extensions = ["ts", "js", "mjs", "cjs", "mts"];
const named = (name: string) => extensions.map(each => `${name}.${each}`);

const bundlers: readonly Bundler[] = [
  {
    name: "Vite",
    program: /^vite build(?: |$)/,
    makes: "dist",
    configs: named("vite.config"),
    moved: /outDir/,
  },
  {
    name: "Create React App",
    program: /^react-scripts build(?: |$)/,
    makes: "build",
    configs: [".env", ".env.production"],
    moved: /BUILD_PATH/,
  },
  {
    name: "Vue CLI",
    program: /^vue-cli-service build(?: |$)/,
    makes: "dist",
    configs: named("vue.config"),
    moved: /outputDir/,
  },
];
/** What people copy from a build, by habit of another tool. */
const habits = ["dist", "build", "out"];

/** What this stage copies that the build of another stage does not make. */
export function* wrongOutputs(
  stack: Stack,
  stage: ImageModel,
  all: readonly ImageModel[],
): Generator<WrongOutput> {
  for (const copy of stage.stage.copies) {
    const origin =
      copy.fromStage === undefined ? undefined : all.find(each => each.stage.index === copy.fromStage);
    if (!origin || !copy.resolved) continue;
    for (const source of copy.sources) {
      if (!source.value.startsWith("/") || /[*?[]/.test(source.value)) continue;
      const found = outputOf(stack, origin, source.value.replace(/\/\.?$/, ""));
      if (found) yield { ...found, at: source.at };
    }
  }
}

function outputOf(stack: Stack, stage: ImageModel, path: string): Omit<WrongOutput, "at"> | undefined {
  if (stage.file(path).has === "yes") return undefined;
  for (const run of stage.stage.runs) {
    const workdir = run.workdir?.startsWith("/") ? run.workdir : stage.workdir;
    for (const command of runCommands(run, workdir)) {
      const words = command.words.map(word => word.value);
      const [manager, first, second] = words;
      if (!/^(?:npm|yarn|pnpm|bun)$/.test(manager ?? "") || words.includes(undefined) || !command.directory)
        continue;
      const below = inside(command.directory, path);
      const script = first === "run" ? second : first;
      if (below === undefined || script === undefined || words.some(word => word!.startsWith("-"))) continue;
      const { has, source } = stage.fileBefore(command.at, join(command.directory, "package.json"));
      const manifest = has === "yes" && source !== undefined ? packageAt(stack, source) : undefined;
      if (!manifest || isMadeOtherwise(stage, manifest, below, command.at)) continue;
      const found = judge(stack, stage, command.directory, manifest, script, below);
      if (found) return { ...found, path, built: command.at };
    }
  }
  return undefined;
}

/** Another step or script names the directory: it may make it. */
function isMadeOtherwise(stage: ImageModel, manifest: PackageManifest, below: string, at: Location): boolean {
  const name = new RegExp(`(?<![\\w.-])${below.split("/").at(-1)!.replace(/\W/g, "\\$&")}(?![\\w-])`);
  return (
    stage.stage.runs.some(run => {
      const { text } = run.fragment;
      const own = run.at.span.start <= at.span.start && at.span.end <= run.at.span.end;
      return name.test(own ? text.replace(/\b(?:npm|yarn|pnpm|bun)(?: run)? [\w:-]+/g, "") : text);
    }) ||
    [...manifest.scripts.values()].some(script =>
      name.test(
        script.value.replace(/\b(?:vite|react-scripts|next|vue-cli-service|npm run|yarn|pnpm) build\b/g, ""),
      ),
    )
  );
}

function judge(
  stack: Stack,
  stage: ImageModel,
  directory: string,
  manifest: PackageManifest,
  script: string,
  below: string,
): Pick<WrongOutput, "tool" | "makes" | "config"> | undefined {
  const text = manifest.scripts.get(script);
  if (!text) return undefined;
  const { commands } = parseShell(plainFragment(text.at.file, text.value, text.at.span.start));
  const lines = commands.map(each =>
    each.words
      .map(word => word.value ?? "?")
      .filter(word => !/^(?:cross-env|[A-Z_]+=.*)$/.test(word))
      .join(" "),
  );
  const next = lines.find(line => /^next build(?: |$)/.test(line));
  if (next && !next.includes("?")) return judgeNext(stack, stage, directory, manifest, below);
  // An adapter of SvelteKit makes its directory after the build.
  if (manifest.dependencies.some(each => each.name === "@sveltejs/kit")) return undefined;
  for (const bundler of bundlers) {
    const line = lines.find(each => bundler.program.test(each));
    if (
      !line ||
      /\?|outDir|--dest|--config| -c /.test(line) ||
      !habits.includes(below) ||
      below === bundler.makes
    )
      continue;
    const config = configOf(stack, stage, directory, manifest, bundler.configs);
    if (config === "unknown" || (config && bundler.moved.test(config.text))) continue;
    return { tool: bundler.name, makes: bundler.makes, ...(config ? { config: config.path } : {}) };
  }
  return undefined;
}

/** `.next/standalone` and `out` are made only when the configuration asks for them, and `public` by no build at all. */
function judgeNext(
  stack: Stack,
  stage: ImageModel,
  directory: string,
  manifest: PackageManifest,
  below: string,
): Pick<WrongOutput, "tool" | "makes" | "config"> | undefined {
  const isPublic = below === "public";
  if (!isPublic && below !== "out" && !/^\.next\/standalone(?:\/|$)/.test(below)) return undefined;
  const config = configOf(stack, stage, directory, manifest, named("next.config"));
  if (config === "unknown") return undefined;
  if (isPublic) {
    const beside = join(dirname(manifest.file), "public");
    if (stack.files.has(beside) || stack.files.ignored(beside) || stack.files.ignored(`${beside}/x`))
      return undefined;
    const fills = /pwa|serwist|sitemap|workbox|copy|public/;
    if (manifest.dependencies.some(each => fills.test(each.name)) || (config && fills.test(config.text)))
      return undefined;
  } else if (config) {
    const read = readNextConfig(config);
    if (!read.complete || read.output || /standalone|["']export["']|distDir/.test(config.text))
      return undefined;
  }
  return { tool: "Next.js", makes: ".next", ...(config && !isPublic ? { config: config.path } : {}) };
}

/** The first of these files that the stage has beside package.json. */
function configOf(
  stack: Stack,
  stage: ImageModel,
  directory: string,
  manifest: PackageManifest,
  names: readonly string[],
): Source | "unknown" | undefined {
  for (const name of names) {
    const { has, source } = stage.file(join(directory, name));
    if (has === "no") continue;
    const read = source === undefined ? undefined : stack.files.read(source);
    if (has === "yes" && read && "source" in read) return read.source;
    // A later step may have written it, but a build writes no configuration of its own.
    if (has === "yes" || stack.files.has(join(dirname(manifest.file), name)) === "file") return "unknown";
  }
  return undefined;
}

import { type CopyStep, stageChain } from "../artifacts/dockerfile.ts";
import { isBelow, isTest, isVendored } from "../artifacts/project-files.ts";
import { join } from "../core/path.ts";
import type { Located, Location } from "../core/source.ts";
import type { ImageModel } from "./image/image.ts";
import { type RunCommand, runCommands } from "./image/run-commands.ts";
import { shippedStages } from "./query-shipped.ts";
import type { Build, Service, Stack } from "./stack.ts";

/** Programs in Go that a Dockerfile builds. */

interface GoCommand {
  readonly command: RunCommand;
  readonly verb: string;
}

/** `go build`, `go test`, `go mod` and the like of a stage, in order. */
export function goCommands(stage: ImageModel): GoCommand[] {
  return stage.stage.runs.flatMap(run =>
    runCommands(run, run.workdir?.startsWith("/") ? run.workdir : stage.workdir).flatMap(command => {
      const words = command.words.map(word => word.value);
      const at = words.findIndex(word => word !== undefined && !/^\w+=/.test(word));
      const verb = words[at + 1];
      return words[at] === "go" && verb !== undefined && /^(?:build|install|test|vet|mod)$/.test(verb)
        ? [{ command, verb }]
        : [];
    }),
  );
}

/** A package that the command names by its path, and that the image does not have at this step. */
export function missingPackage(stage: ImageModel, { command }: GoCommand): Located<string> | undefined {
  if (command.directory === undefined || !command.decisive) return undefined;
  const valued = /^-(?:o|ldflags|gcflags|asmflags|tags|mod|p|pkgdir|modfile|C)$/;
  for (const [index, word] of command.words.entries()) {
    const { value, at } = word;
    if (value === undefined || !/^\.{1,2}\/[\w./-]+$/.test(value) || value.includes("...")) continue;
    if (valued.test(command.words[index - 1]?.value ?? "")) continue;
    const path = join(command.directory, value.replace(/\/$/, ""));
    if (stage.fileBefore(command.at, path).has === "no") return { value, at };
  }
  return undefined;
}

/** A go.mod that asks for modules, without the file of their checksums; `go mod download` does not write it (tried, 1.26). */
export function missingSums(stack: Stack, stage: ImageModel, { command }: GoCommand): Location | undefined {
  const { directory } = command;
  if (directory === undefined || !command.decisive) return undefined;
  // What a step before it did is not known, but for a download, which writes neither.
  const { at } = goCommands(stage).find(each => each.command.directory === directory)!.command;
  const before = (name: string) => stage.fileBefore(at, join(directory, name));
  const { has, source } = before("go.mod");
  if (has !== "yes" || source === undefined || before("go.sum").has !== "no" || before("vendor").has !== "no")
    return undefined;
  const text = stage.stage.runs.map(run => run.fragment.text).join("\n");
  if (
    /\bgo\s+(?:get|mod\s+(?:tidy|init|vendor)|work)\b|-mod[= ]mod\b|GOFLAGS|GONOSUM|GONOSUMDB|\bmake\b/.test(
      text,
    )
  )
    return undefined;
  if ([...stage.env.keys()].some(name => /^GO(?:FLAGS|WORK)$/.test(name))) return undefined;
  const read = stack.files.read(source);
  // What a directory beside it replaces has no checksum.
  if ("source" in read && /=>\s*\.{0,2}\//.test(read.source.text)) return undefined;
  if (importsNothing(stack, stage, at, directory)) return undefined;
  return "source" in read && /^[ \t]*require\b|^require\s*\(/m.test(read.source.text)
    ? (before("go.mod").from ?? at)
    : undefined;
}

/** The one file of the package is copied by its name, and imports the standard library alone: nothing is looked up. */
function importsNothing(stack: Stack, stage: ImageModel, at: Location, directory: string): boolean {
  const names = stage.stage.copies.flatMap(({ from, sources }) =>
    from ? ["."] : sources.map(each => each.value),
  );
  if (names.some(name => !/^(?:\.\/)?(?:go\.mod|[\w-]+\.go)$/.test(name))) return false;
  const programs = names.filter(name => name.endsWith(".go"));
  return (
    programs.length > 0 &&
    programs.every(name => {
      const { source } = stage.fileBefore(at, join(directory, name));
      const read = source === undefined ? undefined : stack.files.read(source);
      if (!read || !("source" in read)) return false;
      const imports = /^import\s*(?:\([^)]*\)|[^\n]*)/gm;
      return [...read.source.text.matchAll(imports)].every(([text]) =>
        [...text.matchAll(/"([^"]+)"/g)].every(([, path]) => !path!.split("/")[0]!.includes(".")),
      );
    })
  );
}

export interface ForeignLibrary {
  /** The command that links. */
  readonly built: Location;
  /** The COPY that ships it. */
  readonly copied: Location;
  readonly base: Location;
  readonly system: string;
}

/**
 * A program that is linked with the C library of Debian, in an image that has another one or none. The compiler's
 * image has gcc, so that `net` and `os/user` are linked with it unless CGO_ENABLED is 0 (tried, 1.26).
 */
export function foreignLibrary(stack: Stack, build: Build): ForeignLibrary | undefined {
  const { dockerfile, model } = build;
  const system = model && systemOf(model);
  if (!dockerfile || !model || !system || !linksWithNet(stack, build)) return undefined;
  if (
    model.packages.some(({ names }) =>
      names.some(({ value }) => /^(?:gcompat|libc6-compat|glibc)/.test(value)),
    )
  )
    return undefined;
  const started = [...(model.entrypoint?.words ?? []), ...(model.cmd?.words ?? [])].map(
    word => word.value ?? "",
  );
  for (const copy of shippedStages(build).flatMap(stage => stage.copies)) {
    const origin = model.built.find(each => each.stage.index === copy.fromStage);
    if (!origin || !isDebianGo(origin) || !isStarted(copy, started)) continue;
    const chain = stageChain(dockerfile, origin.stage);
    const text = chain.flatMap(stage => stage.runs.map(run => run.fragment.text)).join("\n");
    if (origin.env.has("CGO_ENABLED") || /CGO_ENABLED|GOARCH|-static\b|netgo|\bmake\b|musl/.test(text))
      continue;
    const built = goCommands(origin).find(({ verb, command }) => verb === "build" && writes(command, copy));
    if (built) return { built: built.command.at, copied: copy.at, base: model.stage.from.at, system };
  }
  return undefined;
}

function systemOf({ base, stage }: ImageModel): string | undefined {
  const family = base?.family ?? "";
  if (stage.from.image.value === "scratch") return "no C library at all";
  if (family === "alpine" || /alpine/.test(base?.tag ?? "")) return "the one of Alpine Linux, musl";
  return /distroless\/static/.test(stage.from.image.value) ? "no C library at all" : undefined;
}

function isDebianGo({ base }: ImageModel): boolean {
  return base?.family === "golang" && !/alpine|windows/.test(base.tag ?? "");
}

function isStarted({ destination }: CopyStep, started: readonly string[]): boolean {
  const path = destination.value.replace(/\/$/, "");
  const [first] = started;
  if (first === undefined) return false;
  return (
    first === path ||
    first.startsWith(`${path}/`) ||
    /^\.\/?$/.test(path) ||
    first.replace(/^\.\//, "") === path.replace(/^\.\//, "")
  );
}

/** `-o` names what is copied. */
function writes({ words, directory }: RunCommand, copy: CopyStep): boolean {
  const index = words.findIndex(word => word.value === "-o");
  const target = index === -1 ? undefined : words[index + 1]?.value;
  if (target === undefined) return false;
  const path = target.startsWith("/")
    ? target
    : directory === undefined
      ? undefined
      : join(directory, target);
  return copy.sources.some(({ value }) => value === path || value === target);
}

function linksWithNet(stack: Stack, { context }: Build): boolean {
  if (context === undefined) return false;
  return stack.files.paths.some(path => {
    if (!path.endsWith(".go") || !isBelow(context, path) || isVendored(path) || isTest(path)) return false;
    const read = stack.files.read(path);
    return (
      "source" in read &&
      /^[ \t]*(?:import\s+)?(?:[\w.]+\s+)?"(?:net|net\/http|os\/user|C)"/m.test(read.source.text)
    );
  });
}

/** `cmd/http/` while the service runs what `cmd/worker/` beside it is built to. */
export function isOtherCommand(stack: Stack, { process }: Service, file: string): boolean {
  const [, around = "", name] = /^(.*?)(?:^|\/)cmd\/([\w.-]+)\/[^/]+\.go$/.exec(file) ?? [];
  const program = process?.program?.value.split("/").at(-1);
  if (name === undefined || program === undefined || program === name) return false;
  return stack.files.has(join(around, `cmd/${program}`)) === "directory";
}

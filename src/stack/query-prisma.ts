import { type CopyStep, type Stage, stageChain } from "../artifacts/dockerfile.ts";
import { dependsOn, type PackageManifest } from "../artifacts/package-manifest.ts";
import { isBelow } from "../artifacts/project-files.ts";
import { join } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import type { ImageModel } from "./image/image.ts";
import { installsOf } from "./query-locks.ts";
import { shippedStages } from "./query-shipped.ts";
import type { Build, Service, Stack } from "./stack.ts";

/** Whether the client that Prisma generates is in the image that is shipped. */

export interface MissingClient {
  /** Where the shipped node_modules come from. */
  readonly modules: Location;
  /** A step of another stage that generates the client. */
  readonly generated?: Location;
}

const generating = /\bprisma\b[^&|;\n]*\bgenerate\b|\bprisma\s+(?:db\s+push|migrate\s+(?:dev|reset))\b/;

/** What is missing; undefined when the client is there, is made at the start, or when nobody can tell. */
export function missingClient(stack: Stack, service: Service): MissingClient | undefined {
  const { component } = service;
  const build = service.build ?? service.made;
  const manifest = component?.package;
  if (!component || !manifest || !build?.dockerfile || build.contextState !== "present") return undefined;
  if (dependsOn(manifest, "@prisma/client")?.group !== "dependencies") return undefined;
  if (!hasPlainSchema(stack, component.dir, manifest) || madeAtStart(stack, service, manifest))
    return undefined;
  const shipped = shippedStages(build);
  const scripts = generatingScripts(manifest);
  const installs = installsOf([build]).filter(
    ({ install }) =>
      /^(?:npm|yarn|pnpm|bun)$/.test(install.manager) && !install.global && install.names.length === 0,
  );
  const generates = (stage: Stage) =>
    stageChain(build.dockerfile!, stage).some(
      each => stepOf(each, scripts) !== undefined || installMakes(build, manifest, each, scripts),
    );
  const own = installs.filter(({ install }) => shipped.some(stage => holds(stage, install.at)));
  const copies = shipped.flatMap(stage => stage.copies).filter(bringsModules);
  if (own.length === 0 && copies.length === 0) return undefined;
  if (shipped.some(stage => generates(stage))) return undefined;
  for (const copy of copies) {
    const origin = copy.fromStage === undefined ? undefined : build.dockerfile.stages[copy.fromStage];
    if (!origin || generates(origin) || origin.copies.some(each => each.from && bringsModules(each)))
      return undefined;
  }
  const maker = build.dockerfile.stages.find(stage => stepOf(stage, scripts) !== undefined);
  const last = own.at(-1)?.install;
  return {
    modules: last?.at ?? copies.at(-1)!.at,
    ...(maker ? { generated: stepOf(maker, scripts)! } : {}),
  };
}

/** One schema at the usual place whose client goes into node_modules: another output is compiled with the code. */
function hasPlainSchema(stack: Stack, dir: string, manifest: PackageManifest): boolean {
  const schemas = stack.files.paths.filter(path => path.endsWith(".prisma") && isBelow(dir, path));
  const usual = [join(dir, "prisma/schema.prisma"), join(dir, "schema.prisma")];
  if (
    schemas.length !== 1 ||
    !usual.includes(schemas[0]!) ||
    /"prisma"\s*:\s*\{/.test(textOf(stack, manifest.file))
  )
    return false;
  const text = textOf(stack, schemas[0]!);
  const generators = [...text.matchAll(/\bgenerator\s+\w+\s*\{[^}]*\}/g)].map(([all]) => all);
  return (
    generators.some(each => /provider\s*=\s*"prisma-client-js"/.test(each)) &&
    !generators.some(each => /\boutput\s*=/.test(each))
  );
}

/** A command, an entry script or a script of the package makes it when the container starts. */
function madeAtStart(stack: Stack, service: Service, { scripts }: PackageManifest): boolean {
  const command = service.process?.argv.map(word => word.value ?? "").join(" ") ?? "";
  const starts = [...scripts].filter(([name]) =>
    /^(?:pre)?(?:start|serve|docker|prod|deploy|dev)/.test(name),
  );
  return (
    generating.test(command) ||
    starts.some(([, script]) => generating.test(script.value)) ||
    [...stack.sources.values()].some(
      ({ path, text }) => /\.sh$|entrypoint|start/i.test(path) && generating.test(text),
    )
  );
}

/** Names of scripts that generate, themselves or by one that they call or that runs before or after them. */
function generatingScripts({ scripts }: PackageManifest): ReadonlySet<string> {
  const found = new Set([...scripts].filter(([, { value }]) => generating.test(value)).map(([name]) => name));
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const [name, { value }] of scripts) {
      const calls = [...found].some(each => callsScript(value, each));
      if (calls || found.has(`pre${name}`) || found.has(`post${name}`)) found.add(name);
    }
  }
  return found;
}

function callsScript(text: string, name: string): boolean {
  if (!text.includes(name)) return false;
  const word = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(
    `\\b(?:npm|yarn|pnpm|bun)(?:\\s+-\\S+)*(?:\\s+run)?(?:\\s+-\\S+)*\\s+${word}(?![\\w:-])|\\b(?:npm-run-all|run-s|run-p|turbo)\\b.*\\b${word}\\b`,
  ).test(text);
}

function stepOf(stage: Stage, scripts: ReadonlySet<string>): Location | undefined {
  return stage.runs.find(
    ({ fragment: { text } }) =>
      generating.test(text) ||
      // What these tools run is written elsewhere.
      /\b(?:turbo|nx|lerna|make)\b/.test(text) ||
      [...scripts].some(name => callsScript(text, name)),
  )?.at;
}

/** An install runs `postinstall`, and that of the client generates by itself where it finds schema and program. */
function installMakes(
  build: Build,
  manifest: PackageManifest,
  stage: Stage,
  scripts: ReadonlySet<string>,
): boolean {
  const made = build.model?.built.find(each => each.stage.index === stage.index);
  if (!made) return true;
  if (/ignore-scripts/.test(stage.runs.map(run => run.fragment.text).join("\n"))) return false;
  return made.packages
    .filter(install => /^(?:npm|yarn|pnpm|bun)$/.test(install.manager) && holds(stage, install.at))
    .some(install => {
      if (["preinstall", "install", "postinstall", "prepare"].some(name => scripts.has(name))) return true;
      const has = install.dev || dependsOn(manifest, "prisma")?.group === "dependencies";
      return has && hasSchema(made, install.directory, install.at);
    });
}

function hasSchema(stage: ImageModel, directory: string | undefined, at: Location): boolean {
  if (directory === undefined) return true;
  return ["prisma/schema.prisma", "schema.prisma"].some(
    name => stage.fileBefore(at, join(directory, name)).has !== "no",
  );
}

/** node_modules, or a directory around them. */
function bringsModules(copy: CopyStep): boolean {
  if (!copy.from) return false;
  return (
    !copy.resolved ||
    copy.sources.some(({ value }) => {
      const path = value.replace(/\/\.?$/, "");
      return (
        /(?:^|\/)(?:node_modules|\.prisma|standalone|\.output|prod)(?:\/|$)/.test(path) ||
        (/^(?:\.|\/?[\w-]+(?:\/[\w-]+)?)$/.test(path) &&
          !/(?:^|\/)(?:dist|build|public|prisma|src|out|lib|scripts|static|package|migrations)$/.test(path))
      );
    })
  );
}

function holds(stage: Stage, { span }: Location): boolean {
  return stage.runs.some(run => run.at.span.start <= span.start && span.start < run.at.span.end);
}

function textOf(stack: Stack, path: string): string {
  const read = stack.files.read(path);
  return "source" in read ? read.source.text : "";
}

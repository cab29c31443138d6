import type { Argument, Call } from "../artifacts/commands.ts";
import { basename, isOutside, join } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import { type Location, locate } from "../core/source.ts";
import { isSecretName } from "../formats/secret.ts";
import type { YamlNode } from "../formats/yaml.ts";
import { gradeOf } from "./query.ts";
import { pagesOf } from "./query-pages.ts";
import { projectOf } from "./query-release.ts";
import { isSigningName } from "./query-secrets.ts";
import type { Reference } from "./resolve/interpolate.ts";
import { scalarValue } from "./resolve/values.ts";
import type { ComposeProject, PlacedCall, Service, Stack } from "./stack.ts";

/** Compose commands without the env file that holds what stands in place of the variables. */
export interface UnnamedEnv {
  readonly project: ComposeProject;
  /** The file as others name it. */
  readonly file: string;
  /** Where somebody names it, or hands it to containers alone. */
  readonly named: Location;
  readonly namedBy: "command" | "page" | "containers";
  /** What is asked for, and stays empty, in the services that are started. */
  readonly asked: readonly Reference[];
  /** Commands, or lines of a page, that start them without it. */
  readonly starts: readonly Location[];
  readonly isGrave: boolean;
}

const begins = new Set(["up", "create", "run"]);

const known = new WeakMap<Stack, readonly UnnamedEnv[]>();

export function unnamedEnvFiles(stack: Stack): readonly UnnamedEnv[] {
  const found = known.get(stack) ?? findUnnamed(stack);
  known.set(stack, found);
  return found;
}

function findUnnamed(stack: Stack): UnnamedEnv[] {
  const placed = stack.calls.filter(({ call }) => call.kind === "compose");
  return stack.projects.flatMap(project => {
    if (gradeOf(project) === "development") return [];
    const needed = project.services.flatMap(service => bareOf(service, project));
    if (needed.length === 0) return [];
    const own = placed.filter(each => projectOf(stack, each) === project);
    const found = byCommands(stack, project, own) ?? byPages(stack, project, own);
    if (!found) return [];
    const names = new Set(found.asked.map(({ name }) => name));
    const isGrave = needed.some(
      ({ name, isImage }) =>
        names.has(name) && (isImage || isSecretName(name) || isSigningName(name) || account.test(name)),
    );
    return [{ project, ...found, isGrave }];
  });
}

const account = /(?:POSTGRES|MYSQL|MARIADB|MONGO|DB|DATABASE)_(?:USER|USERNAME|NAME|DB)$/;

/** One command names the file, and another starts the same services without it. */
function byCommands(stack: Stack, project: ComposeProject, own: readonly PlacedCall[]) {
  const written = own.flatMap(({ call }) =>
    call.kind === "compose"
      ? call.envFiles.flatMap(({ word, value, at }) =>
          isDefault(value ?? word.text, call.cwd, project) ? [] : { file: value ?? word.text, at },
        )
      : [],
  )[0];
  const named = written ?? onPage(stack, project);
  if (!named) return undefined;
  const starts = own.filter(each => startsBare(stack, each) && !isWritten(stack, project, each));
  const asked = starts.flatMap(each => askedBy(stack, project, each));
  return starts.length === 0 || asked.length === 0
    ? undefined
    : {
        ...{ file: named.file.replace(/^["']|["']$/g, ""), named: named.at, asked: unique(asked) },
        namedBy: written ? ("command" as const) : ("page" as const),
        starts: starts.filter(each => askedBy(stack, project, each).length > 0).map(({ call }) => call.at),
      };
}

/** A page copies the example to the file that the containers get, and starts Compose, which does not read it. */
function byPages(stack: Stack, project: ComposeProject, own: readonly PlacedCall[]) {
  const use = project.services
    .flatMap(({ envFiles }) => envFiles)
    .find(({ file, resolved }) => !file && resolved !== undefined && basename(resolved) !== ".env");
  if (!use || own.some(({ call }) => call.kind === "compose" && call.envFiles.length > 0)) return undefined;
  if (isWritten(stack, project)) return undefined;
  const name = basename(use.resolved!);
  const [main = ""] = project.files.map(basename);
  if (/^(?:docker-)?compose\.ya?ml$/.test(main)) return undefined;
  const pages = pagesOf(stack).filter(({ text }) => !/--env-file|COMPOSE_ENV_FILES/.test(text));
  if (pages.length < pagesOf(stack).length) return undefined;
  const asked = unique(project.services.flatMap(service => bareOf(service, project)));
  for (const source of pages) {
    if (!source.text.includes(name)) continue;
    const copied = new RegExp(`\\bcp\\s+(\\S+)\\s+(?:\\S*/)?${escaped(name)}(?![\\w.])`).exec(
      source.text,
    )?.[1];
    const example = stack.envFiles.find(({ file }) => basename(file) === basename(copied ?? ""));
    const listed = asked.filter(
      each =>
        example?.entries.some(entry => entry.name.value === each.name) ||
        new RegExp(`^${each.name}=`, "m").test(source.text),
    );
    const line = new RegExp(`docker[- ]compose\\b[^\\n]*${escaped(main)}[^\\n]*\\bup\\b[^\\n]*`).exec(
      source.text,
    );
    if (!line || listed.length < asked.length * most) continue;
    return {
      ...{ file: name, named: use.path.at, namedBy: "containers" as const, asked: listed },
      starts: [locate(source, line.index, line.index + line[0].trimEnd().length)],
    };
  }
  return undefined;
}

/** So much of what is asked for is in the file that containers get. */
const most = 0.6;

const escaped = (text: string): string => text.replace(/[.+*?()[\]]/g, "\\$&");

/** The `.env` beside the Compose file, by another name. */
function isDefault(value: string, cwd: string | undefined, { directory }: ComposeProject): boolean {
  const text = value.replace(/^["']|["']$/g, "");
  if (basename(text) !== ".env") return /\/dev\/null$|^\$\{?\w+\}?$/.test(text);
  return cwd === undefined || isOutside(join(cwd, text)) || join(cwd, text) === join(directory, ".env");
}

/** It brings up containers with what Compose finds by itself. */
function startsBare(stack: Stack, { call, caller, deploys }: PlacedCall): boolean {
  if (call.kind !== "compose" || !begins.has(call.subcommand ?? "") || call.envFiles.length > 0) return false;
  if ((caller.kind === "workflow" && !deploys) || call.projectDirectory) return false;
  // `source .env.prod`, or a file of this name is put together on the way.
  const text = `${sourceOf(stack, caller.file)?.text ?? ""}\n${call.script.fragment.text}`;
  return !loads.test(text) && !call.environment.some(({ name }) => name === "COMPOSE_ENV_FILES");
}

const loads =
  /COMPOSE_ENV_FILES|\bset -a\b|\bset -o allexport\b|\bexport \$\(|\bdirenv\b|(?:^|[\s;&(])(?:source|\.)\s+["']?\S*env/m;

/** What the services that this command starts ask for, and its own file does not speak of. */
function askedBy(stack: Stack, project: ComposeProject, { call, caller }: PlacedCall): Reference[] {
  if (call.kind !== "compose") return [];
  const text = (sourceOf(stack, caller.file)?.text ?? "").replace(/^[ \t]*#.*$/gm, "");
  const services = startedBy(
    project,
    call.services.map(({ value }) => value),
    call.noDeps,
  );
  return services
    .flatMap(service => bareOf(service, project))
    .filter(({ name }) => !new RegExp(`\\b${name}\\b`).test(text));
}

function startedBy(
  { services }: ComposeProject,
  names: readonly (string | undefined)[],
  alone: boolean,
): readonly Service[] {
  if (names.length === 0) return services.filter(({ profiles }) => profiles.length === 0);
  const found = new Set<Service>();
  const add = (name: string | undefined): void => {
    const service = services.find(each => each.name === name);
    if (!service || found.has(service)) return;
    found.add(service);
    if (!alone) for (const each of service.dependsOn) add(each.service);
  };
  names.forEach(add);
  return [...found];
}

interface Bare extends Reference {
  readonly isImage: boolean;
}

/** References without a default, of what nothing here sets. */
function bareOf({ node, profiles }: Service, { lookup }: ComposeProject): Bare[] {
  if (profiles.length > 0) return [];
  return scalarsOf(node).flatMap(scalar =>
    (scalarValue(scalar, lookup)?.references ?? []).flatMap(each =>
      each.operator === undefined && lookup(each.name) === undefined
        ? { ...each, isImage: /^image\b/.test(keyOf(node, scalar)) }
        : [],
    ),
  );
}

function keyOf(node: YamlNode, scalar: YamlNode): string {
  return node.kind === "map" ? (node.entries.find(({ value }) => value === scalar)?.key.value ?? "") : "";
}

function scalarsOf(node: YamlNode): YamlNode[] {
  if (node.kind === "map") return node.entries.flatMap(({ value }) => scalarsOf(value));
  if (node.kind === "seq") return node.items.flatMap(scalarsOf);
  return node.kind === "scalar" ? [node] : [];
}

function unique(references: readonly Reference[]): Reference[] {
  return references.filter((each, index) => references.findIndex(({ name }) => name === each.name) === index);
}

/** `docker compose --env-file .env.prod -f compose.prod.yml up` on a page, or above the Compose file itself. */
function onPage(stack: Stack, project: ComposeProject): { file: string; at: Location } | undefined {
  const names = project.files.map(basename);
  const own = [...project.files, join(project.directory, "package.json"), "package.json"].flatMap(
    file => sourceOf(stack, file) ?? [],
  );
  for (const source of [...own, ...pagesOf(stack)]) {
    for (const match of source.text.matchAll(
      /docker[- ]compose\b[^\n]*--env-file[ =]["']?([\w./-]+)[^\n]*/g,
    )) {
      const [line, file = ""] = match;
      if (!names.every(name => line.includes(name)) || basename(file) === ".env") continue;
      return { file, at: locate(source, match.index, match.index + line.trimEnd().length) };
    }
  }
  return undefined;
}

/** Something makes the `.env` that Compose reads by itself: it is written, copied or linked on the way. */
function isWritten(stack: Stack, project: ComposeProject, start?: PlacedCall): boolean {
  // What is made for the file that is used for work, where one reads it there, is for that one.
  const isForWork = ({ file }: PlacedCall["caller"]): boolean => {
    const own = stack.calls.filter(each => each.caller.file === file).map(each => projectOf(stack, each));
    return own.some(each => each?.grade === "development") && !own.includes(project);
  };
  const made = stack.calls.some(
    ({ call, caller }) =>
      makesEnv(call, project) &&
      (call.remote ||
        (caller.file === start?.caller.file && caller.name === start.caller.name) ||
        (caller.kind !== "workflow" && !isForWork(caller))),
  );
  if (made) return true;
  const reads = stack.projects.some(
    other => gradeOf(other) === "development" && other.directory === project.directory,
  );
  const folder = basename(project.directory);
  return (
    !reads &&
    pagesOf(stack).some(({ text }) =>
      [...text.matchAll(copies)].some(([, below = ""]) =>
        below === "" ? folder === "" : below.split("/").includes(folder),
      ),
    )
  );
}

function makesEnv(call: Call, { directory }: ComposeProject): boolean {
  const isOwn = ({ value, word }: Argument): boolean =>
    (value ?? word.text).split(",").some(each => {
      const text = each.replace(/["']/g, "");
      if (basename(text) !== ".env") return false;
      const path = call.cwd === undefined || call.remote ? text : join(call.cwd, text);
      return call.remote || isOutside(path) || path.includes("$") || path === join(directory, ".env");
    });
  return (
    call.writes.some(({ path }) => isOwn(path)) ||
    (/^(?:cp|mv|ln|install|tee|scp|rsync)$/.test(call.name) && call.args.some(isOwn))
  );
}

const copies =
  /\b(?:cp|mv|ln)\b[^\n|;&]*\s([^\s|;&]*\/)?\.env(?:\s|$|[;&|])|>\s*(?:[^\s|;&]*\/)?\.env(?![\w.-])/gm;

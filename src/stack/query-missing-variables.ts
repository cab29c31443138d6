import type { EnvFile } from "../artifacts/env-file.ts";
import type { EnvRead } from "../artifacts/env-reads.ts";
import { isVendored } from "../artifacts/project-files.ts";
import { variablesRead } from "../artifacts/script.ts";
import type { Lookup } from "../artifacts/value.ts";
import type { Evidence } from "../core/finding.ts";
import { basename } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Location } from "../core/source.ts";
import type { ShellScript } from "../formats/shell.ts";
import { containerScript, evidence } from "./query.ts";
import { settingsStops } from "./query-build-settings.ts";
import { isRun } from "./query-connections.ts";
import { lacksDotenv, readsDotenv } from "./query-dotenv.ts";
import { shownEnvFile } from "./query-env-examples.ts";
import { componentReads, lookupOf } from "./query-environment.ts";
import { loadedFiles } from "./query-reach.ts";
import { missingRequired } from "./query-required.ts";
import { shippedRuns } from "./query-shipped.ts";
import type { Service, Stack } from "./stack.ts";

/** Variables that a service surely does not get, and that its scripts, its settings or its code stop without. */

export interface MissingVariable {
  readonly name: string;
  readonly place: Evidence;
  readonly likely?: true;
  /** An example or an env file of the project names it, and nothing hands it on. */
  readonly documented: boolean;
}

type Missing = Omit<MissingVariable, "documented">;

export function missingVariables(stack: Stack, service: Service): MissingVariable[] {
  if (hasUnknownBase(service) || lacksPython(service)) return [];
  const found = [...fromScripts(stack, service), ...fromCode(stack, service)];
  const known = new Set(found.map(({ name }) => name));
  const more = fromSettings(stack, service).filter(({ name }) => !known.has(name));
  for (const { name } of more) known.add(name);
  const checked = fromChecks(stack, service).filter(({ name }) => !known.has(name));
  return [
    // Who starts the program by hand may have set what an example names.
    ...[...found, ...more].flatMap(each =>
      isDocumented(stack, each.name) ? [] : [{ ...each, documented: false }],
    ),
    ...checked.map(each => ({ ...each, documented: isDocumented(stack, each.name) })),
  ];
}

/** Built on an image that nothing is known of: it may bring variables of its own. Docker's own images bring none. */
function hasUnknownBase({ build, model }: Service): boolean {
  const isOfDocker = /^[\w.-]+$/.test(model?.base?.name ?? "/");
  return build !== undefined && model !== undefined && model.facts === undefined && !isOfDocker;
}

/** The code beside its Dockerfile is another service's: a bare system without Python could not run it. */
function lacksPython({ component, build, model }: Service): boolean {
  return (
    build !== undefined &&
    component !== undefined &&
    /^(?:django|fastapi|flask|python)$/.test(component.kind) &&
    /^(?:alpine|debian|ubuntu|busybox)$/.test(model?.facts?.family ?? "") &&
    model?.built.length === 1 &&
    !/python|\bpip\b|\buv\b|conda|pyenv/i.test(
      shippedRuns(build)
        .map(run => run.fragment.text)
        .join("\n"),
    )
  );
}

/** The variables that an env file which is not in the repository has to bring, and that no text of it names. */
export interface UndocumentedVariables {
  readonly example: EnvFile;
  readonly missing: readonly Missing[];
}

const leastEntries = 3;

export function undocumentedVariables(stack: Stack, service: Service): UndocumentedVariables | undefined {
  const unseen = service.envFiles.filter(use => use.file === undefined);
  if (unseen.length === 0 || service.get("extends") !== undefined || service.secrets.length > 0)
    return undefined;
  const examples = unseen.map(use => shownEnvFile(stack, use.resolved ?? basename(use.path.value)));
  const [example] = examples;
  if (!example || examples.includes(undefined) || example.entries.length < leastEntries) return undefined;
  const given = new Set(service.environment.map(({ name }) => name));
  const lookup: Lookup = name => (given.has(name) || service.reassigned?.has(name) ? undefined : null);
  const seen = new Set<string>();
  const missing = [
    // What the program reads by itself is the same file: that it says so changes nothing.
    ...fromCode(stack, service, lookup, true),
    ...fromSettings(stack, service, lookup),
    ...missingRequired(stack, service, lookup).map(({ value, at }) => ({
      name: value,
      place: evidence(at, "stops without it"),
    })),
  ].filter(({ name }) => !seen.has(name) && seen.add(name) && !isNamed(stack, name));
  return missing.length > 0 ? { example, missing } : undefined;
}

const texts =
  /(?:^|\/)(?:README|INSTALL|DEPLOY)[^/]*$|\.(?:md|mdx|rst|txt|ya?ml|toml|sh|bash|ps1|tf|j2|example|sample|template)$|(?:^|\/)(?:\.?env[^/]*|[^/]*\.env[^/]*|Makefile|[Jj]ustfile|Dockerfile[^/]*|Procfile)$/;
const known = new WeakMap<Stack, string>();

/** A page, an env file, a script or a pipeline names it. */
function isNamed(stack: Stack, name: string): boolean {
  let all = known.get(stack);
  if (all === undefined) {
    all = stack.files.paths
      .filter(path => texts.test(path) && !isVendored(path))
      .slice(0, 600)
      .map(path => {
        const read = stack.files.read(path);
        return "source" in read ? read.source.text : "";
      })
      .join("\n");
    known.set(stack, all);
  }
  return new RegExp(`(?<![A-Za-z0-9_])${name}(?![A-Za-z0-9_])`).test(all);
}

/** An env file of the project tells people to set it. */
function isDocumented(stack: Stack, name: string): boolean {
  return stack.envFiles.some(file => file.entries.some(entry => entry.name.value === name));
}

/** The words that start the container, before any script in them is followed. */
function entryWords(service: Service): (string | undefined)[] {
  const { entrypoint, command, model } = service;
  const texts = [entrypoint?.text ?? model?.entrypoint?.text, command?.text ?? model?.cmd?.text];
  return texts.flatMap(text => text?.split(/[\s"'[\],]+/).slice(0, 4));
}

/** `${NAME:?}` in the entry script of the container. */
function fromScripts(stack: Stack, service: Service): Missing[] {
  const lookup = lookupOf(service);
  const files = entryWords(service);
  const scripts = new Set(
    files.flatMap(word =>
      word && /\.sh$|entrypoint/.test(word)
        ? (containerScript(stack.scripts, stack.files, service, word) ?? [])
        : [],
    ),
  );
  return [...scripts].flatMap(script =>
    variablesRead(script)
      .filter(read => read.required && lookup(read.name) === null && isAlways(script, read.at))
      .map(read => ({ name: read.name, place: evidence(read.at, "stops without it") })),
  );
}

/** In no branch: which one is taken is decided by what comes from outside. */
function isAlways(script: ShellScript, { span }: Location): boolean {
  const command = script.commands.find(({ at }) => at.span.start <= span.start && span.end <= at.span.end);
  return !command?.within.some(
    ({ construct, part }) => part !== "condition" && /^(?:if|case)$/.test(construct.kind),
  );
}

function fromCode(stack: Stack, service: Service, lookup = lookupOf(service), ownFileToo = false): Missing[] {
  const { component } = service;
  if (!component) return [];
  const seen = new Set<string>();
  // A worker beside the server loads its own part of the code.
  const loaded = component.django ? "all" : loadedFiles(service, component);
  if (loaded === "unknown") return [];
  return componentReads(stack, component).reads.flatMap(read => {
    if (loaded !== "all" && read.at.file.endsWith(".py") && !loaded.has(read.at.file)) return [];
    if (read.buildTime || seen.has(read.name) || lookup(read.name) !== null) return [];
    if (!isRun(stack, service, component, read.at) || !stops(stack, read, ownFileToo)) return [];
    seen.add(read.name);
    return [{ name: read.name, place: evidence(read.at, "stops without it"), likely: true as const }];
  });
}

/** What Django's settings stop without, in any of the ways to ask for it. */
function fromSettings(stack: Stack, service: Service, lookup?: Lookup): Missing[] {
  return settingsStops(stack, service, lookup).map(({ at, name }) => ({
    name,
    place: evidence(at, "stops without it"),
    likely: true as const,
  }));
}

/** What the program checks for by itself, in the forms of its language. */
function fromChecks(stack: Stack, service: Service): Missing[] {
  // A file beside the program may bring it, and on a workstation it does.
  if (
    service.project.grade === "development" ||
    !(lacksDotenv(stack, service) || !readsDotenv(stack, service))
  )
    return [];
  return missingRequired(stack, service).map(({ value, at }) => ({
    name: value,
    place: evidence(at, "stops without it"),
    likely: true as const,
  }));
}

/** At the top level of a file, outside any `try`: it runs when the program is loaded. */
function stops(stack: Stack, read: EnvRead, ownFileToo: boolean): boolean {
  const text = sourceOf(stack, read.at.file)?.text ?? "";
  const lineStart = text.lastIndexOf("\n", read.at.span.start - 1) + 1;
  const line = text.slice(lineStart, read.at.span.start);
  if (read.how === "process.env") {
    const before = text.slice(Math.max(0, read.at.span.start - 20), read.at.span.start);
    const after = text.slice(read.at.span.end, read.at.span.end + 80);
    return (
      /^if\s*\(\s*!$/.test(line) &&
      /!$/.test(before) &&
      /^\s*\)\s*\{?\s*(?:throw\b|process\.exit\()/.test(after)
    );
  }
  if (!read.required || read.default || !(read.how === "pydantic" || isInAssignment(read, text, lineStart)))
    return false;
  // These read a file of their own, which may lie beside the program. Reads are many: the whole text is looked at last.
  if (!ownFileToo && /\b(?:decouple|load_dotenv|read_env|env_file|dotenv)\b/.test(text)) return false;
  return (
    read.how === "pydantic" ||
    !(text.includes(`setdefault("${read.name}"`) || text.includes(`setdefault('${read.name}'`))
  );
}

/** Anywhere in a value that a name of the module gets: no branch, and nothing that is called later. */
function isInAssignment(read: EnvRead, text: string, lineStart: number): boolean {
  return (
    read.how === "os.environ" &&
    /^[A-Za-z_]\w*\s*=\s*(?:[\w.]+\((?:[^#\n]*[,(=]\s*)?)?(?:os\.)?$/.test(
      text.slice(lineStart, read.at.span.start),
    ) &&
    !/\b(?:lambda|if|else|or|and|for)\b/.test(
      text.slice(lineStart, text.indexOf("\n", read.at.span.end) >>> 0),
    )
  );
}

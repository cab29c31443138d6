import { isPlaceholder, isSecretName } from "../formats/secret.ts";
import { componentReads, givenVariables, storeUrl } from "../stack/query-environment.ts";
import type { Service, Stack, Variable } from "../stack/stack.ts";
import { serviceTwin } from "./twin.ts";

/** Kinds of files that run or are read by what runs; a runbook tells people, and code reads the environment. */
const running: ReadonlySet<string> = new Set([
  "compose",
  "script",
  "workflow",
  "makefile",
  "env-file",
  "nginx",
  "caddyfile",
  "prometheus",
  "dockerfile",
  "devcontainer",
]);

const identity = /(?:^|_)(?:USER|USERNAME|DB|DATABASE|NAME|HOST)$/;

/**
 * Why a changed or removed variable would leave one of its readers with nothing, or with the old value: each reader
 * must be among the files that the fix edits, or get the new value by itself.
 */
export function untracedReaders(before: Stack, after: Stack, edited: ReadonlySet<string>): string[] {
  const reasons = new Set<string>();
  for (const was of before.services) {
    const is = serviceTwin(after, was);
    if (!is) continue;
    const now = new Map(givenVariables(is).map(variable => [variable.name, variable]));
    for (const variable of givenVariables(was)) {
      const fresh = now.get(variable.name);
      const old = variable.value?.text;
      if (!fresh) for (const reason of missed(after, is, variable, now, edited)) reasons.add(reason);
      else if (old !== undefined && fresh.value?.text !== old)
        for (const reason of oldValueLeft(after, is, variable.name, old, edited)) reasons.add(reason);
    }
  }
  return [...reasons];
}

/** Who misses a variable that is gone. */
function missed(
  stack: Stack,
  service: Service,
  { name }: Variable,
  now: ReadonlyMap<string, Variable>,
  edited: ReadonlySet<string>,
): string[] {
  // Official images read the same setting from a file.
  if (now.has(`${name}_FILE`)) return [];
  const { component } = service;
  if (!component)
    return [`"${service.name}" no longer gets ${name}, and what its image does without it is not known`];
  const readers = componentReads(stack, component).reads.filter(
    read => read.name === name && !edited.has(read.at.file),
  );
  return readers
    .slice(0, 1)
    .map(read => `"${service.name}" no longer gets ${name}, which ${read.at.file} reads`);
}

/** Where the value that a variable had is still used. */
function oldValueLeft(
  stack: Stack,
  service: Service,
  name: string,
  old: string,
  edited: ReadonlySet<string>,
): string[] {
  const reasons: string[] = [];
  const isSecret = isSecretName(name) && old.length >= 4 && !isPlaceholder(old);
  if (!isSecret && !identity.test(name)) return [];
  for (const other of service.project.services)
    for (const variable of givenVariables(other)) {
      const text = variable.value?.text;
      if (text === undefined || (other === service && variable.name === name)) continue;
      const url = storeUrl(text);
      // The name of a user or database that is the same word is another thing.
      const holds = isSecret
        ? (text === old && !identity.test(variable.name)) || url?.password === old
        : url !== undefined && [url.user, url.database, url.host].includes(old);
      if (holds) reasons.push(`${variable.name} of "${other.name}" still holds the value that ${name} had`);
    }
  if (!isSecret || old.length < 6) return reasons;
  const ofWorkstations = filesOfWorkstations(stack);
  for (const [path, source] of stack.sources) {
    if (ofWorkstations.has(path) && service.project.grade !== "development") continue;
    if (edited.has(path) || !running.has(stack.kinds.get(path) ?? "")) continue;
    if (holdsSecret(withoutOwnStores(stack, path, source.text), old))
      reasons.push(`${path} still holds the value that ${name} had`);
  }
  return reasons;
}

/** Compose files that only workstations start: their stores are others, whatever their password is. */
function filesOfWorkstations({ projects }: Stack): Set<string> {
  const served = new Set(projects.flatMap(each => (each.grade === "development" ? [] : each.files)));
  return new Set(projects.flatMap(each => each.files.filter(file => !served.has(file))));
}

/** The text without jobs that bring stores of their own and reach no server: what logs in there is thrown away with them. */
function withoutOwnStores(stack: Stack, path: string, text: string): string {
  const own = stack.workflows
    .filter(({ file }) => file === path)
    .flatMap(({ jobs }) => jobs)
    .filter(
      job =>
        job.services.length > 0 &&
        !stack.calls.some(
          ({ caller, deploys }) => deploys && caller.file === path && caller.name === job.id.value,
        ) &&
        !job.steps.some(step => step.remoteScript),
    );
  let rest = text;
  for (const { at } of [...own].sort((a, b) => b.at.span.start - a.at.span.start))
    rest = rest.slice(0, at.span.start) + rest.slice(at.span.end);
  return rest;
}

/** A plain word is also the name of images and users: it counts where a password stands. */
function holdsSecret(text: string, value: string): boolean {
  if (!text.includes(value)) return false;
  if (!/^[a-z]{1,12}$/i.test(value)) return true;
  const word = `(?![\\w-])`;
  return new RegExp(
    `(?:pass\\w*|pwd|secret\\w*|token|key)["'\\]]*\\s*(?::=|=>|[:=]|\\s)\\s*(?:\\$\\{\\w+:?-)?["']?${value}${word}|:(?:\\$\\{\\w+:?-)?${value}\\}?@`,
    "i",
  ).test(text);
}

import type { EnvFile } from "../artifacts/env-file.ts";
import { basename } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Location } from "../core/source.ts";
import {
  credentialsInUrl,
  isPlaceholder,
  isSecretName,
  issuedTokens,
  isWeakSecret,
  isWebhook,
} from "../formats/secret.ts";
import { deployWritesEnv, isOfThisMachine, saysServer, saysWorkstation } from "./env-work.ts";
import { gradeOf } from "./query.ts";
import { publicName } from "./query-bundles.ts";
import { isCredential, isStandIn } from "./query-secrets.ts";
import type { Stack } from "./stack.ts";

/** Secrets in env files that git tracks. */

export type EnvEntry = EnvFile["entries"][number];

export interface TrackedSecrets {
  readonly file: EnvFile;
  /** Never empty. */
  readonly secrets: readonly EnvEntry[];
  /** Made for tests or workstations: it opens nothing on a server. */
  readonly forWork: boolean;
  /** Nothing reads it where it stands: people copy it to `.env` and change it there. */
  readonly forCopying: boolean;
}

/** The env files with secrets that git tracks; examples and samples are left out. */
export function trackedSecrets(stack: Stack): TrackedSecrets[] {
  return stack.envFiles.flatMap(file => {
    if (file.role === "example" || stack.files.tracked(file.file) !== true || isSample(file.file)) return [];
    if (isBlank(file)) return [];
    const secrets = secretsOf(file);
    return secrets.length === 0
      ? []
      : [
          {
            file,
            secrets,
            forWork: isForWork(stack, file),
            forCopying:
              isForCopying(stack, file) ||
              holdsSymfonyDefaults(stack, file) ||
              isFullOfWords(file) ||
              secrets.every(entry => isToBeMade(stack, file, entry)),
          },
        ];
  });
}

/** Half of it is left to be filled in, `API_HOST=<hostname>`: what else it says is what a trial has. */
function isBlank({ entries }: EnvFile): boolean {
  const slots = entries.filter(({ value }) => /^<[\w .-]+>$/.test(value.value));
  if (slots.length > 2 && slots.length * 2 >= entries.length) return true;
  const own = entries.filter(({ name, value }) => isOwnName(name.value, value.value));
  return own.length > 2 || (own.length > 1 && entries.some(({ value }) => /^\*{3,}$/.test(value.value)));
}

/** `CLOUD_API_KEY=apiKey`: two words of the name stand for what belongs there. One, as in `PASSWORD=password`, is a password. */
function isOwnName(name: string, value: string): boolean {
  const words = name.toLowerCase().split("_");
  const text = value.toLowerCase().replaceAll(/[_-]/g, "");
  return (
    /^[a-zA-Z_-]+$/.test(value) &&
    [2, 3].some(count => words.slice(-count).join("") === text && words.length >= count)
  );
}

function secretsOf(file: EnvFile): EnvEntry[] {
  return file.entries.filter(({ name, value, references, inherited }) => {
    if (inherited || references.length > 0 || publicName.test(name.value)) return false;
    const url = credentialsInUrl(value.value);
    if (url) return isCredential(url.password) && !isPlaceholder(url.password) && !isPattern(value.value);
    if (isWebhook(value.value)) return true;
    // Another address without a login tells nothing, and neither does the kind of a store: `LOCK_DSN=flock`.
    if (value.value.includes("://") || (name.value.endsWith("_DSN") && /^[a-z]+$/.test(value.value)))
      return false;
    // Those two stand in pages as well: their name decides.
    const issued = issuedTokens.exec(value.value)?.[0];
    const isKept = isSecretName(name.value) || (issued === value.value && !/^(?:AIza|eyJ)/.test(value.value));
    return (
      isKept &&
      isCredential(value.value) &&
      !isPlaceholder(value.value) &&
      !(isStandIn(name.value, value.value) && /^(?:test(?:ing)?|dummy|fake|mock|foo)$/i.test(value.value))
    );
  });
}

/** `scheme://username:password@localhost`: how such an address is written, not one that is used. */
function isPattern(url: string): boolean {
  return /:\/\/(?:user(?:name)?|db_?user):(?:pass(?:word)?|db_?pass(?:word)?)@(?:localhost|127\.0\.0\.1|host(?:name)?)(?=[:/]|$)/i.test(
    url,
  );
}

/** Values for tests and workstations open nothing on a server: by the name, by what it says, by who reads it. */
function isForWork(stack: Stack, { file, entries }: EnvFile): boolean {
  if (
    /(?:^|[./_-])(?:dev|devel|development|local|tests?|testing|dusk|seed|(?:circle)?ci|travis|e2e|sepolia|testnet)(?:[./_-]|$)/i.test(
      file,
    )
  )
    return true;
  if (saysWorkstation({ entries })) return true;
  // What a file says of itself outweighs who reads it: what is real in it is told to everybody.
  if (saysServer({ entries })) return false;
  if (basename(file) === ".env" ? deployWritesEnv(stack) : isOfThisMachine({ entries })) return true;
  if (isOfThisMachine({ entries }) && saysDevelopment(stack, file, entries)) return true;
  if (basename(file) === ".env" && debugsHere({ entries }) && !isAsked(stack, file, entries)) return true;
  const users = stack.services.filter(service => service.envFiles.some(use => use.resolved === file));
  return users.length > 0 && users.every(service => gradeOf(service) === "development");
}

/** Debug mode is on, and each database that it names with a login is on the machine itself. */
function debugsHere({ entries }: Pick<EnvFile, "entries">): boolean {
  const logins = entries.filter(({ value }) => credentialsInUrl(value.value) !== undefined);
  return (
    entries.some(
      ({ name, value }) => /(?:^|_)DEBUG$/.test(name.value) && /^(?:true|1|on)$/i.test(value.value),
    ) &&
    logins.length > 0 &&
    logins.every(({ value }) => /@(?:localhost|127\.0\.0\.1)(?=[:/]|$)/.test(value.value))
  );
}

/** A server's service reads the file, or what Compose puts in for one of its secrets. */
function isAsked(stack: Stack, file: string, entries: EnvFile["entries"]): boolean {
  const names = new Set(entries.map(({ name }) => name.value).filter(isSecretName));
  return stack.services.some(
    service =>
      gradeOf(service) !== "development" &&
      (service.envFiles.some(use => use.resolved === file) ||
        service.environment.some(({ value }) => value?.references.some(({ name }) => names.has(name)))),
  );
}

/** A comment above each secret that is no known word says that it is a workstation's: "a dev secret". */
function saysDevelopment(stack: Stack, file: string, entries: EnvFile["entries"]): boolean {
  const text = sourceOf(stack, file)?.text ?? "";
  const real = entries.filter(
    ({ name, value }) =>
      isSecretName(name.value) &&
      isCredential(value.value) &&
      !isPlaceholder(value.value) &&
      !isWeakSecret(value.value),
  );
  return real.every(({ name }) => {
    const above = /(?:^[ \t]*#[^\n]*\n)+$/m.exec(text.slice(0, name.at.span.start).slice(-600))?.[0] ?? "";
    return /\b(?:dev|development|local|testing) (?:only|auth|secret|key|password|value)/i.test(above);
  });
}

/** Symfony wants its `.env` in git, with defaults; what a server uses stands in `.env.local` or in the environment. */
function holdsSymfonyDefaults(stack: Stack, { file }: EnvFile): boolean {
  return basename(file) === ".env" && /^###> symfony\//m.test(sourceOf(stack, file)?.text ?? "");
}

/** Its site is nobody's, and another of its secrets is a word that asks for one: who uses it fills it in. */
function isFullOfWords({ entries }: EnvFile): boolean {
  return (
    entries.some(({ value }) =>
      /^(?:https?:\/\/)?(?:[\w-]+\.)*(?:your-?)?domain\.(?:com|tld|org)(?=[:/]|$)/i.test(value.value),
    ) && entries.some(({ name, value }) => isSecretName(name.value) && isPlaceholder(value.value))
  );
}

function isForCopying(stack: Stack, { file }: EnvFile): boolean {
  if (/^\.env/.test(basename(file)) && !isCopied(stack, file)) return false;
  if (stack.services.some(service => service.envFiles.some(use => use.resolved === file))) return false;
  return !stack.calls.some(({ call }) =>
    call.args.some((arg, index) => {
      const value = arg.value ?? arg.word.text;
      const named = value.startsWith("--env-file=") ? value.slice("--env-file=".length) : value;
      const option =
        named !== value || call.args[index - 1]?.value === "--env-file" || call.name === "source";
      return option && basename(named) === basename(file);
    }),
  );
}

/** The README has people make their own from it: `cp .env.model .env`. */
function isCopied(stack: Stack, file: string): boolean {
  if (file === ".env") return false;
  const name = file.replace(/[.+]/g, "\\$&");
  const copies = new RegExp(`\\bcp (?:-\\w+ )?(?:\\./)?${name} (?:\\./)?\\.env\\b`);
  return ["README.md", "README.rst"].some(page => {
    const read = stack.files.has(page) === "file" ? stack.files.read(page) : undefined;
    return read !== undefined && "source" in read && copies.test(read.source.text);
  });
}

/** The comment above the value asks for another one: "please generate", "change this". */
function isToBeMade(stack: Stack, { file }: EnvFile, { name }: EnvEntry): boolean {
  const before = sourceOf(stack, file)?.text.slice(0, name.at.span.start) ?? "";
  const above = /(?:^[ \t]*#[^\n]*\n)+$/m.exec(before.slice(-600))?.[0] ?? "";
  return /\b(?:re-?generate|generate (?:an?|your|the|one)|change (?:this|me|it)|replace (?:this|it|with))\b/i.test(
    above,
  );
}

function isSample(path: string): boolean {
  return /(?:^|\/)\.?(?:examples?|samples?|templates?|fixtures?|tests?|docs?|\.devcontainer)\//i.test(path);
}

/** A file for the server that people make from an example, and that git would take with the next commit. */
export interface UnignoredCopy {
  readonly path: string;
  readonly example: string;
  /** Never empty. */
  readonly secrets: readonly EnvEntry[];
  /** Where Compose or a script reads it. */
  readonly used?: Location;
}

/** Copies of examples with secrets that a deployed project or a deploy script reads and no ignore file covers. */
export function unignoredCopies(stack: Stack): UnignoredCopy[] {
  return stack.envFiles.flatMap(file => {
    const path = file.file.replace(/\.(?:example|sample|template|tmpl|dist)$/, "");
    if (file.role !== "example" || path === file.file || isSample(path)) return [];
    if (stack.files.tracked(file.file) !== true || stack.files.has(path) || stack.files.ignored(path))
      return [];
    const secrets = file.entries.filter(
      ({ name }) => isSecretName(name.value) && !publicName.test(name.value),
    );
    const used = secrets.length > 0 ? readsCopy(stack, path) : undefined;
    return used ? [{ path, example: file.file, secrets, used }] : [];
  });
}

/** The place of a deployed service that takes the file, or of a deploying command that names it. */
function readsCopy(stack: Stack, path: string): Location | undefined {
  for (const service of stack.services) {
    if (gradeOf(service) !== "deployed") continue;
    const use = service.envFiles.find(each => each.resolved === path);
    if (use) return use.path.at;
  }
  const name = basename(path);
  return stack.calls.find(
    ({ call, deploys }) =>
      deploys &&
      call.kind === "compose" &&
      call.envFiles.some(arg => endsWithName(arg.value ?? arg.word.text, name, call.script.fragment.text)),
  )?.call.at;
}

/** `--env-file .env.deploy`, or a variable that the script gives this name by default. */
function endsWithName(value: string, name: string, script: string): boolean {
  if (basename(value.replace(/["']/g, "")) === name) return true;
  const variable = /^["']?\$\{?(\w+)\}?["']?$/.exec(value)?.[1];
  if (!variable) return false;
  const assigned =
    new RegExp(`^[ \\t]*(?:export\\s+|local\\s+|readonly\\s+)?${variable}=(.*)$`, "m").exec(script)?.[1] ??
    "";
  return assigned.replace(/["'}]+$/, "").endsWith(`/${name}`) || assigned.replace(/["'}]/g, "") === name;
}

/** Nothing reads it but projects of which it is not known whether a server runs them. */
export function isReadByGuess(stack: Stack, file: string): boolean {
  const users = stack.services.filter(service => service.envFiles.some(use => use.resolved === file));
  const grades = users.map(gradeOf).filter(grade => grade !== "development");
  return grades.length > 0 && grades.every(grade => grade === "presumed");
}

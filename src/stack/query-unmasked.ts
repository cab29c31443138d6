import type { Call } from "../artifacts/commands.ts";
import type { Location } from "../core/source.ts";
import { allCommands, type ShellCommand, type ShellScript } from "../formats/shell.ts";
import type { PlacedCall, Stack } from "./stack.ts";

/** Secrets that a pipeline fetches itself: nobody has told the runner to hide them. */
export interface Unmasked {
  readonly file: string;
  /** Where the value goes into the environment of the later steps. */
  readonly at: Location;
  readonly fetched: Location;
}

const fetches =
  /\b(?:bws\s+secret\s+get|aws\s+(?:\S+\s+)*?(?:secretsmanager\s+get-secret-value|ssm\s+get-parameters?)|vault\s+(?:kv\s+get|read)|gcloud\s+secrets\s+versions\s+access|az\s+keyvault\s+secret\s+show|op\s+read|doppler\s+secrets\s+get|infisical\s+(?:secrets\s+get|export)|chamber\s+read|sops\s+(?:-d|--decrypt|decrypt))\b/;

/** `echo "NAME=$VALUE" >> $GITHUB_ENV` of a value that a vault gave: GitHub shows it above every later step. */
export function unmaskedSecrets(stack: Stack): Unmasked[] {
  const scripts = new Map<ShellScript, string>(stack.scripts.map(each => [each.script, each.file]));
  for (const { call, caller } of stack.calls)
    if (caller.workflow?.platform === "github") scripts.set(call.script, caller.file);
  return [...scripts].flatMap(([script, file]) => {
    const { text } = script.fragment;
    if (!text.includes("GITHUB_ENV") || text.includes("add-mask")) return [];
    const found = firstOf(script);
    return found ? [{ file, ...found }] : [];
  });
}

function firstOf(script: ShellScript): Omit<Unmasked, "file"> | undefined {
  const fetched = new Map<string, Location>();
  for (const { command } of allCommands(script)) {
    for (const { name, value, at } of command.assignments)
      if (value.parts.some(part => part.kind === "command" && asksVault(part.script))) fetched.set(name, at);
    if (!command.redirects.some(({ target }) => target.text.includes("GITHUB_ENV"))) continue;
    const at = sourceOf(command, fetched);
    if (at) return { at: command.at, fetched: at };
  }
  return undefined;
}

function asksVault(script: ShellScript): boolean {
  return script.commands.some(({ words }) => fetches.test(words.map(word => word.text).join(" ")));
}

/** The vault's answer stands in what is written, by a variable or at once. */
function sourceOf(command: ShellCommand, fetched: ReadonlyMap<string, Location>): Location | undefined {
  for (const word of command.words)
    for (const part of word.parts) {
      if (part.kind === "variable" && fetched.has(part.name)) return fetched.get(part.name);
      if (part.kind === "command" && asksVault(part.script)) return word.at;
    }
  return undefined;
}

const asIs = /^["']?[\w.-]+=["']?(?:\$\{\{ ?secrets\.\w+ ?\}\}|[^$"']*)["']*$/;

/** The job makes the file from secrets as they are, line by line: GitHub masks each in the log. */
export function isMasked(stack: Stack, call: Call, { workflow, name }: PlacedCall["caller"]): boolean {
  if (workflow?.platform !== "github" || call.remote || call.name !== "cat") return false;
  const printed = call.args.map(({ value }) => value);
  if (printed.some(path => path === undefined || stack.files.has(path) !== undefined)) return false;
  const writers = stack.calls.filter(
    each =>
      each.caller.workflow === workflow &&
      each.caller.name === name &&
      each.call.writes.some(({ path }) => printed.includes(path.value)),
  );
  return (
    writers.length > 0 &&
    writers.every(
      ({ call: { name: program, args } }) =>
        program === "echo" && args.length === 1 && asIs.test(args[0]!.word.text),
    )
  );
}

import { basename, join } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import { containerFile } from "./query.ts";
import type { Service, Stack } from "./stack.ts";

export interface EntryScript {
  readonly file: string;
  readonly text: string;
  /** Where it is named as the entry point. */
  readonly at: Location;
}

/** The script that stands in front of a service's command, where it is one of the repository and gets nothing else. */
export function entryScript(stack: Stack, service: Service): EntryScript | undefined {
  const entrypoint = service.entrypoint ?? service.model?.entrypoint;
  const words = entrypoint?.form === "exec" ? entrypoint.words : [];
  const index = /^(?:ba|da|a)?sh$/.test(basename(words[0]?.value ?? "")) ? 1 : 0;
  const word = words[index];
  // Words of its own behind the script are arguments as well.
  if (word?.value === undefined || words.length > index + 1) return undefined;
  const workdir = service.text("working_dir")?.text ?? service.model?.workdir ?? "/";
  const path = containerFile(stack, service, join(workdir, word.value)).repositoryPath;
  const script = stack.scripts.find(each => each.file === path);
  return script && { file: script.file, text: script.source.text, at: word.at };
}

/** Any use of its arguments, wherever it stands; another file that is read in may use them, too. */
export function asksForArguments({ text }: EntryScript): boolean {
  return /\$\{?[@*#1-9]|\bshift\b|\bgetopts\b|\bset\s+--|\bBASH_ARGV\b|(?:^|[\n;&|])[ \t]*(?:\.|source)\s+\S/.test(
    text,
  );
}

export interface DroppedCommand {
  /** The command's first word. */
  readonly given: Location;
  readonly entry: EntryScript;
  /** The program that runs in its place. */
  readonly runs: { readonly name: string; readonly at: Location };
}

/** The command that Compose gives to a service and that the entry script drops. */
export function droppedCommand(stack: Stack, service: Service): DroppedCommand | undefined {
  const first = service.command?.words[0];
  const runs = service.process?.argv[0];
  const entry = first?.value === undefined ? undefined : entryScript(stack, service);
  if (!entry || first?.value === undefined || runs?.value === undefined || asksForArguments(entry))
    return undefined;
  const name = basename(runs.value);
  // `sh -c "python manage.py migrate && gunicorn ..."` comes to the same, and so do options that the script has itself.
  const { words } = service.command!;
  const given = words.map(({ value }) => value ?? "\0").join(" ");
  return service.command!.text.includes(name) || (given.startsWith("-") && entry.text.includes(` ${given}`))
    ? undefined
    : { given: first.at, entry, runs: { name, at: runs.at } };
}

import { plainFragment } from "../core/fragment.ts";
import { basename } from "../core/path.ts";
import type { Located, Location } from "../core/source.ts";
import { parseShell, type ShellScript } from "../formats/shell.ts";
import { containerScript } from "./query.ts";
import type { Service, Stack } from "./stack.ts";

/** The shell script that is a container's first process. */
export interface MainScript {
  readonly script: ShellScript;
  /** The line of Compose or the Dockerfile; for a file, its first command. */
  readonly at: Location;
  /** A file that is in the container, not the text of a `sh -c`. */
  readonly inFile: boolean;
}

/** The text of a `sh -c` or of a shell form, or the entry script; undefined where a program is started directly. */
export function mainScript(stack: Stack, service: Service): MainScript | undefined {
  const { process } = service;
  if (!process) return undefined;
  const words = startWords(service);
  const text = shellLine(service, words);
  if (text) {
    const script = parseShell(plainFragment(text.at.file, text.value, text.at.span.start));
    return { script, at: text.at, inFile: false };
  }
  const path = words[0]?.value && isShell(words[0].value) ? words[1]?.value : words[0]?.value;
  const script =
    path?.includes("/") || path?.endsWith(".sh")
      ? containerScript(stack.scripts, stack.files, service, path)
      : undefined;
  const first = script?.commands[0];
  return script && first && { script, at: first.at, inFile: true };
}

/** Entry point and command as one list. */
export function startWords(service: Service): readonly Located<string | undefined>[] {
  const entry = service.entrypoint ?? service.model?.entrypoint;
  return [...(entry?.form === "exec" ? entry.words : []), ...(service.process?.words ?? [])];
}

const isShell = (name: string) => /^(sh|ash|dash|bash)$/.test(basename(name));

/** The line that `sh -c` or a shell-form command runs. */
function shellLine(
  { process }: Service,
  words: readonly Located<string | undefined>[],
): Located<string> | undefined {
  if (process?.form === "shell") return { value: process.text, at: process.at };
  const shell = words.findIndex(word => isShell(word.value ?? ""));
  const text =
    shell !== -1 && /^-[a-z]*c$/.test(words[shell + 1]?.value ?? "") ? words[shell + 2] : undefined;
  return text?.value === undefined ? undefined : { value: text.value, at: text.at };
}

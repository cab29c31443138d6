import { type Fragment, fragmentLocation } from "../core/fragment.ts";
import type { Location } from "../core/source.ts";
import type { ShellCommand, ShellOption, ShellOptionName, ShellScript } from "./shell-model.ts";

const letters: Readonly<Record<string, ShellOptionName>> = {
  e: "errexit",
  u: "nounset",
  x: "xtrace",
  a: "allexport",
};
const names: ReadonlySet<string> = new Set(["errexit", "nounset", "pipefail", "xtrace", "allexport"]);

/** What `#!` and top-level `set` commands switch on and off. */
export function shellOptions(fragment: Fragment, commands: readonly ShellCommand[]): ShellOption[] {
  const options: ShellOption[] = [];
  const interpreter = /^#![^\n]*?sh[ \t]([^\r\n]*)/.exec(fragment.text);
  if (interpreter?.[1] !== undefined) {
    const at = fragmentLocation(fragment, 0, interpreter[0].length);
    options.push(...fromWords(interpreter[1].trim().split(/[ \t]+/), 0, () => at));
  }
  for (const command of commands) {
    if (command.name?.value !== "set" || command.within.some(({ construct }) => construct.kind !== "group"))
      continue;
    const words = command.words.slice(1);
    options.push(
      ...fromWords(
        words.map(word => word.value ?? ""),
        command.index,
        i => words[i]!.at,
      ),
    );
  }
  return options;
}

function fromWords(words: readonly string[], from: number, at: (index: number) => Location): ShellOption[] {
  const options: ShellOption[] = [];
  const add = (name: string | undefined, on: boolean, index: number) => {
    if (name !== undefined && names.has(name))
      options.push({ name: name as ShellOptionName, on, from, at: at(index) });
  };
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "--" || !/^[-+][A-Za-z]/.test(word)) break;
    const on = word[0] === "-";
    for (const letter of word.slice(1)) if (letter !== "o") add(letters[letter], on, i);
    if (word.includes("o")) add(words[++i], on, Math.min(i, words.length - 1));
  }
  return options;
}

/** Whether an option is on when a command runs. `initially` is what the caller of the script has set. */
export function optionAt(
  script: ShellScript,
  name: ShellOptionName,
  command: ShellCommand,
  initially = false,
): boolean {
  let on = initially;
  for (const option of script.options)
    if (option.name === name && option.from <= command.index) on = option.on;
  return on;
}

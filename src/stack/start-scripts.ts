import type { ShellScript } from "../formats/shell.ts";

const declaring = new Set(["export", "declare", "typeset", "readonly", "local"]);

/**
 * Variables that scripts on the way to the program give values of their own, so that what Compose passes may not be
 * what the program gets. Assignments that only one command sees (`A=1 command`) do not count.
 */
export function reassignedIn(scripts: readonly ShellScript[]): Set<string> {
  const names = new Set<string>();
  for (const command of scripts.flatMap(script => script.commands)) {
    if (!command.name) for (const { name } of command.assignments) names.add(name);
    else if (declaring.has(command.name.value ?? ""))
      for (const word of command.words.slice(1)) {
        const name = /^([A-Za-z_]\w*)\+?=/.exec(word.text)?.[1];
        if (name) names.add(name);
      }
  }
  return names;
}

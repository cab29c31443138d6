import type { ShellScript } from "../formats/shell.ts";

const declaring = new Set(["export", "declare", "typeset", "readonly", "local"]);

/**
 * Variables that scripts on the way to the program give values of their own, so that what Compose passes may not be
 * what the program gets. Assignments that only one command sees (`A=1 command`) do not count.
 */
export function reassignedIn(scripts: readonly ShellScript[]): Set<string> {
  const names = new Set<string>();
  for (const command of scripts.flatMap(script => script.commands)) {
    if (!command.name) {
      for (const { name, value } of command.assignments) if (!isKept(name, value.text)) names.add(name);
    } else if (declaring.has(command.name.value ?? ""))
      for (const word of command.words.slice(1)) {
        const name = /^([A-Za-z_]\w*)\+?=/.exec(word.text)?.[1];
        if (name && !isKept(name, word.text.slice(word.text.indexOf("=") + 1))) names.add(name);
      }
  }
  return names;
}

/** `"${NAME:-that}"`: what the environment gives stays. */
function isKept(name: string, value: string): boolean {
  return /^["']?\$\{(\w+):?[-=?][^{}]*\}["']?$/.exec(value)?.[1] === name;
}

/** `source bin/export_secrets.sh`: a file that is called after settings gives the program more than is seen here. */
export function readsSettings(scripts: readonly ShellScript[]): boolean {
  return scripts
    .flatMap(script => script.commands)
    .some(
      ({ name, words }) =>
        /^(?:source|\.)$/.test(name?.value ?? "") &&
        /env(?:iron|$|[._-])|secret|credential|config|settings|export|(?:^|[/._-])vars?(?:[._-]|$)/i.test(
          words[1]?.text ?? "",
        ) &&
        !/activate|v?env\/bin/.test(words[1]?.text ?? ""),
    );
}

/**
 * What scripts on the way to a program set for it in plain words: `export A=1`, and `A=1 exec program`. Undefined where
 * it depends on something, or is set twice in different ways.
 */
export function scriptedValues(
  scripts: readonly ShellScript[],
  program: string | undefined,
): ReadonlyMap<string, string | undefined> {
  const values = new Map<string, string | undefined>();
  const set = (name: string, value: string | undefined, text: string): void => {
    // `${NAME:-that}` leaves what the environment gives.
    if (text.includes(`\${${name}:`)) return;
    values.set(name, values.has(name) && values.get(name) !== value ? undefined : value);
  };
  for (const { name, words, assignments, within } of scripts.flatMap(script => script.commands)) {
    const runsProgram = program !== undefined && words.some(word => word.value === program);
    const sure = within.length === 0;
    if (!name || runsProgram) {
      for (const each of assignments)
        set(each.name, sure && !each.append && !each.indexed ? each.value.value : undefined, each.value.text);
      continue;
    }
    if (!declaring.has(name.value ?? "")) continue;
    for (const word of words.slice(1)) {
      const [, variable, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(word.value ?? "") ?? [];
      const named = variable ?? /^([A-Za-z_]\w*)\+?=/.exec(word.text)?.[1];
      if (named) set(named, sure ? value : undefined, word.text);
    }
  }
  return values;
}

import { filesNamed, isTest, isVendored } from "../artifacts/project-files.ts";
import { basename } from "../core/path.ts";
import { serverServices } from "./query.ts";
import type { PlacedCall, Service, Stack } from "./stack.ts";

/** Files that create accounts, and who runs them. */

/** Code that some call names, as a file or as a management command: only this is read. */
export function calledFiles(stack: Stack): string[] {
  const found = new Set<string>();
  for (const name of calledNames(stack)) {
    if (/\.(?:py|[cm]?[jt]s|sh|bash)$/.test(name))
      for (const path of filesNamed(stack.files, name)) found.add(path);
    for (const path of filesNamed(stack.files, `${name}.py`))
      if (path.includes("/management/commands/")) found.add(path);
  }
  return [...found].filter(path => !isVendored(path) && !isTest(path)).sort();
}

function calledNames(stack: Stack): Set<string> {
  const names = new Set<string>();
  for (const { call, caller } of stack.calls) {
    names.add(basename(caller.file));
    if (call.kind === "program" && call.subcommand?.value) names.add(call.subcommand.value);
    for (const word of call.command.words) names.add(fileName(word.text));
    for (const redirect of call.command.redirects) names.add(fileName(redirect.target.text));
  }
  return names;
}

/** The last part of a path, without quotes. */
function fileName(text: string): string {
  return basename(/["']/.test(text) ? text.replace(/["']/g, "") : text);
}

/** Calls that run a file: by its name, on standard input, or as a management command. The file itself when it is a script. */
export function runsOf(stack: Stack, path: string): PlacedCall[] {
  const name = basename(path);
  const command = /\/management\/commands\/(\w+)\.py$/.exec(path)?.[1];
  return stack.calls.filter(({ call, caller }) => {
    if (caller.file === path) return true;
    if (call.kind === "program" && command !== undefined && call.subcommand?.value === command) return true;
    const texts = [
      ...call.command.words.map(word => word.text),
      ...call.command.redirects.map(each => each.target.text),
    ];
    return texts.some(text => fileName(text) === name);
  });
}

/** The service of a server that runs a script each time it starts. */
export function startsWith(stack: Stack, path: string): Service | undefined {
  return serverServices(stack).find(({ process }) =>
    process?.commands.some(words => words.some(word => word.at.file === path)),
  );
}

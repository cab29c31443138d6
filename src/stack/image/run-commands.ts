import type { RunStep } from "../../artifacts/dockerfile.ts";
import { join } from "../../core/path.ts";
import type { Located, Location } from "../../core/source.ts";
import type { ShellCommand, Word } from "../../formats/shell.ts";
import { parseShell } from "../../formats/shell.ts";

/** One simple command of a RUN step. A word that holds a variable has no value; globs stay as written. */
export interface RunCommand {
  readonly words: readonly Located<string | undefined>[];
  /** Where it runs: absolute, or undefined when a `cd` or WORKDIR is not known. */
  readonly directory: string | undefined;
  /** It may be skipped: in a condition, a loop, or behind `||`. */
  readonly conditional: boolean;
  /** It runs in every build, and the step fails when it fails. */
  readonly decisive: boolean;
  /** Files that its output is written to. */
  readonly outputs: readonly (string | undefined)[];
  readonly at: Location;
}

/** The only place that knows how RUN texts are taken apart. Commands inside `$(...)` are left out: they print. */
export function runCommands(run: RunStep, workdir: string | undefined): RunCommand[] {
  if (run.form === "exec") {
    const words = run.exec ?? [];
    return [{ words, directory: workdir, conditional: false, decisive: true, outputs: [], at: run.at }];
  }
  const commands: RunCommand[] = [];
  // RUN <<EOF alone: the bodies are the script. RUN <<EOF python3: the body is input of a program.
  const isScript = run.heredocs.length > 0 && /^\d*<<-?\s*\S+$/.test(run.fragment.text);
  for (const text of isScript ? run.heredocs.map(each => each.body) : [run.fragment]) {
    let directory = workdir;
    let afterOr = false;
    for (const command of parseShell(text).commands) {
      const conditional =
        afterOr ||
        command.within.some(each => each.construct.kind !== "group" && each.construct.kind !== "subshell");
      afterOr = command.connector === "||" || (afterOr && command.connector === "&&");
      const words = command.words.map(located);
      const outputs = command.redirects
        .filter(each => each.op.includes(">") && !each.op.includes("&"))
        .map(each => each.target.value);
      const decisive = !conditional && command.connector !== "||";
      commands.push({ words, directory, conditional, decisive, outputs, at: command.at });
      directory = changedDirectory(command, directory, conditional);
    }
  }
  return commands;
}

/** A path that a word names; undefined when it may expand to others. */
export function literalPath(word: string | undefined): string | undefined {
  return word !== undefined && !/[*?[~{]/.test(word) ? word : undefined;
}

function located(word: Word): Located<string | undefined> {
  return { value: word.value, at: word.at };
}

function changedDirectory(
  command: ShellCommand,
  directory: string | undefined,
  conditional: boolean,
): string | undefined {
  const name = command.name?.value;
  if (name !== "cd" && name !== "pushd" && name !== "popd") return directory;
  const target = literalPath(command.words[1]?.value);
  if (conditional || name === "popd" || target === undefined || target.startsWith("-")) return undefined;
  if (target.startsWith("/")) return join("/", target);
  return directory === undefined ? undefined : join(directory, target);
}

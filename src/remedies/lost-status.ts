import type { Edit } from "../core/fix.ts";
import { sourceOf } from "../core/project-files.ts";
import type { ShellCommand, ShellScript } from "../formats/shell.ts";
import { failAgain, setOptions } from "../formats/shell-edit.ts";
import { runsNext } from "../stack/query-exit-status.ts";
import type { Stack } from "../stack/stack.ts";

/** A command whose failure goes nowhere: behind `||`, in a pipe, or in a script that goes on. */
export interface LostStatus {
  readonly script: ShellScript;
  readonly command: ShellCommand;
  readonly how: "ignored" | "pipe" | "goes-on";
  /** Nothing ends the script at an error: to take `|| true` away is not enough there. */
  readonly endless?: boolean;
}

/**
 * Makes failures count again: `|| true` goes, `|| echo words` also ends the script, and the options that are missing are
 * set before the script's first command. Undefined when one of them cannot be mended, as a pipe in a plain `sh`.
 */
export function lostStatusEdits(stack: Stack, lost: readonly LostStatus[]): readonly Edit[] | undefined {
  const options = new Map<ShellScript, Set<string>>();
  const edits: (Edit | undefined)[] = [];
  const want = (script: ShellScript, option: string): void =>
    void options.set(script, (options.get(script) ?? new Set()).add(option));
  for (const { script, command, how, endless } of lost) {
    const next = script.commands[command.index + 1];
    const isSilenced = command.connector === "||" && /^(?:true|:)$/.test(next?.name?.value ?? "");
    if (how === "ignored" || isSilenced) edits.push(next && failAgain(command, next));
    if (how === "pipe" && !knowsPipefail(stack, script)) return undefined;
    if (how === "pipe") want(script, "-o pipefail");
    // `|| echo words` gets an `exit` of its own.
    const endsItself = how === "ignored" && !isSilenced;
    const goesOn = endless && !endsItself && runsNext(script, isSilenced && next ? next : command);
    if (how === "goes-on" || goesOn) want(script, "-e");
  }
  for (const [script, wanted] of options) {
    const source = sourceOf(stack, script.fragment.file);
    edits.push(source && setOptions(source, script, [...wanted].sort().join(" ").replace("-e -o", "-eo")));
  }
  return edits.every(edit => edit !== undefined) ? edits : undefined;
}

/** A step of a workflow, or a file that asks for a shell that has `set -o pipefail`. */
function knowsPipefail(stack: Stack, script: ShellScript): boolean {
  const file = stack.scripts.find(each => each.script === script);
  if (file) return /^#!.*\b(bash|zsh|ksh)\b/.test(file.source.text.slice(0, 100).split("\n")[0] ?? "");
  return stack.workflows.some(
    ({ platform, jobs }) =>
      platform === "github" &&
      jobs.some(job => job.steps.some(step => step.run?.script === script && /^bash\b/.test(step.run.shell))),
  );
}

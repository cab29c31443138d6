import type { Edit } from "../core/fix.ts";
import type { ShellCommand, ShellScript } from "../formats/shell.ts";
import { failAgain, setOptions } from "../formats/shell-edit.ts";
import type { Stack } from "../stack/stack.ts";

/** A command whose failure goes nowhere: behind `||`, in a pipe, or in a script that goes on. */
export interface LostStatus {
  readonly script: ShellScript;
  readonly command: ShellCommand;
  readonly how: "ignored" | "pipe" | "goes-on";
}

/**
 * Makes failures count again: `|| true` goes, `|| echo words` also ends the script, and the options that are missing are
 * set before the script's first command. Undefined when one of them cannot be mended, as a pipe in a plain `sh`.
 */
export function lostStatusEdits(stack: Stack, lost: readonly LostStatus[]): readonly Edit[] | undefined {
  const options = new Map<ShellScript, Set<string>>();
  const edits: (Edit | undefined)[] = [];
  for (const { script, command, how } of lost) {
    const next = script.commands[command.index + 1];
    if (how === "ignored") edits.push(next && failAgain(command, next));
    else if (how === "pipe" && !knowsPipefail(stack, script)) return undefined;
    else {
      const wanted = options.get(script) ?? new Set();
      options.set(script, wanted.add(how === "pipe" ? "-o pipefail" : "-e"));
    }
  }
  for (const [script, wanted] of options) {
    const source = stack.sources.get(script.fragment.file);
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

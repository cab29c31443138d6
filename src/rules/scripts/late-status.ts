import type { Evidence } from "../../core/finding.ts";
import { basename } from "../../core/path.ts";
import type { ShellScript } from "../../formats/shell.ts";
import { evidence } from "../../stack/query.ts";
import { operates } from "../../stack/query-counts.ts";
import { type LateStatus, lateStatuses } from "../../stack/query-late-status.ts";
import { onlySpeaks } from "../../stack/query-release.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "scripts/late-status",
  title: "What a script does about a failure is done",
  claim: "failure-is-noticed",
  severity: "medium",
  why: "`set -e` ends the script at the command that fails, before it asks `$?`: nothing is taken back, cleaned up or reported, though the script looks as if it were.",
  *check(stack) {
    for (const { script, file, initially } of scriptsOf(stack)) {
      const late = lateStatuses(script, initially);
      const acting = late.filter(({ unreached }) => unreached.some(acts));
      const [first, ...more] = acting.length > 0 ? acting : late;
      if (!first) continue;
      yield {
        subject: file,
        message: `${file} never does what it is to do when a command fails: \`set -e\` ends it at the command, before \`$?\` is asked.`,
        evidence: [...shown(first), ...more.flatMap(shown)],
        severity: acting.length > 0 && operates.test(basename(file)) ? "medium" : "low",
      };
    }
  },
});

function shown({ command, asks, unreached }: LateStatus): [Evidence, ...Evidence[]] {
  const done = unreached.find(acts) ?? unreached[0]!;
  return [
    evidence((command.name ?? command).at, "a failure ends the script here"),
    evidence(asks.at, "asked after a success only"),
    evidence(done.at, "never runs"),
  ];
}

/** More than a few words and an end. */
function acts({ name }: LateStatus["command"]): boolean {
  const called = name?.value;
  return called !== undefined && !ends.test(called) && !onlySpeaks({ name: called });
}

const ends =
  /^(?:exit|return|false|cd|popd|\[|\[\[|test|cat|tput|(?:log|error|err|warn\w*|info|msg|die|fail|fatal|abort|print|success|status)\w*|(?:show|say)_\w+)$/i;

/** Files for Bash and its like, and the steps of workflows, which run under `bash -e`. */
function* scriptsOf(stack: Stack): Generator<{ script: ShellScript; file: string; initially: boolean }> {
  for (const { script, file, interpreter } of stack.scripts)
    if (/^(?:ba|da|a)?sh$/.test(interpreter ?? "bash")) yield { script, file, initially: false };
  const told = new Set<ShellScript>();
  for (const { call, caller } of stack.calls) {
    if (caller.workflow?.platform !== "github" || call.via !== undefined || told.has(call.script)) continue;
    told.add(call.script);
    yield { script: call.script, file: caller.file, initially: true };
  }
}

import type { Evidence, Severity } from "../../core/finding.ts";
import { addTo } from "../../core/group.ts";
import type { ShellCommand, ShellScript } from "../../formats/shell.ts";
import { lostStatusEdits } from "../../remedies/lost-status.ts";
import { offer } from "../../remedies/offer.ts";
import { evidence, listPlain } from "../../stack/query.ts";
import { successAfter } from "../../stack/query-exit-status.ts";
import { type Lost, lostStatus } from "../../stack/query-lost-dump.ts";
import {
  callerName,
  carriesDump,
  commandPlace,
  dumpsTestData,
  isDump,
  isWorkstationCall,
  stopsOnError,
  worksForWork,
} from "../../stack/query-scripts.ts";
import type { PlacedCall, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "data/backup-failure",
  title: "A backup that fails says so",
  claim: "backup-restores",
  severity: "high",
  why: "The dump that stopped halfway is stored and reported as a good one; that it cannot be restored comes out when it is needed.",
  *check(stack) {
    const seen = new Set<ShellCommand>();
    // Scripts that lose the status in the same way are one habit.
    const groups = new Map<string, Unnoticed[]>();
    const scripts = new Map<ShellScript, string>();
    for (const placed of stack.calls) {
      const { call } = placed;
      if (!(isDump(call) || carriesDump(call)) || seen.has(call.command)) continue;
      if (dumpsTestData(placed)) continue;
      seen.add(call.command);
      const how = lostStatus(stack, placed);
      if (!how) continue;
      const praise = successAfter(call.script, call.command);
      const severity =
        isWorkstationCall(placed) ||
        worksForWork(stack, placed) ||
        /(?:^|\/)(?:docs?|examples?|contrib)\//i.test(placed.caller.file)
          ? "low"
          : (how.said && !praise) || followsGoodDump(stack, placed)
            ? "medium"
            : "high";
      const places = [
        evidence(commandPlace(call), "the dump"),
        how.evidence,
        ...(praise && praise.at !== how.evidence.at && praise.name?.at !== how.evidence.at
          ? [evidence(praise.at, "reports success all the same")]
          : []),
      ];
      // What a script does not switch on is one cause for all its dumps; each status is thrown away by itself.
      const known = how.how === "ignored" ? undefined : scripts.get(call.script);
      const key = known ?? `${severity} ${how.text}`;
      if (how.how !== "ignored") scripts.set(call.script, key);
      addTo(groups, key, { placed, how, severity, places });
    }
    for (const group of groups.values()) {
      const [{ placed, how, severity }] = group as [Unnoticed];
      const callers = [...new Set(group.map(each => callerName(each.placed)))];
      const [first, ...rest] = group.flatMap(each => each.places);
      yield {
        subject: `${placed.caller.file}: ${placed.call.name}`,
        message: `${listPlain(callers)} ${callers.length === 1 ? "does" : "do"} not notice when the dump fails: ${how.text}.`,
        evidence: [first!, ...rest],
        severity,
        fix: () =>
          offer(
            {
              title: "Stop when the dump fails",
              grade: "needs-testing",
              test: "Run the script once as it is, and once with a wrong password: it has to end with an error.",
            },
            lostStatusEdits(
              stack,
              group.map(each => ({
                script: each.placed.call.script,
                command: each.how.command,
                how: each.how.how,
                endless: !stopsOnError(stack, each.placed),
              })),
            ),
          ),
      };
    }
  },
});

/** The script has made another dump before it, and ends when that one fails: nothing is lost with this one. */
function followsGoodDump(stack: Stack, { call, caller }: PlacedCall): boolean {
  // By the text: a function that is called in one case only stands before all that runs.
  return stack.calls.some(
    other =>
      other.caller.file === caller.file &&
      other.call.script === call.script &&
      isDump(other.call) &&
      other.call.command.at.span.start < call.command.at.span.start &&
      lostStatus(stack, other) === undefined,
  );
}

interface Unnoticed {
  readonly placed: PlacedCall;
  readonly how: Lost;
  readonly severity: Severity;
  readonly places: readonly Evidence[];
}

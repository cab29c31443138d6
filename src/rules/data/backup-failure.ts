import type { Evidence, Severity } from "../../core/finding.ts";
import { commandAfter, inCondition, type ShellCommand, type ShellScript } from "../../formats/shell.ts";
import { type LostStatus, lostStatusEdits } from "../../remedies/lost-status.ts";
import { offer } from "../../remedies/offer.ts";
import { evidence } from "../../stack/query.ts";
import {
  isChecked,
  printsOnly,
  runsNext,
  sameFunction,
  successAfter,
} from "../../stack/query-exit-status.ts";
import {
  callerName,
  carriesDump,
  commandPlace,
  dumpsTestData,
  isDump,
  isPipefail,
  isWorkstationCall,
  stopsOnError,
} from "../../stack/query-scripts.ts";
import type { PlacedCall, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const sinks =
  /^(gzip|pigz|bzip2|pbzip2|xz|zstd|lz4|openssl|gpg|gpg2|age|aws|rclone|restic|tee|cat|pv|split|7z|dd|mc|s3cmd|gsutil|ssh|curl|sed|grep)$/;

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
    for (const placed of stack.calls) {
      const { call } = placed;
      if (!(isDump(call) || carriesDump(call)) || seen.has(call.command)) continue;
      if (dumpsTestData(placed)) continue;
      seen.add(call.command);
      const how = lostStatus(stack, placed);
      if (!how) continue;
      const praise = successAfter(call.script, call.command);
      const severity =
        isWorkstationCall(placed) || /(?:^|\/)(?:docs?|examples?|contrib)\//i.test(placed.caller.file)
          ? "low"
          : how.said && !praise
            ? "medium"
            : "high";
      const places = [
        evidence(commandPlace(call), "the dump"),
        how.evidence,
        ...(praise && praise.at !== how.evidence.at && praise.name?.at !== how.evidence.at
          ? [evidence(praise.at, "reports success all the same")]
          : []),
      ];
      const key = `${severity} ${how.text}`;
      groups.set(key, [...(groups.get(key) ?? []), { placed, how, severity, places }]);
    }
    for (const group of groups.values()) {
      const [{ placed, how, severity }] = group as [Unnoticed];
      const callers = [...new Set(group.map(each => callerName(each.placed)))];
      const [first, ...rest] = group.flatMap(each => each.places);
      yield {
        subject: `${placed.caller.file}: ${placed.call.name}`,
        message: `${joined(callers)} ${callers.length === 1 ? "does" : "do"} not notice when the dump fails: ${how.text}.`,
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
              })),
            ),
          ),
      };
    }
  },
});

function joined(names: readonly string[]): string {
  return names.length < 3 ? names.join(" and ") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

interface Unnoticed {
  readonly placed: PlacedCall;
  readonly how: Lost;
  readonly severity: Severity;
  readonly places: readonly Evidence[];
}

interface Lost {
  readonly how: LostStatus["how"];
  /** The command whose status is lost: the dump, or the last one of its pipe. */
  readonly command: ShellCommand;
  readonly text: string;
  readonly evidence: Evidence;
  /** Whoever watches is told. */
  readonly said?: boolean;
}

function lostStatus(stack: Stack, placed: PlacedCall): Lost | undefined {
  const { script, command } = placed.call;
  const members = script.commands.filter(
    other => other.pipeline === command.pipeline && other.within.length === command.within.length,
  );
  const last = members.at(-1) ?? command;
  if (command.connector === "|" || command.connector === "|&") {
    const name = last.name?.value;
    const stores = last.redirects.some(redirect => /^(>|>>|>\|)$/.test(redirect.op));
    if (last === command || name === undefined || !(sinks.test(name) || stores)) return undefined;
    if (isPipefail(stack, placed)) return undefined;
    return {
      how: "pipe",
      command,
      text: `the pipe's status is that of ${name}, which succeeds on half a dump, and no pipefail is set`,
      evidence: evidence(last.name!.at, `only the status of ${name} counts`),
    };
  }
  const next = last.connector === "||" ? commandAfter(script, last) : runsNext(script, last);
  if (inCondition(command) || !next) return undefined;
  if (last.connector === "||") {
    const said = isOnlySaid(script, last, next);
    if (!said && !/^(true|:)$/.test(next.name?.value ?? "")) return undefined;
    return {
      how: "ignored",
      command: last,
      text: `\`|| ${next.name!.text}\` discards its status`,
      evidence: evidence(next.at, "discards the failure"),
      said,
    };
  }
  if (last.connector !== "\n" && last.connector !== ";") return undefined;
  if (stopsOnError(stack, placed) || isChecked(script, last) || !sameFunction(last, next)) return undefined;
  return {
    how: "goes-on",
    command: last,
    text: "the script goes on to the next command, because `set -e` is not on and nothing asks for the status",
    evidence: evidence(next.name?.at ?? next.at, "runs after a failed dump too"),
  };
}

/** `|| echo "skipped"`: a line in a log, and the script goes on as after a good dump. */
function isOnlySaid(script: ShellScript, last: ShellCommand, next: ShellCommand): boolean {
  const name = next.name?.value ?? "";
  if (!/^(?:echo|printf)$/.test(name) && !printsOnly(script, name)) return false;
  // `|| { echo failed; exit 1; }` and `|| echo failed && exit 1`.
  if (next.within.length !== last.within.length || /^(?:&&|\|\|?|end)$/.test(next.connector)) return false;
  // The redirect has made the file: that it is there says nothing, that it holds something does.
  const file = last.redirects.find(({ op }) => /^(?:>|>>|>\|)$/.test(op))?.target.text.replace(/["']/g, "");
  return !script.commands
    .slice(next.index + 1)
    .some(
      ({ name: test, words }) =>
        /^(?:\[|\[\[|test)$/.test(test?.value ?? "") &&
        words.some(word => word.text === "-s") &&
        (file === undefined || words.some(word => word.text.includes(file))),
    );
}

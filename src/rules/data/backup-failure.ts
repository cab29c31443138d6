import type { Evidence } from "../../core/finding.ts";
import {
  commandAfter,
  inCondition,
  type ShellCommand,
  type ShellScript,
  wordsOf,
} from "../../formats/shell.ts";
import { type LostStatus, lostStatusEdits } from "../../remedies/lost-status.ts";
import { offer } from "../../remedies/offer.ts";
import { evidence } from "../../stack/query.ts";
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
    for (const placed of stack.calls) {
      const { call } = placed;
      if (!(isDump(call) || carriesDump(call)) || seen.has(call.command)) continue;
      if (dumpsTestData(placed)) continue;
      seen.add(call.command);
      const how = lostStatus(stack, placed);
      if (!how) continue;
      const praise = successAfter(call.script, call.command);
      yield {
        subject: `${placed.caller.file}: ${call.name}`,
        message: `${callerName(placed)} does not notice when the dump fails: ${how.text}.`,
        evidence: [
          evidence(commandPlace(call), "the dump"),
          how.evidence,
          ...(praise && praise.at !== how.evidence.at && praise.name?.at !== how.evidence.at
            ? [evidence(praise.at, "reports success all the same")]
            : []),
        ],
        severity:
          isWorkstationCall(placed) || /(?:^|\/)(?:docs?|examples?|contrib)\//i.test(placed.caller.file)
            ? "low"
            : "high",
        fix: () =>
          offer(
            {
              title: "Stop when the dump fails",
              grade: "needs-testing",
              test: "Run the script once as it is, and once with a wrong password: it has to end with an error.",
            },
            lostStatusEdits(stack, [{ script: call.script, command: how.command, how: how.how }]),
          ),
      };
    }
  },
});

interface Lost {
  readonly how: LostStatus["how"];
  /** The command whose status is lost: the dump, or the last one of its pipe. */
  readonly command: ShellCommand;
  readonly text: string;
  readonly evidence: Evidence;
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
    const swallows = /^(true|:)$/.test(next.name?.value ?? "");
    return swallows
      ? {
          how: "ignored",
          command: last,
          text: `\`|| ${next.name!.text}\` discards its status`,
          evidence: evidence(next.at, "discards the failure"),
        }
      : undefined;
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

/** The command that runs after this one: not one of another branch. */
function runsNext(script: ShellScript, last: ShellCommand): ShellCommand | undefined {
  if (last.connector === "end") return undefined;
  const left = new Set<unknown>();
  return script.commands.slice(last.index + 1).find(other => {
    for (const { construct, part, patterns } of last.within) {
      const step = other.within.find(each => each.construct === construct);
      if (step && /^(?:if|case)$/.test(construct.kind) && (step.part !== part || step.patterns !== patterns))
        left.add(construct);
    }
    return !other.within.some(step => left.has(step.construct));
  });
}

/** The status is read right after, or the file is looked at later. */
function isChecked(script: ShellScript, last: ShellCommand): boolean {
  const rest = script.commands.slice(last.index + 1);
  const asks = rest
    .slice(0, 2)
    .some(command => [...wordsOf(command)].some(word => /\$\{?(\?|PIPESTATUS)/.test(word.text)));
  if (asks) return true;
  if (/^(exit|return)$/.test(rest[0]?.name?.value ?? "") && rest[0]!.words.length === 1) return true;
  return rest.some(
    command =>
      /^(\[|\[\[|test)$/.test(command.name?.value ?? "") &&
      command.words.some(word => /^-[sfe]$/.test(word.text)),
  );
}

function sameFunction(one: ShellCommand, other: ShellCommand): boolean {
  const inner = one.within.at(-1)?.construct;
  return inner === undefined || other.within.some(step => step.construct === inner);
}

function successAfter(script: ShellScript, command: ShellCommand): ShellCommand | undefined {
  return script.commands
    .slice(command.index + 1)
    .find(
      other =>
        /^(echo|printf|log\w*|info|success)$/.test(other.name?.value ?? "") &&
        /success|complete|created|done|finished|✅|✓/i.test(other.words.map(word => word.text).join(" ")),
    );
}

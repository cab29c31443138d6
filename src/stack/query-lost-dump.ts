import type { Evidence } from "../core/finding.ts";
import { sourceOf } from "../core/project-files.ts";
import { commandAfter, inCondition, type ShellCommand, type ShellScript } from "../formats/shell.ts";
import { evidence } from "./query.ts";
import { isChecked, printsOnly, runsNext, sameFunction } from "./query-exit-status.ts";
import { isPipefail, stopsOnError } from "./query-scripts.ts";
import type { PlacedCall, Stack } from "./stack.ts";

/** How the status of a dump is lost. */

const sinks =
  /^(gzip|pigz|bzip2|pbzip2|xz|zstd|lz4|openssl|gpg|gpg2|age|aws|rclone|restic|tee|cat|pv|split|7z|dd|mc|s3cmd|gsutil|ssh|curl|sed|grep)$/;

export interface Lost {
  readonly how: "pipe" | "ignored" | "goes-on";
  /** The command whose status is lost: the dump, or the last one of its pipe. */
  readonly command: ShellCommand;
  readonly text: string;
  readonly evidence: Evidence;
  /** Whoever watches is told. */
  readonly said?: boolean;
}

export function lostStatus(stack: Stack, placed: PlacedCall): Lost | undefined {
  const { script, command } = placed.call;
  const members = script.commands.filter(
    other => other.pipeline === command.pipeline && other.within.length === command.within.length,
  );
  const last = members.at(-1) ?? command;
  if (command.connector === "|" || command.connector === "|&") {
    const name = last.name?.value;
    const stores = last.redirects.some(redirect => /^(>|>>|>\|)$/.test(redirect.op));
    if (last === command || name === undefined || !(sinks.test(name) || stores)) return undefined;
    if (!isPipefail(stack, placed))
      return {
        how: "pipe",
        command: last,
        text: `the pipe's status is that of ${name}, which succeeds on half a dump, and no pipefail is set`,
        evidence: evidence(last.name!.at, `only the status of ${name} counts`),
        said: isMeasured(stack, last),
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

/** What was written is measured later: a dump that gave nothing is noticed, half of one is not. */
function isMeasured(stack: Stack, { at }: ShellCommand): boolean {
  const rest = sourceOf(stack, at.file)?.text.slice(at.span.end, at.span.end + 1500) ?? "";
  return /\b(?:stat -(?:c|f)|wc -c|du -b)/.test(rest) && /\[\s[^\n]{0,80}\s-l[te]\s/.test(rest);
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

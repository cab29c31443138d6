import type { Script } from "../../artifacts/script.ts";
import { basename, join } from "../../core/path.ts";
import type { Construct, ShellCommand } from "../../formats/shell.ts";
import { evidence } from "../../stack/query.ts";
import { onlySpeaks } from "../../stack/query-release.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "observe/monitor-status",
  title: "A monitoring script ends with an error when a check fails",
  claim: "failure-is-noticed",
  severity: "low",
  why: "Cron, a pipeline or an alert looks at the exit status: with zero on every path nobody hears of the outage.",
  *check(stack) {
    for (const script of stack.scripts) {
      if (!names.test(basename(script.file)) || tells.test(script.source.text)) continue;
      const checks = failedChecks(script);
      const [first, ...more] = checks ?? [];
      if (!first) continue;
      const run = runBy(stack, script.file);
      yield {
        subject: script.file,
        message: `${script.file} only prints that a check failed and ends with status 0 all the same${run ? `, and ${run.file} goes by its status` : ""}.`,
        evidence: [
          evidence(first.at, "a failure is printed, nothing more"),
          ...more.map(each => evidence(each.at, "a failure is printed, nothing more")),
          ...(run ? [evidence(run.at, "runs it")] : []),
        ],
        severity: run ? "medium" : "low",
      };
    }
  },
});

const names =
  /(?:^|[-_.])(?:monitor\w*|health|healthcheck|check[-_]health|uptime|smoke\w*|alive)(?:[-_.]|$)/i;
/** Somebody is told in another way. */
const tells =
  /\b(?:mail|mailx|sendmail|mutt|msmtp|logger|systemd-cat|notify-send|slack|webhook|telegram|pagerduty|opsgenie|healthchecks|hc-ping|discord|alert\w*|ntfy|push_?gateway)\b/i;
const probes = new Set(
  "curl wget nc ncat pg_isready mysqladmin redis-cli docker docker-compose systemctl pgrep ping".split(" "),
);

const requests = new Set(["curl", "wget", "pg_isready", "nc"]);

/** For each check of the script the command that prints its failure; undefined when any check does more than print. */
function failedChecks({ script }: Script): ShellCommand[] | undefined {
  const { commands } = script;
  const checks = script.constructs.filter(
    each =>
      each.kind === "if" && commands.some(command => isIn(command, each, "condition") && isProbe(command)),
  );
  // A check that stands alone gives its own status.
  const alone = (each: ShellCommand) =>
    requests.has(each.name?.value ?? "") &&
    !each.within.some(step => step.part === "condition") &&
    each.connector !== "||" &&
    each.connector !== "|";
  if (commands.some(alone)) return undefined;
  const printed: ShellCommand[] = [];
  for (const check of checks) {
    const otherwise = commands.filter(command => isIn(command, check, "else"));
    if (otherwise.length === 0 || !otherwise.every(speaks)) return undefined;
    printed.push(otherwise[0]!);
  }
  const [first] = printed;
  // Any way to end with an error once the checks have begun, or a count that somebody may look at.
  const ends = commands.some(
    command =>
      first !== undefined &&
      command.index > first.index &&
      /^(?:exit|return|false|kill|test|\[|\[\[|\(\()$/.test(command.name?.value ?? "") &&
      !isHarmless(command, commands),
  );
  return ends ? undefined : printed;
}

function isIn(command: ShellCommand, construct: Construct, part: "condition" | "else"): boolean {
  return command.within.some(each => each.construct === construct && each.part === part);
}

function isProbe({ name, words }: ShellCommand): boolean {
  const called = name?.value ?? "";
  return probes.has(called) && !words.some(word => /^(?:--version|version|info)$/.test(word.value ?? ""));
}

function speaks(command: ShellCommand): boolean {
  const called = command.name?.value;
  return called !== undefined && command.redirects.length === 0 && onlySpeaks({ name: called });
}

/** `exit 0`, `return`, and tests in the condition of an `if`. */
function isHarmless(command: ShellCommand, all: readonly ShellCommand[]): boolean {
  const [name, status] = command.words;
  if (/^(?:exit|return)$/.test(name?.value ?? "")) return status?.value === "0";
  const asked = command.within.some(each => each.part === "condition");
  return asked && command.index < all.length - 1;
}

function runBy(stack: Stack, file: string) {
  const run = stack.calls.find(
    ({ call, caller, deploys }) =>
      call.kind === "program" &&
      (caller.kind === "workflow" || deploys) &&
      caller.file !== file &&
      call.file?.value !== undefined &&
      join(call.cwd ?? "", call.file.value) === file &&
      call.command.connector !== "||",
  );
  return run && { file: run.caller.file, at: run.call.at };
}

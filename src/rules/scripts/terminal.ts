import type { ComposeCall, DockerExecCall, DockerRunCall } from "../../artifacts/commands.ts";
import type { Edit } from "../../core/fix.ts";
import { basename } from "../../core/path.ts";
import { evidence } from "../../stack/query.ts";
import { callerName, isWorkstationCall } from "../../stack/query-scripts.ts";
import type { PlacedCall } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

type Container = ComposeCall | DockerExecCall | DockerRunCall;

export default defineRule({
  id: "scripts/terminal",
  title: "Commands ask for a terminal only where there is one",
  claim: "failure-is-noticed",
  severity: "medium",
  why: 'Docker refuses the command with "the input device is not a TTY": the backup, the restore or the migration is not done.',
  *check(stack) {
    const seen = new Set<string>();
    for (const placed of stack.calls) {
      const { call } = placed;
      if (call.kind !== "compose" && call.kind !== "docker-exec" && call.kind !== "docker-run") continue;
      const key = `${call.at.file}:${call.at.span.start}`;
      if (seen.has(key) || !asksForTerminal(call)) continue;
      const why = noTerminal(placed, call);
      if (!why) continue;
      seen.add(key);
      yield {
        subject: `${placed.caller.file}: ${titleOf(call)} ${nameOf(call)}`.trim(),
        message: `${callerName(placed)} asks for a terminal for \`${titleOf(call)}\`, ${why.text}: Docker refuses it.`,
        severity: isWorkstationCall(placed)
          ? "low"
          : /back-?_?up|restor/i.test(placed.caller.file)
            ? "high"
            : "medium",
        ...(why.sure ? {} : { confidence: "likely" as const }),
        evidence: [evidence(call.at, why.shows)],
        fix: () => {
          const edit = withoutTerminal(call);
          return (
            edit && {
              title: "Ask for no terminal",
              grade: "needs-testing" as const,
              edits: [edit],
              test: "Run the command as the machine does: with its input from a file and its output into one.",
            }
          );
        },
      };
    }
  },
});

function asksForTerminal(call: Container): boolean {
  if (call.kind === "compose") return call.subcommand === "exec" && call.exec?.tty === true && !call.detach;
  if (call.kind === "docker-exec") return call.tty && call.interactive;
  const has = (...names: string[]) =>
    call.flags.some(flag => names.includes(flag.name) && flag.value?.value !== "false");
  return !call.detach && has("-t", "--tty") && has("-i", "--interactive");
}

/** Scripts that a timer starts. */
const unattended = /(^|[^a-z])(back-?_?up\w*|renew\w*|rotate\w*|cron\w*|nightly)([^a-z]|$)/i;

function noTerminal({ call: { stdin, remote, via }, caller, deploys }: PlacedCall, call: Container) {
  const given = stdin === "file" || stdin === "pipe" || stdin === "heredoc";
  if (call.kind === "compose" && !call.legacy) {
    // Compose 2 asks for one only when its output goes to a terminal: a restore that somebody types, not a timer.
    const shown = call.writes.length === 0 && !/^\|/.test(call.command.connector);
    if (!given || remote || caller.kind === "workflow" || !shown || via === "substitution") return undefined;
    return {
      text: `and gives it a ${stdin === "pipe" ? "pipe" : "file"} for its input`,
      shows: "no -T: refused when somebody starts it at a terminal",
      sure: false,
    };
  }
  const sure = call.kind !== "compose";
  if (given) {
    const what = stdin === "pipe" ? "pipe" : "file";
    return {
      text: `and gives it a ${what} for its input`,
      shows: call.kind === "compose" ? `no -T, and the input is a ${what}` : `-t, and the input is a ${what}`,
      sure,
    };
  }
  if (caller.kind === "workflow" && (deploys || caller.workflow?.platform === "github"))
    return { text: "and a job has none", shows: "a job has no terminal", sure };
  const name = basename(caller.file);
  // "manual_backup.sh" is started by somebody who has one.
  if (caller.kind === "script" && unattended.test(name) && !/manual|by[-_]?hand/i.test(name))
    return {
      text: "and a timer that starts the script has none",
      shows: "cron has no terminal",
      sure: false,
    };
  return undefined;
}

function withoutTerminal(call: Container): Edit | undefined {
  if (call.kind === "compose") {
    const exec = call.command.words.find(word => word.value === "exec");
    return (
      exec && { at: { ...exec.at, span: { start: exec.at.span.end, end: exec.at.span.end } }, text: " -T" }
    );
  }
  const word = call.command.words.find(each => /^-[a-z]*t[a-z]*$/.test(each.value ?? ""));
  if (!word?.value) return undefined;
  const rest = word.value.replace("t", "");
  return rest === "-" ? undefined : { at: word.at, text: rest };
}

function titleOf(call: Container): string {
  if (call.kind === "compose") return `${call.legacy ? "docker-compose" : "docker compose"} exec`;
  return call.kind === "docker-exec" ? "docker exec" : "docker run";
}

function nameOf(call: Container): string {
  if (call.kind === "compose") return call.services[0]?.value ?? "";
  return (call.kind === "docker-exec" ? call.container : call.image)?.value ?? "";
}

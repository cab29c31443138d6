import type { Call } from "../../artifacts/commands.ts";
import type { Severity } from "../../core/finding.ts";
import { addTo } from "../../core/group.ts";
import type { ShellCommand, ShellScript } from "../../formats/shell.ts";
import { evidence } from "../../stack/query.ts";
import { endOf } from "../../stack/query-release.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "release/exec-eats-stdin",
  title: "Every command of a script that a shell reads from its input runs",
  claim: "pipeline-gates",
  severity: "high",
  why: "A command that forwards standard input swallows the rest of the script; what follows never runs and the step still ends with success.",
  *check(stack) {
    const scripts = new Map<ShellScript, { call: Call; deploys: boolean }[]>();
    for (const { call, deploys } of stack.calls) {
      if (call.stdin !== "script" || call.function !== undefined || !forwardsInput(call)) continue;
      addTo(scripts, call.script, { call, deploys });
    }
    const endless = stack.calls.flatMap(({ call }) =>
      call.command.redirects.flatMap(({ heredoc, at }) => (heredoc && !heredoc.terminated ? [at] : [])),
    );
    for (const [script, found] of scripts) {
      // A heredoc that never ends takes in what was meant for the local shell: that is the thing to mend first.
      if (
        endless.some(at => at.file === found[0]!.call.at.file && at.span.start < found[0]!.call.at.span.start)
      )
        continue;
      const eating = found.filter(({ call }) => rest(script, call.command).length > 0);
      const first = eating[0];
      if (!first) continue;
      const lost = rest(script, first.call.command);
      const matters = lost.filter(command => !/^(echo|printf|exit|true|:)$/.test(command.name?.value ?? ""));
      const shown = matters[0] ?? lost[0]!;
      const places = [...new Map(eating.map(({ call }) => [call.at.span.start, call])).values()];
      yield {
        subject:
          `${first.call.at.file} ${title(first.call)} ${first.call.kind === "compose" ? (first.call.services[0]?.value ?? "") : ""}`.trim(),
        message: `The shell reads this script from its input, and \`${title(first.call)}\` reads that same input: the ${lost.length === 1 ? "command" : `${lost.length} commands`} after it never ${lost.length === 1 ? "runs" : "run"}, and the step ends with success.`,
        severity: matters.length === 0 ? "low" : severityOf(stack, first),
        evidence: [
          evidence(first.call.at, "swallows the rest of the script"),
          evidence(shown.at, "never runs"),
          ...places
            .filter(call => call !== first.call && call.command !== shown)
            .map(call => evidence(call.at, "would swallow the rest as well")),
        ],
        fix: () => ({
          title: "Give the command an empty input",
          grade: "needs-testing",
          edits: places.map(call => ({ at: endOf(call.at), text: " </dev/null" })),
        }),
      };
    }
  },
});

/** What a release loses is critical; a script that starts and changes no program there has left its own work half done. */
function severityOf({ calls }: Stack, { call, deploys }: { call: Call; deploys: boolean }): Severity {
  if (!deploys) return "high";
  const beside = calls.filter(each => each.call.at.file === call.at.file).map(each => each.call);
  return beside.some(isReleasing) ? "critical" : "medium";
}

const releasing = /^(?:up|pull|build|start|restart|create|push|run|stack deploy|service update)$/;

function isReleasing(call: Call): boolean {
  if (call.kind === "compose") return call.subcommand === undefined || releasing.test(call.subcommand);
  if (call.kind === "docker-run" || call.kind === "docker-build") return true;
  if (call.kind === "docker") return releasing.test(call.verb);
  if (/migrate|upgrade|loaddata|collectstatic/.test(call.args.map(({ value }) => value ?? "").join(" ")))
    return true;
  return /^(?:systemctl|service|pm2|supervisorctl|git|kubectl|helm|make|npm|yarn|pnpm)$/.test(call.name);
}

/** It passes its own standard input on to the container or the other machine. */
function forwardsInput(call: Call): boolean {
  const off = (names: readonly string[]) =>
    "flags" in call && call.flags.some(flag => names.includes(flag.name) && flag.value?.value === "false");
  if (call.kind === "compose")
    return call.exec !== undefined && !call.exec.tty && !call.detach && !off(["--interactive", "-i"]);
  if (call.kind === "docker-exec") return call.interactive && !call.tty;
  if (call.kind === "docker-run")
    return (
      !call.detach &&
      call.flags.some(flag => flag.name === "-i" || flag.name === "--interactive") &&
      !call.flags.some(flag => flag.name === "-t" || flag.name === "--tty")
    );
  return (
    call.kind === "ssh" &&
    call.remoteCommand.length > 0 &&
    !call.flags.some(flag => flag.name === "-n" || flag.name === "-f")
  );
}

function title(call: Call): string {
  if (call.kind === "compose") return `compose ${call.subcommand}`;
  return call.kind === "ssh" ? "ssh" : call.kind === "docker-run" ? "docker run" : "docker exec";
}

/** What the shell has not read yet when the command starts: it reads whole lines and whole constructs. */
function rest(script: ShellScript, command: ShellCommand): ShellCommand[] {
  const units = [
    ...script.commands.filter(each => each.within.length === 0),
    ...script.constructs.filter(each => !script.constructs.some(outer => contains(outer.at, each.at))),
  ].sort((a, b) => a.at.span.start - b.at.span.start);
  const own = units.findIndex(
    unit => unit === command || unit === command.within[0]?.construct || contains(unit.at, command.at),
  );
  let last = own;
  while (last < units.length - 1 && units[last] && !/^(\n|end)$/.test(units[last]!.connector)) last++;
  const end = units[last]?.at.span.end;
  return end === undefined ? [] : script.commands.filter(each => each.at.span.start >= end);
}

function contains(outer: Call["at"], inner: Call["at"]): boolean {
  return outer.span.start < inner.span.start && inner.span.end <= outer.span.end;
}

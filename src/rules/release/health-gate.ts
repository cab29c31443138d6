import type { Call, HttpCall } from "../../artifacts/commands.ts";
import type { Evidence } from "../../core/finding.ts";
import type { Location } from "../../core/source.ts";
import type { Construct, ShellCommand } from "../../formats/shell.ts";
import { faults, gateFix } from "../../remedies/release-gate.ts";
import { evidence } from "../../stack/query.ts";
import { constantAnswer } from "../../stack/query-constant-answers.ts";
import { printsOnly } from "../../stack/query-exit-status.ts";
import { onlySpeaks, projectOf, type ReleaseRun, releaseRuns, wordsOf } from "../../stack/query-release.ts";
import type { ComposeProject, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "release/health-gate",
  title: "A release that does not serve is reported as failed",
  claim: "pipeline-gates",
  severity: "high",
  why: "A success test that passes for a broken release leaves it in production, and the next release removes the last good one.",
  *check(stack) {
    for (const run of releaseRuns(stack)) {
      const checks = checksAfterStart(run);
      const project = run.placed.map(each => projectOf(stack, each)).find(each => each !== undefined);
      const faulty = checks.flatMap((call): Faulty[] => {
        const fault = faultOf(call, run);
        if (fault) return [{ call, fault }];
        const answer = project && call.kind === "http" && answerTo(stack, project, call);
        return answer ? [{ call, fault: faults.answeredByProxy, answer }] : [];
      });
      const first = faulty[0];
      if (!first) {
        if (checks[0])
          yield { subject: run.title, kept: evidence(checks[0].at, "the release is tested here") };
        continue;
      }
      const sound =
        checks.length > faulty.length || run.starts.some(call => call.kind === "compose" && call.wait);
      const places = faulty.flatMap(({ call, fault, answer }): Evidence[] => [
        evidence(call.at, fault),
        ...(answer ? [evidence(answer, "answers without asking a program")] : []),
      ]);
      yield {
        subject: run.title,
        message: sound
          ? `Not every test that follows the release in ${run.title} can fail: ${first.fault}.`
          : `The release in ${run.title} is called a success even when it does not serve: ${first.fault}.`,
        severity: sound ? "medium" : "high",
        evidence: [places[0]!, ...places.slice(1)],
        fix: () => gateFix(faulty),
      };
    }
  },
});

interface Faulty {
  readonly call: Call;
  readonly fault: string;
  /** The line of the proxy that answers. */
  readonly answer?: Location;
}

function answerTo(stack: Stack, project: ComposeProject, { urls }: HttpCall): Location | undefined {
  return (
    urls
      .map(url => url.value && constantAnswer(stack, project, url.value))
      .find(each => each !== undefined) || undefined
  );
}

/** Commands behind the first start whose status or output is meant to say whether the release works. */
function checksAfterStart({ calls, starts }: ReleaseRun): Call[] {
  const behind = calls.slice(calls.indexOf(starts[0]!) + 1);
  return behind.filter(call => {
    if (call.name === "grep") return listsContainers(before(call));
    if (call.kind === "docker") return call.verb === "inspect";
    if (call.kind === "docker-exec" || (call.kind === "compose" && call.exec !== undefined))
      // A migration that is tried is work, not a look at the release.
      return isCondition(call.command) && !work.test(wordsOf(call));
    return isProbe(call) && !endsInFailure(call);
  });
}

const work =
  /\b(?:migrat\w*|goose|alembic|flyway|liquibase|db:\w+|upgrade|seed\w*|collectstatic|createsuperuser)\b/;

/** What is printed on the way to `exit 1` is no test any more. */
function endsInFailure({ command, script }: Call): boolean {
  return script.commands
    .slice(command.index + 1)
    .some(
      each =>
        each.name?.value === "exit" &&
        Number(each.words[1]?.value ?? 0) > 0 &&
        each.within.length <= command.within.length &&
        each.within.every(
          (step, index) =>
            step.construct === command.within[index]!.construct && step.part === command.within[index]!.part,
        ) &&
        script.commands[each.index - 1]?.connector !== "||",
    );
}

function isProbe(call: Call): boolean {
  if (call.kind !== "http" || call.via === "substitution" || call.command.connector === "|") return false;
  const sends = call.flags.some(flag =>
    /^(-X|--request|-d|--data.*|-F|--form|-w|--write-out|-T)$/.test(flag.name),
  );
  return (
    !sends && call.urls.some(url => /localhost|127\.0\.0\.1|health|ready|status|\/ping/i.test(url.word.text))
  );
}

/** The command whose output goes into this one. */
function before(call: Call): ShellCommand | undefined {
  const { command, script } = call;
  return command.stage === 0
    ? undefined
    : script.commands.find(each => each.pipeline === command.pipeline && each.stage === command.stage - 1);
}

function listsContainers(command: ShellCommand | undefined): boolean {
  const words = command?.words.map(word => word.text) ?? [];
  return /^(docker|docker-compose|podman)$/.test(words[0] ?? "") && words.includes("ps");
}

function faultOf(call: Call, { calls }: ReleaseRun): string | undefined {
  if (call.name === "grep") return grepFault(call) ?? ignored(call);
  if (call.kind !== "http") return call.kind === "docker" ? undefined : harmlessElse(call, calls);
  const used =
    isCondition(call.command) || call.command.connector === "&&" || call.command.connector === "||";
  return (
    ignored(call) ?? harmlessElse(call, calls) ?? (!call.fails && used ? faults.acceptsErrors : undefined)
  );
}

function grepFault(call: Call): string | undefined {
  const inverted = call.args.some(
    arg => /^-[a-zA-Z]*[vcw]/.test(arg.word.text) || arg.word.text === "--count",
  );
  const pattern = call.args.find(arg => !arg.word.text.startsWith("-"))?.value;
  if (inverted || pattern === undefined) return undefined;
  if (/^['"]?healthy/.test(pattern)) return faults.foundInUnhealthy;
  const words = before(call)!.words.map(word => word.text);
  const named = words.slice(words.indexOf("ps") + 1).some(word => !word.startsWith("-"));
  if (/^(Up|running)\b/i.test(pattern) && !named) return "one running service of many is enough";
  return undefined;
}

/** `|| true`, `|| echo failed`: the failure goes nowhere. */
function ignored({ command, script }: Call): string | undefined {
  if (command.connector !== "||" || isCondition(command)) return undefined;
  const next = script.commands[command.index + 1];
  if (!next || next.within.length !== command.within.length || next.connector === "&&") return undefined;
  return onlySpeaks({ name: next.name?.value ?? "?" }) && next.connector !== "||"
    ? faults.ignored
    : undefined;
}

function isCondition(command: ShellCommand): boolean {
  return command.within.at(-1)?.part === "condition";
}

/** `if probe; then echo fine; else echo broken; fi`: no branch changes what happens next. */
function harmlessElse(call: Call, calls: readonly Call[]): string | undefined {
  const step = call.command.within.at(-1);
  if (step?.part !== "condition" || step.construct.kind !== "if" || call.command.negated) return undefined;
  const inside = (construct: Construct) =>
    call.script.commands.filter(each => each.within.some(other => other.construct === construct));
  const branches = inside(step.construct).filter(
    each => !each.within.some(other => other.construct === step.construct && other.part === "condition"),
  );
  // Tried again and again, and nothing behind the last try ends with an error.
  const retried = call.command.within.some(({ construct }) => /^(?:for|while|until)$/.test(construct.kind));
  if (retried && behind(call).some(each => failing.test(each.name?.value ?? ""))) return undefined;
  const harmless = branches.every(each => {
    const own = calls.find(other => other.command === each);
    const name = each.name?.value ?? "?";
    return (
      onlySpeaks({ name }) ||
      printsOnly(call.script, name) ||
      (own !== undefined && looksAtLogs(own)) ||
      (retried && (each.words.length === 0 || /^(?:break|continue|\[|\[\[|\(\(|test|let)$/.test(name)))
    );
  });
  return harmless ? "both outcomes end the same way" : undefined;
}

const failing = /^(?:exit|return|false|die|fail\w*|error\w*|abort\w*|rollback\w*)$/;

function behind({ command, script }: Call): readonly ShellCommand[] {
  return script.commands.slice(command.index + 1);
}

/** `docker compose logs`, `docker logs`: shows what went wrong, and changes nothing. */
function looksAtLogs(call: Call): boolean {
  return call.kind === "compose"
    ? ["logs", "ps"].includes(call.subcommand ?? "")
    : call.kind === "docker" && /^(?:logs|ps)$/.test(call.verb);
}

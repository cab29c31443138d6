import type { Call } from "../../artifacts/commands.ts";
import type { ShellCommand } from "../../formats/shell.ts";
import { type LostStatus, lostStatusEdits } from "../../remedies/lost-status.ts";
import { offer } from "../../remedies/offer.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { hostReleases, onlyAsked } from "../../stack/query-host-releases.ts";
import {
  buildsItsOwn,
  fetchesImages,
  migrates,
  onlySpeaks,
  optionAt,
  pipesStrict,
  type ReleaseRun,
  releaseRuns,
  startsContainers,
  startsStrict,
} from "../../stack/query-release.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "release/fails-open",
  title: "A step of the release that fails ends the release",
  claim: "pipeline-gates",
  severity: "medium",
  why: "A shell goes on after a failed command: a build or migration that broke is followed by the rest, and the release is reported as done.",
  *check(stack) {
    for (const run of [...releaseRuns(stack), ...hostReleases(stack)]) {
      const places = run.placed
        .filter(each => each.caller.kind !== "makefile" && step(each.call, run) !== undefined)
        .flatMap(placed => {
          const { call } = placed;
          const shows = goesOn(call, stack, run);
          // Only known images of others would be newer.
          if (shows === ignored && step(call, run) === "the download" && buildsItsOwn(stack, placed))
            return [];
          return shows ? [{ call, shows }] : [];
        });
      // `compose exec` and what it runs stand in one command.
      const loose = places.filter(
        ({ call }, index) => places.findIndex(other => other.call.command === call.command) === index,
      );
      const first = loose[0];
      if (!first) continue;
      const steps = [...new Set(loose.map(({ call }) => step(call, run)!))];
      yield {
        subject: run.title,
        message: `The release in ${run.title} does not stop when ${steps.join(" or ")} fails.`,
        severity: weigh(run.grade, steps.includes("the migration") ? "high" : "medium"),
        evidence: [
          evidence(first.call.at, first.shows),
          ...loose.slice(1).map(({ call, shows }) => evidence(call.at, shows)),
        ],
        fix: () =>
          offer(
            {
              title: "Stop at the first error",
              grade: "needs-testing",
              test: "Release once to a copy of the server: a command that has always failed harmlessly stops the script now.",
            },
            lostStatusEdits(stack, loose.map(howLost)),
          ),
      };
    }
  },
});

const withoutErrexit = "a failure does not stop the script";
const ignored = "its failure is ignored";

/** The steps that nothing may follow when they fail. */
function step(call: Call, { starts }: ReleaseRun): string | undefined {
  if (starts.some(start => carries(call, start))) return "the start";
  if (migrates(call)) return "the migration";
  if (call.kind === "compose" && call.subcommand === "pull") return "the download";
  if (call.kind === "docker" && call.verb === "pull") return "the download";
  if (startsContainers(call)) return "the start";
  if (fetchesImages(call)) return "the build";
  return undefined;
}

/** A shell that is given the start in a heredoc: its status is that of what happens inside. */
function carries(call: Call, start: Call): boolean {
  if (call.stdin !== "heredoc" || call.script === start.script || !/-stdin$/.test(start.via ?? ""))
    return false;
  const next = call.script.commands[call.command.index + 1];
  const { start: offset } = start.at.span;
  return call.at.span.start < offset && (next === undefined || offset < next.at.span.start);
}

/** How the script gets past a failure of this call; undefined when it does not, or when it cannot be told. */
function goesOn(call: Call, stack: Stack, run: ReleaseRun): string | undefined {
  const { command, script } = call;
  if (call.via === "substitution" || call.function !== undefined) return undefined;
  // `docker exec` ends as what it runs; a shell between them may have options of its own.
  if (call.via === "exec" && command.connector !== "||") return undefined;
  if (onlyAsked(call)) return "a failure is only spoken of";
  if (command.within.some(({ part, construct }) => part === "condition" || construct.kind === "function"))
    return undefined;
  const strict = optionAt(script, "errexit", command.index, startsStrict(call, stack));
  if (command.connector === "|") {
    const piped = optionAt(script, "pipefail", command.index, pipesStrict(call, stack));
    return piped ? undefined : "the pipe hides a failure";
  }
  const next = script.commands[command.index + 1];
  if (command.connector === "||")
    return next?.within.length === command.within.length &&
      onlySpeaks({ name: next.name?.value ?? "?" }) &&
      !/^(&&|\|\|)$/.test(next.connector)
      ? ignored
      : undefined;
  if (strict || command.connector === "&" || command.words.length === 0) return undefined;
  // What is joined by && stops together; the end of that list decides.
  let last = command;
  while (last.connector === "&&" || last.connector === "|") {
    const follower = script.commands[last.index + 1];
    if (!follower || follower.within.length !== command.within.length) return undefined;
    last = follower;
  }
  if (last.connector === "||") return undefined;
  const rest = script.commands.slice(last.index + 1).filter(each => !alternative(command, each));
  const matters = rest.filter(each => !/^(exit|fi|done)$/.test(each.name?.value ?? ""));
  if (matters.length === 0 || asksForStatus(rest[0])) return undefined;
  return run.calls.some(other => other.command === matters[0] || matters.includes(other.command))
    ? withoutErrexit
    : undefined;
}

/** Stands in a branch that is not taken when the first one is. */
function alternative(command: ShellCommand, other: ShellCommand): boolean {
  return command.within.some(
    (step, index) =>
      other.within[index]?.construct === step.construct &&
      (other.within[index]?.part !== step.part || other.within[index]?.patterns !== step.patterns),
  );
}

function asksForStatus(command: ShellCommand | undefined): boolean {
  return [...(command?.words ?? []), ...(command?.assignments.map(each => each.value) ?? [])].some(word =>
    word.parts.some(part => part.kind === "variable" && part.name === "?"),
  );
}

/** How each of them loses its status, for the fix. */
function howLost({ call, shows }: { readonly call: Call; readonly shows: string }): LostStatus {
  const how = shows === ignored ? "ignored" : shows === withoutErrexit ? "goes-on" : "pipe";
  return { script: call.script, command: call.command, how };
}

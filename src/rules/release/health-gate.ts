import type { Call, HttpCall } from "../../artifacts/commands.ts";
import type { Evidence } from "../../core/finding.ts";
import { addTo } from "../../core/group.ts";
import type { Location } from "../../core/source.ts";
import { faults, gateFix } from "../../remedies/release-gate.ts";
import { evidence, listPlain, weigh } from "../../stack/query.ts";
import { constantAnswer } from "../../stack/query-constant-answers.ts";
import { onlySpeaks, projectOf, type ReleaseRun, releaseRuns, wordsOf } from "../../stack/query-release.ts";
import { checksAfterStart, harmlessElse, isCondition, listedBy } from "../../stack/query-release-checks.ts";
import type { ComposeProject, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "release/health-gate",
  title: "A release that does not serve is reported as failed",
  claim: "pipeline-gates",
  severity: "high",
  why: "A success test that passes for a broken release leaves it in production, and the next release removes the last good one.",
  *check(stack) {
    const groups = new Map<string, Failing[]>();
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
        checks.length > faulty.length ||
        comparesCode(run) ||
        run.starts.some(call => call.kind === "compose" && call.wait);
      // A job that stands in two workflows is one that was copied; scripts of one hand have the same habit.
      const { kind, workflow, name } = run.placed[0]!.caller;
      const script = kind === "script";
      const same = new Set(faulty.map(({ call, fault }) => (script ? fault : `${fault} ${wordsOf(call)}`)));
      addTo(groups, [workflow ? name : script ? "" : run.title, sound, run.grade, ...same].join("\n"), {
        run,
        faulty,
        sound,
      });
    }
    for (const group of groups.values()) {
      const [{ run, faulty, sound }] = group as [Failing];
      const places = group
        .flatMap(each => each.faulty)
        .flatMap(({ call, fault, answer }): Evidence[] => [
          evidence(call.at, fault),
          ...(answer ? [evidence(answer, "answers without asking a program")] : []),
        ]);
      const titles = listPlain(group.map(each => each.run.title));
      const [release, is] =
        group.length === 1
          ? ["release", "is called a success even when it does"]
          : ["releases", "are called a success even when they do"];
      yield {
        subject: run.title,
        message: sound
          ? `Not every test that follows the ${release} in ${titles} can fail: ${faulty[0]!.fault}.`
          : `The ${release} in ${titles} ${is} not serve: ${faulty[0]!.fault}.`,
        severity: weigh(run.grade, sound ? "medium" : "high"),
        evidence: [places[0]!, ...places.slice(1)],
        fix: () => gateFix(group.flatMap(each => each.faulty)),
      };
    }
  },
});

/** The code of an answer is kept in a variable, to be compared. */
function comparesCode({ calls, starts }: ReleaseRun): boolean {
  return calls
    .slice(calls.indexOf(starts[0]!) + 1)
    .some(
      call =>
        call.kind === "http" &&
        call.via === "substitution" &&
        /%\{(?:http|response)_code\}/.test(wordsOf(call)),
    );
}

interface Failing {
  readonly run: ReleaseRun;
  /** Never empty. */
  readonly faulty: readonly Faulty[];
  /** Another test can fail. */
  readonly sound: boolean;
}

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

function faultOf(call: Call, { calls }: ReleaseRun): string | undefined {
  if (call.name === "grep") return grepFault(call, calls) ?? ignored(call);
  if (call.kind !== "http") return call.kind === "docker" ? undefined : harmlessElse(call, calls);
  const used =
    isCondition(call.command) || call.command.connector === "&&" || call.command.connector === "||";
  return (
    ignored(call) ?? harmlessElse(call, calls) ?? (!call.fails && used ? faults.acceptsErrors : undefined)
  );
}

function grepFault(call: Call, calls: readonly Call[]): string | undefined {
  const inverted = call.args.some(
    arg => /^-[a-zA-Z]*[vcw]/.test(arg.word.text) || arg.word.text === "--count",
  );
  const pattern = call.args.find(arg => !arg.word.text.startsWith("-"))?.value;
  // What is counted is compared with a number.
  const next = call.script.commands[call.command.index + 1];
  const counted = call.command.connector === "|" && next?.name?.value === "wc";
  if (inverted || counted || pattern === undefined) return undefined;
  if (/^['"]?healthy/.test(pattern)) return faults.foundInUnhealthy;
  const isNamed = (listedBy(call, calls) ?? []).length > 0;
  if (/^(Up|running)\b/i.test(pattern) && !isNamed) return "one running service of many is enough";
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

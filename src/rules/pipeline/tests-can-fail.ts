import type { Call } from "../../artifacts/commands.ts";
import type { Job, Step } from "../../artifacts/workflow.ts";
import type { Evidence } from "../../core/finding.ts";
import { join } from "../../core/path.ts";
import { type LostStatus, lostStatusEdits } from "../../remedies/lost-status.ts";
import { offer } from "../../remedies/offer.ts";
import { dropContinue } from "../../remedies/workflow-edit.ts";
import { evidence } from "../../stack/query.ts";
import { isTest, onlySpeaks, optionAt, wordsOf } from "../../stack/query-release.ts";
import { hidesFromOthers, jobsBefore } from "../../stack/query-steps.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "pipeline/tests-can-fail",
  title: "A failing test makes the pipeline fail",
  claim: "pipeline-gates",
  severity: "medium",
  why: "Tests whose result is thrown away are green whatever the code does; everything that waits for them waits for nothing.",
  *check(stack) {
    for (const workflow of stack.workflows) {
      // A comment asked for it: no change waits for the result.
      if (workflow.triggers.length > 0 && workflow.triggers.every(({ event }) => event === "issue_comment"))
        continue;
      const places: Evidence[] = [];
      const hidden: Step[] = [];
      const statuses: LostStatus[] = [];
      for (const job of workflow.jobs)
        for (const step of job.steps.filter(each => !toldOpenly.test(each.name?.value ?? "")))
          for (const call of step.calls) {
            places.push(...lostInScript(stack, step, call));
            if (!runsTests(call) || call.via !== undefined) continue;
            // The same tests once more, for a report.
            if (/--cov|coverage/.test(wordsOf(call)) && jobsBefore(workflow, job).some(testsSoundly))
              continue;
            if (step.continueOnError) {
              places.push(evidence(call.at, "`continue-on-error` hides the result"));
              if (!hidden.includes(step)) hidden.push(step);
            } else if (hidesFromOthers(workflow, job)) {
              places.push(evidence(call.at, "`continue-on-error` of its job hides the result"));
            } else {
              const shows = lost(call, step.run?.pipefail ?? false);
              if (!shows) continue;
              places.push(evidence(call.at, shows));
              statuses.push({ ...call, how: shows === inPipe ? "pipe" : "ignored" });
            }
          }
      const [first, ...more] = places;
      if (!first) continue;
      const ofJob = workflow.jobs.some(job => hidesFromOthers(workflow, job)) ? [undefined] : [];
      const shown = [...ofJob, ...hidden.map(step => dropContinue(stack, step))];
      yield {
        subject: workflow.file,
        message: `${places.length === 1 ? "A test" : `${places.length} tests`} of ${workflow.file} cannot fail: ${first.shows}.`,
        evidence: [first, ...more],
        fix: () =>
          offer(
            {
              title: "Let a failing test fail the job",
              grade: "needs-testing",
              test: "Run the pipeline: tests that have failed unseen until now stop it.",
            },
            [...shown, ...(lostStatusEdits(stack, statuses) ?? [undefined])],
          ),
      };
    }
  },
});

const inPipe = "the pipe hides the result";
// Whoever reads the run sees it.
const toldOpenly = /\ballow\w* (?:to )?fail/i;

/** Tests proper: linters and scanners are often meant as advice. */
function runsTests(call: Call): boolean {
  const words = wordsOf(call);
  return (
    isTest(words) &&
    /\btests?\b|unittest|pytest|vitest|jest|rspec|phpunit|cypress|playwright|mocha/.test(words) &&
    !/ (install(?:-deps)?|merge-reports|show-(?:report|trace)|verify|--version|--help|--collect-only|--list(?:Tests)?)\b/.test(
      words,
    )
  );
}

/** `./run-tests.sh`, which tests, says how it went, and ends well whatever the result. */
function lostInScript(stack: Stack, step: Step, call: Call): Evidence[] {
  if (call.via !== undefined || call.remote || call.command.connector === "||" || step.continueOnError)
    return [];
  const words = call.command.words.map(word => word.value);
  const file = /^(?:ba|da)?sh$/.test(words[0] ?? "") ? words[1] : words[0];
  if (file === undefined || !/\.sh$/.test(file) || call.cwd === undefined) return [];
  const script = stack.scripts.find(each => each.file === join(call.cwd!, file));
  const tested = script?.calls.find(
    each => each.script === script.script && each.via === undefined && runsTests(each),
  );
  if (!script || !tested || /^#!.*\s-\w*e/.test(script.source.text.split("\n")[0] ?? "")) return [];
  const { command } = tested;
  const rest = script.script.commands.slice(command.index + 1);
  const ends = /^(?:\n|;|end)$/.test(command.connector) && command.within.length === 0;
  const goesOn = rest.some(each => each.within.length === 0 && speaks(each.name?.value));
  if (!ends || !goesOn || optionAt(script.script, "errexit", command.index, false)) return [];
  // Whatever else follows may end with the status of the tests.
  const speaksOnly = rest.every(
    each => speaks(each.name?.value) || /^(?:\[|\[\[|test)$/.test(each.name?.value ?? ""),
  );
  if (!speaksOnly) return [];
  return [
    evidence(call.at, `${file} ends well whatever they say`),
    evidence(tested.at, "nothing stops when this fails"),
  ];
}

function speaks(name: string | undefined): boolean {
  return name !== undefined && onlySpeaks({ name });
}

function testsSoundly(job: Job): boolean {
  return job.steps.some(
    step =>
      !step.continueOnError &&
      step.calls.some(
        call => runsTests(call) && call.via === undefined && !lost(call, step.run?.pipefail ?? false),
      ),
  );
}

function lost({ command, script }: Call, pipefail: boolean): string | undefined {
  if (command.within.some(step => step.part === "condition")) return undefined;
  if (command.connector === "|" && !optionAt(script, "pipefail", command.index, pipefail))
    return asksForParts(script.commands.slice(command.index + 1)) ? undefined : inPipe;
  const next = script.commands[command.index + 1];
  if (command.connector !== "||") return undefined;
  return next &&
    next.within.length === command.within.length &&
    onlySpeaks({ name: next.name?.value ?? "?" }) &&
    next.connector !== "&&" &&
    next.connector !== "||"
    ? "the result is thrown away"
    : undefined;
}

/** `${PIPESTATUS[0]}` is read afterwards. */
function asksForParts(commands: Call["script"]["commands"]): boolean {
  return commands.some(({ words }) => words.some(word => word.text.includes("PIPESTATUS")));
}

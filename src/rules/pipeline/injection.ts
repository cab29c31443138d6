import type { Step, Workflow } from "../../artifacts/workflow.ts";
import type { Evidence, Severity } from "../../core/finding.ts";
import { evidence } from "../../stack/query.ts";
import { isStartedByTag } from "../../stack/query-triggers.ts";
import { defineRule } from "../rule.ts";

/** Texts that anybody may choose who opens an issue, a comment or a pull request. */
const foreign =
  /^github\.(head_ref$|event\.(issue|pull_request|discussion|comment|review|review_comment)\.(title|body|head\.ref|head\.label|head\.repo\.default_branch)$|event\.(pages\.\*\.page_name|commits\.\*\.(message|author\.(name|email))|head_commit\.(message|author\.(name|email)))$|event\.workflow_run\.(head_branch|display_title|head_commit\.message)$)/;
const byHand = /^(inputs|github\.event\.inputs)\.\w/;
/** Such a run has the repository's secrets and a token that can write, whoever caused it. */
const trusted = new Set([
  "pull_request_target",
  "issue_comment",
  "issues",
  "discussion",
  "discussion_comment",
  "workflow_run",
]);

export default defineRule({
  id: "pipeline/injection",
  title: "Text from outside never becomes part of a script",
  claim: "no-secret-leaks",
  severity: "high",
  why: "GitHub puts the text into the script before the shell reads it: a title such as `$(curl ...)` is executed with the workflow's token and secrets.",
  *check(stack) {
    const typed: Evidence[] = [];
    for (const workflow of stack.workflows) {
      const outside: Evidence[] = [];
      const hand: Evidence[] = [];
      for (const step of workflow.jobs.flatMap(job => job.steps))
        for (const { text, at, contexts } of scriptExpressions(workflow, step)) {
          // A comparison gives true or false, not the text.
          if (/[=!<>]=?|contains\(|startsWith\(|toJSON\(/.test(text)) continue;
          const source = contexts.find(
            context =>
              foreign.test(context) &&
              isKnownTo(workflow, context) &&
              !(context.endsWith(".head_branch") && isStartedByTag(stack, workflow)),
          );
          if (source) outside.push(evidence(at, `${source} is put into the script`));
          else if (contexts.some(context => byHand.test(context) && isFree(workflow, context)))
            hand.push(evidence(at, "an input is put into the script"));
        }
      const events = workflow.triggers.map(trigger => trigger.event);
      // A stranger's pull request brings its own commands, and gets neither a secret nor a token that can write.
      const own = events.every(event => /^(?:pull_request|push|workflow_dispatch|merge_group)$/.test(event));
      const severity: Severity = events.some(event => trusted.has(event))
        ? "high"
        : own && outside.every(({ shows }) => /^github\.(?:head_ref|event\.pull_request\.)/.test(shows))
          ? "low"
          : "medium";
      if (outside[0])
        yield {
          subject: workflow.file,
          message: `Whoever can write to ${workflow.file} from outside runs commands in it: ${outside[0].shows}.`,
          severity,
          evidence: [outside[0], ...outside.slice(1)],
        };
      // Only people who may write to the repository can start it by hand; a called workflow gets its inputs from its caller.
      if (hand[0] && events.includes("workflow_dispatch")) typed.push(...hand);
    }
    // A habit of quoting, not a hole: one finding for all workflows.
    const [first, ...more] = typed;
    if (first)
      yield {
        subject: ".github/workflows inputs",
        message: `${more.length === 0 ? "An input" : "Inputs"} of ${listFiles(typed)} ${more.length === 0 ? "is" : "are"} put into a script as ${more.length === 0 ? "it is" : "they are"} typed: a quote or \`$\` in one breaks the script or is executed.`,
        severity: "low",
        evidence: [first, ...more],
      };
    yield* foreignCheckouts(stack.workflows);
  },
});

/** Only a pull request has a head branch, and only what it starts or calls sees it. */
function isKnownTo(workflow: Workflow, context: string): boolean {
  return (
    context !== "github.head_ref" ||
    workflow.triggers.some(({ event }) => event.startsWith("pull_request") || event === "workflow_call")
  );
}

function listFiles(places: readonly Evidence[]): string {
  const files = [...new Set(places.map(place => place.at.file))];
  return files.length === 1 ? files[0]! : `${files.length} workflows`;
}

/** Any text may be typed: it is no choice, number or switch. */
function isFree(workflow: Workflow, context: string): boolean {
  const name = context.split(".").at(-1)!;
  const type = workflow.triggers.find(trigger => trigger.event === "workflow_dispatch")?.inputTypes.get(name);
  return type === "string";
}

function scriptExpressions(workflow: Workflow, step: Step) {
  if (step.run) return step.run.expressions;
  const script =
    step.uses?.repository === "actions/github-script" || step.remoteScript
      ? step.with.get("script")
      : undefined;
  if (!script) return [];
  const { start, end } = script.at.span;
  return workflow.expressions.filter(each => start <= each.at.span.start && each.at.span.end <= end);
}

/** `pull_request_target` with the head checked out: the stranger's code runs with the repository's secrets. */
function* foreignCheckouts(workflows: readonly Workflow[]) {
  for (const workflow of workflows) {
    const trigger = workflow.triggers.find(each => each.event === "pull_request_target");
    if (!trigger) continue;
    for (const job of workflow.jobs) {
      const checkout = job.steps.find(
        step =>
          step.uses?.repository === "actions/checkout" &&
          // The name of a branch alone is one of this repository.
          (step.with.has("repository")
            ? /github\.(head_ref|event\.pull_request\.head)/
            : /github\.event\.pull_request\.head\.sha/
          ).test(step.with.get("ref")?.value ?? ""),
      );
      const runs =
        checkout &&
        job.steps
          .slice(job.steps.indexOf(checkout) + 1)
          .some(step => step.run !== undefined || step.uses?.kind === "local");
      if (
        !checkout ||
        !runs ||
        /author_association|label|\.user\.login|head\.repo\.full_name|head\.(?:repo\.)?owner\.login/.test(
          job.if?.value ?? "",
        )
      )
        continue;
      yield {
        subject: `${workflow.file} ${job.id.value}`,
        message: `Job "${job.id.value}" of ${workflow.file} checks out the code of any pull request and runs it with the secrets and the token of this repository.`,
        severity: "high" as const,
        evidence: [
          evidence(checkout.with.get("ref")!.at, "checks out the stranger's code"),
          evidence(trigger.at, "runs with the secrets of this repository"),
        ] as const,
      };
    }
  }
}

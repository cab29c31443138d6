import type { Job, Trigger, Workflow } from "../artifacts/workflow.ts";
import type { Location } from "../core/source.ts";
import type { Stack } from "./stack.ts";

/** The runs that it waits for are started by tags, by hand or by the clock: no stranger names what they ran on. */
export function isStartedByTag(stack: Stack, workflow: Workflow): boolean {
  const awaited = workflow.triggers.flatMap(trigger => trigger.workflows.map(({ value }) => value));
  return (
    awaited.length > 0 &&
    awaited.every(name => {
      const other = stack.workflows.find(each => (each.name?.value ?? each.file) === name);
      return other?.triggers.every(
        ({ event, tags, branches }) =>
          /^(?:workflow_dispatch|schedule|release)$/.test(event) ||
          (event === "push" && tags.length > 0 && branches.length === 0),
      );
    })
  );
}

/**
 * Nothing starts it any more but somebody by hand: what it waits for are changes below paths that the repository has not
 * got. A change of the workflow itself is no run of what it was for.
 */
export function isStranded(stack: Stack, { triggers, file }: Workflow): boolean {
  const own = triggers.filter(({ event }) => event !== "workflow_dispatch");
  return own.length > 0 && own.every(({ paths }) => paths.length > 0 && !paths.some(isThere));
  function isThere({ value }: { readonly value: string }): boolean {
    const [prefix = ""] = value.split(/[*?[{]/);
    if (value.startsWith("!") || value === file) return false;
    return prefix === "" || stack.files.paths.some(path => path.startsWith(prefix));
  }
}

/** Every branch, or what asks to be merged; a closed pull request was merged, most of the time. */
export function isOpen(trigger: Trigger): boolean {
  if (trigger.event === "pull_request") return !trigger.types.some(type => type.value === "closed");
  const limits = [...trigger.branches, ...trigger.branchesIgnore, ...trigger.tags];
  return trigger.event === "push" && limits.length === 0;
}

const aboutRef = /ref|event|branch|merged|tag|default|input|main|master/i;

/** A condition that may be about the branch, the event or what somebody has chosen. */
export function asksForRef(condition: string | undefined): boolean {
  return aboutRef.test(condition ?? "");
}

/** Such a condition, or an environment with rules of its own, holds back a job or one that it waits for. */
export function isHeldBack(workflow: Workflow, job: Job): boolean {
  const open = [job];
  const seen = new Set<Job>();
  for (let next = open.pop(); next; next = open.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    if (asksForRef(next.if?.value) || next.environment) return true;
    open.push(...workflow.jobs.filter(each => next!.needs.some(need => need.value === each.id.value)));
  }
  return false;
}

/** Nothing starts the workflow but a person. */
export function isStartedByHand(stack: Stack, file: string): boolean {
  const triggers = stack.workflows.find(each => each.file === file)?.triggers ?? [];
  return triggers.length > 0 && triggers.every(({ event }) => event === "workflow_dispatch");
}

/** What happens to issues and to requests of strangers starts jobs that label and answer them, and a clock looks after the rest. */
const aside =
  /^(?:schedule|issues|issue_comment|pull_request_target|pull_request_review|milestone|label|discussion|discussion_comment|watch|star|fork)$/;

/** What is done once for a request, and not again for each of its commits. */
const greets = /^(?:opened|reopened|labeled|unlabeled|assigned|unassigned|review_requested|edited)$/;

/** Something starts it for a change of the program, and not only for what people do with issues and requests. */
export function serves({ triggers }: Workflow): boolean {
  return !triggers.every(
    ({ event, types }) =>
      aside.test(event) ||
      (event === "pull_request" && types.length > 0 && types.every(type => greets.test(type.value))),
  );
}

/** Only a change of files that are gone, or of the workflow itself, starts it: it stayed when they went. */
export function isNeverStarted(stack: Stack, { at }: { readonly at: Location }): boolean {
  const triggers = stack.workflows.find(each => each.file === at.file)?.triggers ?? [];
  return (
    triggers.length > 0 &&
    triggers.every(
      ({ paths }) =>
        paths.length > 0 &&
        paths.every(
          ({ value }) =>
            value === at.file ||
            (!/[*?![]/.test(value) && stack.files.has(value.replace(/^\.\//, "")) === undefined),
        ),
    )
  );
}

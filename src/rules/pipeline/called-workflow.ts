import type { Job, Workflow } from "../../artifacts/workflow.ts";
import type { Fix } from "../../core/fix.ts";
import { sourceOf } from "../../core/project-files.ts";
import { pairOf } from "../../formats/yaml.ts";
import { addItem, addPair, replaceNode, rootOf } from "../../formats/yaml-edit.ts";
import { jobMap } from "../../remedies/workflow-edit.ts";
import { isDeployJob } from "../../stack/deploy-jobs.ts";
import { evidence } from "../../stack/query.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "pipeline/called-workflow",
  title: "Every workflow that a job calls can be called",
  claim: "pipeline-gates",
  severity: "high",
  why: "GitHub refuses the whole calling workflow, so none of its jobs runs: no test, no build, no release.",
  *check(stack) {
    for (const workflow of stack.workflows)
      for (const job of workflow.jobs) {
        const { uses } = job;
        const remote = uses?.kind === "remote";
        const path = uses?.path;
        if (!uses || !path?.startsWith(".github/workflows/")) continue;
        const called = stack.workflows.find(other => other.file === path);
        // A file of that name here may still be another repository's.
        if (remote && (!called || isCollection(uses.repository ?? "") || isOther(stack, uses.repository)))
          continue;
        const severity = deploys(workflow, job) ? "critical" : "high";
        if (!called) {
          if (stack.files.has(path) === "file") continue;
          yield {
            subject: `${workflow.file} ${job.id.value}`,
            message: `Job "${job.id.value}" of ${workflow.file} calls ${path}, which does not exist: GitHub refuses the whole workflow.`,
            severity,
            evidence: [evidence(uses.at, "there is no such file")],
          };
          continue;
        }
        if (
          called.triggers.length === 0 ||
          called.triggers.some(trigger => trigger.event === "workflow_call")
        )
          continue;
        yield {
          subject: `${workflow.file} ${job.id.value}`,
          message: `Job "${job.id.value}" of ${workflow.file} calls ${path}, which has no \`workflow_call\` trigger: GitHub refuses the whole workflow.`,
          severity: remote && severity === "critical" ? "high" : severity,
          ...(remote ? { confidence: "likely" as const } : {}),
          evidence: [
            evidence(uses.at, "called here"),
            evidence(called.triggers[0]!.at, "`workflow_call` is not among the triggers"),
          ],
          fix: () => openFix(stack, job, called, remote),
        };
      }
  },
});

/** A caller that passes inputs needs them declared, with types that only their author knows. */
function openFix(stack: Stack, job: Job, called: Workflow, remote: boolean): Fix | undefined {
  const source = sourceOf(stack, called.file);
  const on = source && pairOf(rootOf(source), "on")?.value;
  if (!source || !on || remote || job.with.size > 0) return undefined;
  const opened =
    on.kind === "map"
      ? addPair(source, on, ["workflow_call:"])
      : on.kind === "seq"
        ? addItem(source, on, "workflow_call")
        : replaceNode(on, `[${on.text}, workflow_call]`);
  // Without it the called jobs have no secrets at all.
  const needs = called.expressions.some(({ text }) => /\bsecrets\.(?!GITHUB_TOKEN\b)\w/.test(text));
  const passed = job.secrets === "inherit" || job.secrets.size > 0;
  const caller = jobMap(stack, job);
  const passing =
    needs && !passed && caller
      ? addPair(caller.source, caller.map, ["secrets: inherit"], ["uses"])
      : undefined;
  if (!opened || (needs && !passed && !passing)) return undefined;
  return {
    title: `Let ${called.file} be called`,
    grade: "needs-testing",
    edits: passing ? [opened, passing] : [opened],
    test: "Start the calling workflow: the called jobs run with the caller's event, ref and permissions.",
  };
}

/** `acme/workflows`, `acme/.github`: repositories that hold workflows for others. */
function isCollection(repository: string): boolean {
  return /(?:^|[/._-])(?:workflows?|actions?|github|shared|common|templates?|ci|pipelines?)(?:[._-]|$)/i.test(
    repository.replace(/^[^/]*/, ""),
  );
}

/** Conditions say what this repository is called, and it is another one. */
function isOther(stack: Stack, repository = ""): boolean {
  const names = stack.workflows.flatMap(({ jobs }) =>
    jobs.flatMap(job =>
      [job.if, ...job.steps.map(step => step.if)].flatMap(
        condition => /\bgithub\.repository\s*==\s*['"]([^'"]+)['"]/.exec(condition?.value ?? "")?.[1] ?? [],
      ),
    ),
  );
  return names.length > 0 && !names.some(name => name.toLowerCase() === repository.toLowerCase());
}

/** The refused workflow is one that releases. */
function deploys(workflow: Workflow, job: Job): boolean {
  return isDeployJob(workflow, job) || workflow.jobs.some(other => isDeployJob(workflow, other));
}

import type { Workflow } from "../artifacts/workflow.ts";
import type { Edit, Fix } from "../core/fix.ts";
import { basename } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import { addPair, rootOf } from "../formats/yaml-edit.ts";
import { type DeployJob, deployJobs } from "../stack/query-release.ts";
import type { Stack } from "../stack/stack.ts";
import { jobMap } from "./workflow-edit.ts";

/**
 * Lets a release wait for the one that runs. A group of GitHub counts for the whole repository, and of those that wait
 * in it only the newest stays: what works elsewhere gets a group of its own, and a workflow of several such jobs waits
 * as a whole, since a later job would throw out another run's first one. GitLab throws nothing out.
 */
export function queueFix(stack: Stack, jobs: readonly [DeployJob, ...DeployJob[]]): Fix | undefined {
  const own = jobs.filter(({ job }) => !job.concurrency);
  if (own.length < jobs.length) return undefined;
  const [{ workflow }] = jobs;
  const alone = jobs.every(each => each.workflow === workflow);
  const edits =
    workflow.platform === "github" && alone && jobs.length > 1
      ? [wholeWorkflow(stack, workflow)]
      : jobs.map(each => oneJob(stack, each, groupOf(stack, jobs)));
  if (edits.some(edit => edit === undefined)) return undefined;
  return {
    title: "Let a release wait for the one that runs",
    grade: "needs-testing",
    edits: edits.filter(edit => edit !== undefined),
    test: "Push twice in a row: the second release starts when the first has ended.",
  };
}

function oneJob(stack: Stack, { workflow, job }: DeployJob, group: string): Edit | undefined {
  const found = jobMap(stack, job);
  const lines =
    workflow.platform === "gitlab" ? ["resource_group: release"] : ["concurrency:", ...waiting(group)];
  return found && addPair(found.source, found.map, lines, ["runs-on", "needs", "if", "stage", "environment"]);
}

/** Each branch waits for itself: a pull request's checks hold up no release. */
function wholeWorkflow(stack: Stack, workflow: Workflow): Edit | undefined {
  const source = sourceOf(stack, workflow.file);
  const root = source && rootOf(source);
  if (!source || root?.kind !== "map" || workflow.concurrency) return undefined;
  const group = "release-${{ github.workflow }}-${{ github.ref }}";
  const edit = addPair(
    source,
    root,
    ["concurrency:", ...waiting(group)],
    ["name", "on", "permissions", "env"],
  );
  // A key of the whole workflow is a paragraph of its own where the others are.
  const eol = source.text.includes("\r\n") ? "\r\n" : "\n";
  const apart = /\n\r?\njobs:/.test(source.text);
  return edit && { ...edit, text: apart ? eol + edit.text : edit.text };
}

const waiting = (group: string): string[] => [`  group: ${group}`, "  cancel-in-progress: false"];

/** `release` where one workflow alone does this, or several at the same push; else with what tells them apart. */
function groupOf(stack: Stack, jobs: readonly [DeployJob, ...DeployJob[]]): string {
  const [{ workflow, job }] = jobs;
  const others = deployJobs(stack).filter(each => each.workflow !== workflow && each.hosts.length > 0);
  if (others.length === 0 || jobs.some(each => each.workflow !== workflow)) return "release";
  const environment = job.environment?.name?.value;
  const named = environment !== undefined && /^[\w.-]+$/.test(environment);
  return `release-${named ? environment : basename(workflow.file).replace(/\.ya?ml$/, "")}`;
}

import type { ComposeCall } from "../artifacts/commands.ts";
import type { Script } from "../artifacts/script.ts";
import type { Job, Workflow } from "../artifacts/workflow.ts";
import { basename } from "../core/path.ts";
import type { PlacedCall } from "./stack.ts";

/** Names of what changes a server. */
export const deployWords =
  /(^|[^a-z])(deploy\w*|release|rollout|roll-out|ship|provision|prod|production|go-?live|upgrade|update-(prod|server|test|staging))([^a-z]|$)/i;
const testWords = /(^|[^a-z])(test\w*|lint|check|e2e|ci|unit|dev|local|build-?only|preview)([^a-z]|$)/i;

/** A job that is named for deploying, or runs in a deployment environment, and is not a test. */
export function isDeployJob(workflow: Workflow, job: Workflow["jobs"][number]): boolean {
  const names = [job.id, job.name, job.environment?.name, job.stage].map(each => each?.value ?? "");
  // `manage.py check --deploy` in the stage of the tests.
  if (!job.environment && testStage.test(job.stage?.value ?? "") && checkName.test(names[0]!)) return false;
  if (names.some(name => deployWords.test(name))) return true;
  const title = `${basename(workflow.file)} ${workflow.name?.value ?? ""}`;
  return deployWords.test(title) && ![...names, title].some(name => testWords.test(name));
}

/** It deploys, or a job that deploys waits for it. */
export function isNeededToDeploy(workflow: Workflow, job: Job): boolean {
  const before = (other: Job, depth: number): boolean =>
    depth < 10 &&
    other.needs.some(({ value }) => {
      const next = workflow.jobs.find(each => each.id.value === value);
      return value === job.id.value || (next !== undefined && before(next, depth + 1));
    });
  return (
    isDeployJob(workflow, job) ||
    workflow.jobs.some(other => isDeployJob(workflow, other) && before(other, 0))
  );
}

const testStage = /^(?:tests?|testing|lint|checks?|quality|verify)$/i;
const checkName = /(^|[^a-z])(checks?|lint|verify|validate|dry-?run)([^a-z]|$)/i;

const starting = new Set(["up", "create", "start", "restart", "pull"]);

/** GitHub's own runner is gone after the job: containers on it are for a test, unless the client talks to another engine. */
export function startsOnHostedRunner({ call, caller }: PlacedCall): boolean {
  const { workflow } = caller;
  const begins = call.kind === "compose" ? starting.has(call.subcommand ?? "") : call.kind === "docker-run";
  if (!begins || call.remote || !workflow) return false;
  if (/DOCKER_HOST|DOCKER_CONTEXT|\bdocker context\b|--context\b/.test(workflow.source.text)) return false;
  return isHosted(workflow, caller.name);
}

/** The job runs on a machine of GitHub's, which starts empty and is thrown away. */
export function isHosted(workflow: Workflow, job: string | undefined): boolean {
  if (workflow.platform !== "github") return false;
  const runners = workflow.jobs.find(each => each.id.value === job)?.runsOn ?? [];
  return runners.length > 0 && runners.every(each => /^(?:ubuntu|windows|macos)-/.test(each.value));
}

/** `load-prod-db.sh` fills the database of whoever calls it with what production has. */
const bringsHere =
  /(?:^|[-_])(?:load|import|pull|fetch|copy|get|download|clone|sync)[-_](?:(?:from|db|data|database)[-_])?prod/i;

/** It stays with the services that it starts and shows what they write: somebody tries them. */
function isWatched({ calls }: Script): boolean {
  const ups = calls.flatMap(call => (call.kind === "compose" && call.subcommand === "up" ? call : []));
  const isFront = (call: ComposeCall): boolean =>
    !call.remote &&
    !call.detach &&
    call.command.connector !== "&" &&
    !call.flags.some(flag => /^(?:-d|--detach|--wait|--no-start)$/.test(flag.name));
  return ups.length > 0 && ups.every(isFront);
}

/** A script whose name speaks of production, and which works on the machine of whoever calls it. */
export function triesHere(script: Script): boolean {
  const name = basename(script.file);
  // What is called a deployment is one, also when somebody stays to watch it.
  return (
    bringsHere.test(name) || (isWatched(script) && !/deploy|release|roll-?out|ship|provision/i.test(name))
  );
}

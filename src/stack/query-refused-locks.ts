import type { Job, Workflow } from "../artifacts/workflow.ts";
import { type Severity, severities } from "../core/finding.ts";
import { addTo } from "../core/group.ts";
import { join } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Location, Source } from "../core/source.ts";
import { isNeededToDeploy } from "./deploy-jobs.ts";
import type { ImageModel } from "./image/image.ts";
import type { PackageInstall } from "./image/packages.ts";
import { groupBuilds, weighBuilds } from "./query-build.ts";
import { type LockPair, lockPair } from "./query-drift.ts";
import { installOf, isPlain } from "./query-job-needs.ts";
import { type LockFault, lockFaults } from "./query-lock-faults.ts";
import { installsOf } from "./query-locks.ts";
import { newestOf } from "./query-versions.ts";
import type { Stack } from "./stack.ts";

/** An install that insists on a lock file, and what it makes of it. */
export interface LockedInstall extends LockPair {
  readonly at: Location;
  /** A Dockerfile, or `job "test" of .github/workflows/ci.yml`. */
  readonly where: string;
  readonly severity: Severity;
  /** Only looked for where the lock file fits its manifest. */
  readonly fault?: LockFault;
}

/** The installs that read one lock file and say the same of it, the gravest first. */
export type JudgedLock = readonly LockedInstall[];

const judged = new WeakMap<Stack, readonly JudgedLock[]>();

/** Every lock file that an image's build or a pipeline's job insists on, once for each thing that is wrong with it. */
export function judgedLocks(stack: Stack): readonly JudgedLock[] {
  const known = judged.get(stack);
  if (known) return known;
  const groups = new Map<string, LockedInstall[]>();
  for (const each of [...inImages(stack), ...inJobs(stack)]) {
    const names = each.drift.map(({ dependency }) => dependency.name);
    addTo(groups, [each.lock.path, each.fault?.says ?? "", ...names].join("\n"), each);
  }
  const found = [...groups.values()].map(group =>
    group.toSorted((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity)),
  );
  judged.set(stack, found);
  return found;
}

function* inImages(stack: Stack): Iterable<LockedInstall> {
  const modelled = stack.builds.filter(build => build.dockerfile && build.contextState === "present");
  for (const group of groupBuilds(modelled, build => `${build.dockerfilePath}\n${build.context}`)) {
    for (const { stage, install } of installsOf(group)) {
      const pair = lockPair(install, name => {
        const { source } = stage.fileBefore(install.at, join(install.directory!, name));
        return source === undefined ? undefined : sourceOf(stack, source);
      });
      if (!pair) continue;
      const { base } = stage;
      const version = base?.family === "node" ? newestOf(base.tag) : undefined;
      const forgiving = forgivesPeers(stack, stage, install);
      const fault = faultOf(pair, install, version?.[0], forgiving);
      const where = group[0].dockerfilePath!;
      yield { ...pair, at: install.at, where, severity: weighBuilds(group, "critical"), ...fault };
    }
  }
}

function* inJobs(stack: Stack): Iterable<LockedInstall> {
  for (const workflow of stack.workflows)
    for (const job of workflow.jobs) {
      const nodes = job.steps.flatMap(step => step.with.get("node-version")?.value ?? []);
      for (const install of jobInstalls(workflow, job)) {
        const read = (name: string): Source | undefined => {
          const path = join(install.directory!, name);
          return stack.files.tracked(path) === false ? undefined : sourceOf(stack, path);
        };
        const pair = lockPair(install, read);
        if (!pair) continue;
        const said = `${workflow.source.text}\n${read(".npmrc")?.text ?? ""}`;
        const forgiving = peerWords.test(said);
        const fault = faultOf(pair, install, newestOf(nodes[0])?.[0], forgiving);
        const where = `job "${job.id.value}" of ${workflow.file}`;
        const severity = isNeededToDeploy(workflow, job) ? "high" : "medium";
        yield { ...pair, at: install.at, where, severity, ...fault };
      }
    }
}

/** Installs of a job on the tree as it is checked out, whose failure fails the job. */
function* jobInstalls(workflow: Workflow, job: Job): Iterable<PackageInstall> {
  if (!job.checksOut || job.continueOnError || workflow.platform !== "github") return;
  for (const step of job.steps) {
    // Another commit, or another repository.
    if (
      step.uses?.repository === "actions/checkout" &&
      step.with.size > 0 &&
      /\b(?:ref|repository|path)\b/.test([...step.with.keys()].join(" "))
    )
      return;
    if (step.if || step.continueOnError) continue;
    for (const call of step.calls) {
      const install = call.remote || call.inside ? undefined : installOf(call);
      if (!install || install.global || install.manager === "apt") continue;
      // What installs by name, or without the lock file, may write it anew.
      if (!install.needsLock && /^(?:npm|pnpm|yarn)$/.test(install.manager)) return;
      if (install.needsLock && install.directory !== undefined && isPlain(call)) yield install;
    }
  }
}

/** npm 6 and 7 do not look at what is deeper in a lock file; Node.js 16 came with npm 8. */
function faultOf(pair: LockPair, install: PackageInstall, node: number | undefined, forgiving: boolean) {
  if (install.manager !== "npm" || pair.drift.length > 0 || (node ?? 16) < 16) return {};
  const fault = lockFaults(pair.manifest, pair.lock, forgiving);
  return fault ? { fault } : {};
}

const peerWords = /legacy[-_]peer[-_]deps|\bnpm\s+ci\b[^\n&;]*\s--?f(?:orce)?\b/i;

/** Peers are left to themselves: by an option, a variable, or the settings file beside the manifest. */
function forgivesPeers(stack: Stack, stage: ImageModel, install: PackageInstall): boolean {
  if (peerWords.test(stack.sources.get(install.at.file)?.text ?? "")) return true;
  if (install.directory === undefined) return true;
  const { has, source } = stage.fileBefore(install.at, join(install.directory, ".npmrc"));
  if (has !== "yes") return has === "unknown";
  return peerWords.test(source ? (sourceOf(stack, source)?.text ?? "") : "");
}

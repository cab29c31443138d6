import type { ComposeCall } from "../artifacts/commands.ts";
import type { Job, Workflow } from "../artifacts/workflow.ts";
import { basename } from "../core/path.ts";
import { isDeployJob } from "./deploy-jobs.ts";

/** What GitHub no longer runs. Source: GitHub's change log (github.blog/changelog). */

/** When the two tables were last compared with it. */
export const retiredAsOf = "2026-05-01";

/** Major versions of actions that are refused. */
export const refusedActions: Readonly<Record<string, { readonly below: number; readonly since: string }>> = {
  "actions/upload-artifact": { below: 4, since: "30 January 2025" },
  "actions/download-artifact": { below: 4, since: "30 January 2025" },
  "actions/upload-pages-artifact": { below: 3, since: "30 January 2025" },
  "actions/deploy-pages": { below: 4, since: "30 January 2025" },
  "actions/cache": { below: 3, since: "1 March 2025" },
};

/** A runner that takes such a job with the same architecture. */
export const runnerInstead: Readonly<Record<string, string>> = {
  "ubuntu-16.04": "ubuntu-24.04",
  "ubuntu-18.04": "ubuntu-24.04",
  "ubuntu-20.04": "ubuntu-24.04",
  "windows-2016": "windows-2022",
  "windows-2019": "windows-2022",
};

/** Runner images that are gone: a job that asks for one waits for a day and is cancelled. */
export const goneRunners: Readonly<Record<string, string>> = {
  "ubuntu-16.04": "September 2021",
  "ubuntu-18.04": "April 2023",
  "ubuntu-20.04": "April 2025",
  "windows-2016": "April 2022",
  "windows-2019": "June 2025",
  "macos-10.15": "August 2022",
  "macos-11": "June 2024",
  "macos-12": "December 2024",
  "macos-13": "December 2025",
};

/** When `docker-compose`, the first version, left the images of Ubuntu (actions/runner-images 9692). */
export const composeGone = "July 2024";

/** Something in the job may bring the program back: an install, a download, an alias, an action for it. */
const bringsCompose = /(?:install|curl|wget|ln|alias|mv|cp)\b[^\n]*docker-compose|docker-compose\s*\(\)/;

/** Calls of `docker-compose` on a runner of GitHub's that has none. */
export function retiredCompose(job: Job): ComposeCall[] {
  if (job.container || job.runsOn.length !== 1 || !/^ubuntu-(?:latest|2\d\.\d+)$/.test(job.runsOn[0]!.value))
    return [];
  const isBack = job.steps.some(
    ({ run, uses }) =>
      bringsCompose.test(run?.fragment.text ?? "") ||
      /compose/i.test(uses?.text ?? "") ||
      uses?.kind === "local",
  );
  if (isBack) return [];
  // What only tidies up, or looks after a failure, does not keep the job from its work.
  const working = job.steps.filter(step => !/\b(?:always|failure|cancelled)\(\)/.test(step.if?.value ?? ""));
  return working.flatMap(step =>
    step.calls.filter(
      (call): call is ComposeCall =>
        call.kind === "compose" &&
        call.name !== "podman-compose" &&
        call.legacy &&
        !call.remote &&
        !call.inside &&
        call.via === undefined,
    ),
  );
}

const publishes =
  /^(?:npm|yarn|pnpm|bun|lerna|cargo|poetry|uv|flit|hatch|gem|dart|flutter) .*\bpublish\b|^(?:twine upload|gem push|semantic-release|npx semantic-release|goreleaser)\b|^(?:mvn|\.?\/?mvnw) .*\bdeploy\b|^(?:gradle|\.?\/?gradlew) .*\b(?:publish|(?:assemble|bundle)(?:\w*Release|\w*Debug))|^flutter build (?:apk|appbundle|ipa|ios)\b|^(?:xcodebuild|fastlane|eas)\b/;

const uploads = /^(?:pypa\/gh-action-pypi-publish|js-devtools\/npm-publish|rubygems\/release-gem)$/i;

/** It brings a package to a registry, or builds an app: what their users miss, the site does not. */
export function publishesPackage({ jobs }: Workflow, job: Job): boolean {
  // Another job takes what it makes on.
  if (jobs.some(other => other.needs.some(need => need.value === job.id.value))) return false;
  const calls = job.steps.flatMap(step => step.calls);
  return (
    (job.steps.some(({ uses }) => uploads.test(uses?.repository ?? "")) ||
      calls.some(call =>
        publishes.test(`${call.name} ${call.args.map(arg => arg.value ?? "?").join(" ")}`),
      )) &&
    !calls.some(call => call.remote || call.kind === "compose" || call.name === "docker")
  );
}

const scanner =
  /^(?:aquasecurity\/trivy-action|snyk\/|anchore\/scan-action|bridgecrewio\/checkov|github\/codeql-action\/)/i;
/** `deploy-docs.yml` */
const ofPages = /(?:^|[-_.])docs?(?:umentation)?(?:[-_.]|$)/i;
const writesPages = /\b(?:mkdocs|sphinx-build|docusaurus|vitepress|typedoc|jsdoc|mdbook|build-storybook)\b/;

/** It looks through images for known holes, or makes the pages that explain the program: nothing that runs waits for it. */
export function isBesideProduct(workflow: Workflow, job: Job): boolean {
  const { jobs, source } = workflow;
  const steps: Job["steps"] = jobs.flatMap(each => each.steps);
  const used = (pattern: RegExp, all = steps): boolean =>
    all.some(({ uses }) => uses?.repository !== undefined && pattern.test(uses.repository));
  if (used(scanner, job.steps))
    return (
      !isDeployJob(workflow, job) &&
      !jobs.some(({ needs }) => needs.some(need => need.value === job.id.value))
    );
  const texts = job.steps.map(({ run }) => run?.fragment.text ?? "").join("\n");
  if (/\bmkdocs gh-deploy\b/.test(texts) && !/\b(?:ssh|docker|kubectl)\b/.test(texts)) return true;
  return (
    writesPages.test(source.text) &&
    (ofPages.test(basename(workflow.file)) ||
      used(/^(?:actions\/deploy-pages|peaceiris\/actions-gh-pages|JamesIves\/github-pages-deploy-action)$/i))
  );
}

import type { Job, Step } from "../../artifacts/workflow.ts";
import { inside, isOutside, join, normalize } from "../../core/path.ts";
import type { Location } from "../../core/source.ts";
import { offer } from "../../remedies/offer.ts";
import { placeEdit } from "../../remedies/path-place.ts";
import { isDeployJob } from "../../stack/deploy-jobs.ts";
import { evidence, listNames } from "../../stack/query.ts";
import { inSubmodule } from "../../stack/query-build.ts";
import { isStranded } from "../../stack/query-triggers.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "pipeline/working-directory",
  title: "Every directory that a pipeline works in exists",
  claim: "pipeline-gates",
  severity: "high",
  why: "The step fails before its first command, each time: what the job should test, build or release is never done.",
  *check(stack) {
    for (const workflow of stack.workflows) {
      const places = new Map<number, { path: string; at: Location; shows: string; switched: boolean }>();
      const jobs: Job[] = [];
      for (const job of workflow.jobs.filter(checksOutRoot))
        for (const [index, step] of job.steps.entries())
          for (const found of absentIn(step, job, stack)) {
            if (inSubmodule(stack, found.path) || mayAppear(found.path, job.steps.slice(0, index), step))
              continue;
            places.set(found.at.span.start, { ...found, switched: flag.test(step.if?.value ?? "") });
            if (!jobs.includes(job)) jobs.push(job);
          }
      const [first, ...more] = [...places.values()];
      if (!first) continue;
      const titles = listNames(jobs.map(job => job.id.value));
      yield {
        subject: workflow.file,
        message: `${jobs.length === 1 ? "Job" : "Jobs"} ${titles} of ${workflow.file} ${jobs.length === 1 ? "needs" : "need"} "${first.path}", which this repository does not have.`,
        severity: isStranded(stack, workflow)
          ? "low"
          : [first, ...more].every(each => each.switched)
            ? "medium"
            : jobs.some(job => isDeployJob(workflow, job))
              ? "critical"
              : "high",
        evidence: [evidence(first.at, first.shows), ...more.map(each => evidence(each.at, each.shows))],
        fix: () =>
          offer(
            {
              title: "Name the place where it is",
              grade: "needs-testing",
              test: "Run the workflow.",
            },
            [first, ...more].map(each => placeEdit(stack, each, each.shows === noFile)),
          ),
      };
    }
  },
});

/** The step is for who has switched it on. */
const flag = /\b(?:env|vars|inputs)\./;

/** The tree of this repository, at this commit, lies at the workspace's root. */
function checksOutRoot(job: Job): boolean {
  const checkouts = job.steps.filter(step => step.uses?.repository === "actions/checkout");
  return (
    checkouts.length === 1 &&
    ["repository", "path", "ref", "sparse-checkout"].every(input => !checkouts[0]!.with.has(input))
  );
}

function* absentIn(step: Step, job: Job, stack: Stack) {
  const missing = (path: string) =>
    path !== "" && !isOutside(path) && !path.startsWith("~") && stack.files.has(path) === undefined;
  const named = step.workingDirectory ?? job.workingDirectory;
  if (step.run && step.cwd !== undefined && missing(step.cwd)) {
    // One set for the whole workflow is shown where it is set.
    if (named) yield { path: step.cwd, at: named.at, shows: "there is no such directory" };
    return;
  }
  for (const call of step.calls)
    if (
      call.name === "cd" &&
      call.via === undefined &&
      !call.remote &&
      call.cwd !== undefined &&
      missing(call.cwd) &&
      isPlain(call.command.connector, call.command.within.length)
    )
      yield { path: call.cwd, at: call.at, shows: "there is no such directory" };
  const cached = step.with.has("cache") ? step.with.get("cache-dependency-path") : undefined;
  const setup = /^actions\/setup-(node|python)$/.test(step.uses?.repository ?? "");
  for (const line of setup && cached ? cached.value.split("\n") : []) {
    const path = normalize(line.trim());
    if (line.trim() !== "" && !/[*?${}[\]!]/.test(line) && missing(path))
      yield { path, at: cached!.at, shows: noFile };
  }
}

/** A failing `cd` that nothing expects. */
function isPlain(connector: string, depth: number): boolean {
  return depth === 0 && connector !== "||";
}

const noFile = "there is no such file";

const outputs =
  /^(dist|build|out|output|target|public|coverage|tmp|temp|node_modules|vendor|artifacts?|release|bin|site|_site|gh-pages|\..*)$/;

/** Something before it may make the directory: it is named there, or a build writes to such places. */
function mayAppear(path: string, before: readonly Step[], own: Step): boolean {
  const segments = path.split("/");
  if (segments.some(segment => outputs.test(segment))) return true;
  const first = segments[0]!;
  const names = (text: string | undefined) =>
    text !== undefined && (text.includes(first) || text.includes("${{"));
  const made = (step: Step) =>
    step.calls.some(
      call =>
        (segments.some(segment => /^(?:android|ios)$/.test(segment)) && makesApp(call.command.words)) ||
        (call.name !== "cd" && call.args.some(arg => names(arg.word.text) && !/^-/.test(arg.word.text))) ||
        (["make", "just", "task", "tar", "unzip", "git"].includes(call.name) && call.name !== "cd"),
    ) ||
    (step.uses !== undefined &&
      (["path", "destination", "directory"].some(input => names(step.with.get(input)?.value)) ||
        /download-artifact|cache/.test(step.uses.repository ?? "") ||
        step.uses.kind === "local"));
  return (
    before.some(made) ||
    (own.calls.length > 0 &&
      // What a step makes lies below the directory that it works in.
      (own.cwd === undefined || path !== own.cwd) &&
      made(own) &&
      inside(first, join("", path)) !== undefined)
  );
}

/** `expo prebuild` writes `android/` and `ios/`, and so do those of Capacitor, Ionic and Flutter. */
function makesApp(words: readonly { readonly text: string }[]): boolean {
  return /\b(?:expo prebuild|(?:cap|capacitor|cordova) (?:platform )?add|flutter create|tauri (?:android|ios) init)\b/.test(
    words.map(word => word.text).join(" "),
  );
}

import { stageChain } from "../artifacts/dockerfile.ts";
import type { Job, Step, Workflow } from "../artifacts/workflow.ts";
import { inside, isOutside, join } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Location } from "../core/source.ts";
import { isIgnored } from "../formats/dockerignore.ts";
import { isSecretName } from "../formats/secret.ts";
import { publicName } from "./query-bundles.ts";
import type { Build, Stack } from "./stack.ts";

/** A file with secrets that a job writes into the context of an image, and that the image takes in. */
export interface WrittenSecrets {
  readonly build: Build;
  readonly workflow: Workflow;
  readonly job: Job;
  /** From the root of the repository. */
  readonly path: string;
  /** Names of the secrets as the repository host has them; never empty. */
  readonly names: readonly string[];
  /** The lines that write it; never empty. */
  readonly writes: readonly [Location, ...Location[]];
  /** The COPY that takes the file into the stage that is shipped. */
  readonly copy: Location;
}

/** Secrets that pipelines bake into the images that they push. */
export function writtenSecrets(stack: Stack): WrittenSecrets[] {
  return stack.builds.flatMap(build => {
    if (build.caller.kind !== "workflow" || !build.push || build.contextState !== "present") return [];
    const workflow = stack.workflows.find(each => each.file === build.at.file);
    const job = workflow?.jobs.find(each => each.steps.some(step => holds(step.at, build.at)));
    if (!workflow || !job) return [];
    const until = job.steps.findIndex(step => holds(step.at, build.at));
    const files = new Map<string, { names: Set<string>; writes: Location[] }>();
    for (const step of job.steps.slice(0, until + 1))
      for (const { path, names, at } of writesOf(stack, workflow, job, step)) {
        if (at.span.start > build.at.span.start) continue;
        const file = files.get(path) ?? { names: new Set(), writes: [] };
        files.set(path, file);
        for (const name of names) file.names.add(name);
        file.writes.push(at);
      }
    return [...files].flatMap(([path, { names, writes }]) => {
      const copy = takenIn(build, path);
      const [first, ...rest] = writes;
      return copy && first && !isRemoved(job, path)
        ? [{ build, workflow, job, path, names: [...names], writes: [first, ...rest] as const, copy }]
        : [];
    });
  });
}

const holds = (outer: Location, inner: Location): boolean =>
  outer.file === inner.file && outer.span.start <= inner.span.start && inner.span.end <= outer.span.end;

interface Written {
  readonly path: string;
  readonly names: readonly string[];
  readonly at: Location;
}

/** `echo "KEY=${{ secrets.KEY }}" >> api/.env`, and the same through a variable of the step. */
function* writesOf(stack: Stack, workflow: Workflow, job: Job, step: Step): Generator<Written> {
  const text = sourceOf(stack, workflow.file)?.text ?? "";
  for (const call of step.calls) {
    if (call.remote || call.writes.length === 0) continue;
    const { start, end } = call.command.at.span;
    const names = secretsIn(text.slice(start, end), job, step);
    if (names.length === 0) continue;
    for (const write of call.writes) {
      const base = call.cwd ?? step.cwd;
      const value = write.path.value;
      if (base === undefined || value === undefined || value.startsWith("/") || value.startsWith("~"))
        continue;
      const path = join(base, value);
      if (!isOutside(path)) yield { path, names, at: call.command.at };
    }
  }
}

/** What a browser gets anyway, under a name that says so, is none. */
function secretsIn(words: string, job: Job, step: Step): string[] {
  const found = new Set<string>();
  for (const match of words.matchAll(/(?:\b([A-Za-z_]\w*)=\s*["']?)?\$\{\{\s*secrets\.(\w+)\s*\}\}/g))
    if (!(match[1] && publicName.test(match[1])) && isSecret(match[2]!)) found.add(match[2]!);
  for (const match of words.matchAll(/(?:\b([A-Za-z_]\w*)=\s*["']?)?\$\{?([A-Za-z_]\w*)\}?/g)) {
    if (match[1] && publicName.test(match[1])) continue;
    for (const settings of [step.env, job.env]) {
      const given = settings.get(match[2]!)?.value ?? "";
      const secret = /\$\{\{\s*secrets\.(\w+)\s*\}\}/.exec(given)?.[1];
      if (secret && isSecret(secret)) found.add(secret);
    }
  }
  return [...found];
}

/** The job's own token ends with the job. */
const isSecret = (name: string): boolean => name !== "GITHUB_TOKEN" && !publicName.test(name);

/** The COPY of a shipped stage that takes the file, which no ignore file leaves out. */
function takenIn(build: Build, path: string): Location | undefined {
  const relative = build.context === undefined ? undefined : inside(build.context, path);
  if (!relative || !build.dockerfile || !build.stage) return undefined;
  if (build.ignore && isIgnored(build.ignore.rules, relative).ignored) return undefined;
  for (const stage of stageChain(build.dockerfile, build.stage))
    for (const copy of stage.copies) {
      if (copy.from) continue;
      const takes = copy.sources.some(({ value }) => {
        const source = value.replace(/^(?:\.?\/)+/, "").replace(/\/+$/, "");
        return source === "" || source === "." || inside(source, relative) !== undefined;
      });
      if (takes) return copy.at;
    }
  return undefined;
}

function isRemoved(job: Job, path: string): boolean {
  const name = path.split("/").at(-1)!;
  return job.steps.some(step =>
    step.calls.some(call => call.name === "rm" && call.args.some(arg => (arg.value ?? "").endsWith(name))),
  );
}

/** Every line that the script puts there is shown, and none of them gives a secret a value. */
export function writesNoSecret(stack: Stack, path: string, file: string): boolean {
  const calls = stack.calls.filter(
    ({ call, caller }) =>
      caller.file === file &&
      call.cwd !== undefined &&
      call.writes.some(write => write.path.value !== undefined && join(call.cwd!, write.path.value) === path),
  );
  return (
    calls.length > 0 &&
    calls.every(({ call }) => {
      const line = /^(?:echo|printf)$/.test(call.name) ? call.args.at(-1)?.word.text : undefined;
      const name = /^["']?([A-Za-z_]\w*)=/.exec(line ?? "")?.[1];
      return name !== undefined && !isSecretName(name) && !/_(?:URL|URI|DSN)$/.test(name);
    })
  );
}

import type { ComposeFile } from "../artifacts/compose.ts";
import { basename, dirname } from "../core/path.ts";
import { child } from "../formats/yaml.ts";
import { areBuilt, dockerfilesOf, mountsCheckout, pullsAll } from "./project-builds.ts";
import { servicesOf, stemOf } from "./project-files.ts";
import { commandOf, keepsTestData, mountsSources, servicesIn, staysUp } from "./project-habits.ts";
import { production, saidByFolder } from "./project-names.ts";
import type { ComposeUse, ProjectPlan } from "./project-plan.ts";

/** Which of several files a release means, by what lies beside the one that it seems to start. */

const stages = /^(?:alpha|beta|canary|pre|preview|next|sit|acc|acceptance|tests?|testing)$/i;

/** `deploy/beta/` beside `deploy/prod/`: the server before production's, by a name that alone says less. */
export function isStageBesideProduction(file: string, all: readonly (readonly string[])[]): boolean {
  const folder = dirname(file);
  return (
    stages.test(basename(folder)) &&
    all.some(list => {
      const other = list.at(-1)!;
      return dirname(dirname(other)) === dirname(folder) && saidByFolder(other) === "production";
    })
  );
}

/** `compose.server-dev.yml` beside `compose.production.yml`: a server on which those who work try things. */
export function isServerForWork(file: string, all: readonly (readonly string[])[]): boolean {
  const stem = stemOf(file);
  const plain = /(?:^|[._-])(?:prod|production)(?:[._-]|$)/i;
  return (
    /(?:^|[._-])(?:server|vps)(?:[._-]|$)/i.test(stem) &&
    /(?:^|[._-])(?:dev|devel|develop|development)(?:[._-]|$)/i.test(stem) &&
    all.some(list => plain.test(stemOf(list.at(-1)!)) && dirname(list.at(-1)!) === dirname(file))
  );
}

const ofDevelopment = /(?:^|[._-])(?:dev|develop|development)(?:[._-]|$)/i;

/** `deploy-develop.yml`: a pipeline brings what those who work have finished to a server for them. */
export function isOfDevelopment({ pipeline, at }: ComposeUse): boolean {
  return pipeline === true && ofDevelopment.test(basename(at.file));
}

/** `compose.dev.yml` beside one that is called production's. */
export function isForDevelopment(file: string, all: readonly (readonly string[])[]): boolean {
  return (
    ofDevelopment.test(stemOf(file)) &&
    all.some(list => list.at(-1) !== file && production.test(stemOf(list.at(-1)!)))
  );
}

/** It is called production's, or its folder is. */
const isNamed = (file: string): boolean =>
  production.test(stemOf(file)) || saidByFolder(file) === "production";

/**
 * It holds data for tests; or a person starts it, and what it builds waits over the checkout for that person to do
 * something: nothing is served by it, whatever the target is called, where another file is production's.
 */
export function isKeptOpen(
  { pipeline }: ComposeUse,
  files: readonly string[],
  models: readonly ComposeFile[],
  all: readonly (readonly string[])[],
): boolean {
  if (keepsTestData(models)) return true;
  if (pipeline || !all.some(list => !files.includes(list.at(-1)!) && isNamed(list.at(-1)!))) return false;
  const built = servicesIn(models).filter(({ value }) => child(value, "build") !== undefined);
  return (
    built.length > 0 &&
    built.every(
      ({ value }) =>
        mountsSources(value) && /^(?:tail -f \/dev\/null|sleep infinity)$/.test(commandOf(value)),
    )
  );
}

/** What it builds runs from the checkout, and a Dockerfile called production's lies beside the one that it builds. */
export function besideProductionsDockerfile(
  models: readonly ComposeFile[],
  paths: readonly string[],
): string | undefined {
  if (!mountsCheckout(models) || staysUp(models)) return undefined;
  return models
    .flatMap(file => dockerfilesOf(file))
    .flatMap(path => [".prod", ".production"].map(ending => `${path}${ending}`))
    .find(path => paths.includes(path));
}

/**
 * A release names no file and brings no sources to the server, where this one would build them; another one, production's
 * by its name, pulls the same services: that one lies on the server.
 */
export function pulledInstead(
  plan: ProjectPlan,
  plans: readonly ProjectPlan[],
  byPath: ReadonlyMap<string, ComposeFile>,
  uses: readonly ComposeUse[],
): ProjectPlan | undefined {
  const own = uses.filter(use => use.deploys && use.files.join("\n") === plan.files.join("\n"));
  const models = (each: ProjectPlan) => each.files.map(path => byPath.get(path)!);
  if (own.length === 0 || own.some(use => use.named || use.pulls === undefined) || !areBuilt(models(plan)))
    return undefined;
  const names = new Set(models(plan).flatMap(file => servicesOf(file).map(({ name }) => name)));
  const other = plans.find(
    each =>
      each !== plan &&
      each.files.length === 1 &&
      isNamed(each.files[0]!) &&
      pullsAll(models(each)) &&
      servicesOf(models(each)[0]!).every(({ name }) => names.has(name)),
  );
  const text =
    other && `${own[0]!.by} brings no sources to build, and ${other.files[0]} pulls the same services`;
  return text ? { ...plan, grade: "development", because: { text }, meant: other!.files } : undefined;
}

/**
 * Files that are named after tests and open their stores, beside a default file that is for work, where nothing is
 * production's: the tests of those who work, not a server before production's.
 */
export function testsOfWork(plans: readonly ProjectPlan[]): ProjectPlan[] {
  if (plans.some(each => each.grade === "deployed" || each.grade === "staging")) return [...plans];
  return plans.map(plan => {
    const last = plan.files.at(-1)!;
    if (plan.grade !== "presumed" || !/(?:^|[._-])test(?:s|ing)?(?:[._-]|$)/i.test(stemOf(last))) return plan;
    const base = plans.find(
      ({ grade, files: [file, ...more] }) =>
        grade === "development" &&
        more.length === 0 &&
        dirname(file!) === dirname(last) &&
        /^(?:docker-)?compose\.ya?ml$/.test(basename(file!)),
    );
    if (!base) return plan;
    return {
      ...plan,
      grade: "development",
      because: { text: `it is for tests, and ${base.files[0]} for work` },
    };
  });
}

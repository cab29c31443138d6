import type { ComposeFile } from "../artifacts/compose.ts";
import { child } from "../formats/yaml.ts";
import { dockerfilesOf } from "./project-builds.ts";
import { areMounted, deploys, servicesIn, staysUp } from "./project-habits.ts";
import type { ComposeUse, PlanOptions, ProjectPlan } from "./project-plan.ts";
import { isNamedForProduction } from "./project-presumed.ts";

/** Programs that a pipeline brings to a platform, which starts them without Compose. */

const workflow = /^\.github\/workflows\/[^/]+\.ya?ml$/;
const ships =
  /^[ \t]*(?:- )?uses:[ \t]*["']?(?:azure\/(?:webapps-deploy|functions-action|container-apps-deploy-action|appservice-build)|aws-actions\/amazon-ecs-deploy-task-definition|google-github-actions\/deploy-(?:cloudrun|appengine)|akhileshns\/heroku-deploy|superfly\/flyctl-actions)[@/]/im;
/** A server of their own is reached, too. */
const reaches = /\bssh\b|ssh-action|scp-action|\bdocker[ -]compose\b|self-hosted/i;

/** A cluster gets what a chart or manifests of this repository say. */
const intoCluster =
  /\bhelm[ \t]+(?:upgrade|install)\b|\bkubectl[ \t]+(?:apply|set[ \t]+image|rollout)\b|^[ \t]*(?:- )?uses:[ \t]*["']?azure\/k8s-deploy[@/]/im;
const manifest = /(?:^|\/)(?:Chart\.ya?ml|(?:k8s|kubernetes|manifests|helm|charts?)\/[^\n]*\.ya?ml)$/;

/** Another repository is told of the release, one that is called after servers: what they run stands there. */
const keepers = "(?:infra|deploy|gitops|-config|k8s|kubernetes|cluster|servers?)";
const intoRepository = new RegExp(
  `\\/repos\\/[^\\s/"']+\\/[\\w.-]*${keepers}[\\w.-]*\\/dispatches|\\brepository-dispatch@[^\\n]*\\n(?:[^\\n]*\\n){0,4}?[ \\t]*repository:[ \\t]*[^\\s/]+\\/[\\w.-]*${keepers}`,
  "i",
);

const ofProduction =
  /(?:^|\/)prod(?:uction)?\/(?:[\w-]+[._-])?dockerfile[^/]*$|(?:^|\/)(?:dockerfile[._-](?:[\w-]+[._-])?prod(?:uction)?|prod(?:uction)?[._-]dockerfile)$/i;

interface Marks {
  readonly workflows: readonly string[];
  /** Dockerfiles that are called production's. */
  readonly dockerfiles: readonly string[];
  /** Manifests or a chart of a cluster are there. */
  readonly cluster: boolean;
}

const marks = new WeakMap<readonly string[], Marks>();

/** Every project asks, and a tree may have many. */
function marksOf(paths: readonly string[]): Marks {
  let found = marks.get(paths);
  if (!found) {
    found = {
      workflows: paths.filter(path => workflow.test(path)),
      dockerfiles: paths.filter(path => ofProduction.test(path)),
      cluster: paths.some(path => manifest.test(path)),
    };
    marks.set(paths, found);
  }
  return found;
}

/** A Dockerfile for production that a workflow pushes and no Compose file builds, where this project builds others. */
function pushedInstead(
  workflows: readonly { readonly text: string }[],
  paths: readonly string[],
  all: readonly ComposeFile[],
  own: readonly string[],
): string | undefined {
  const built = all.flatMap(file =>
    dockerfilesOf(file).map(path => ({ path, own: own.includes(file.file) })),
  );
  if (!built.some(each => each.own)) return undefined;
  return marksOf(paths).dockerfiles.find(
    path =>
      !built.some(each => each.path === path) &&
      workflows.some(({ text }) => text.includes(path) && /\bpush:[ \t]*true\b|\bdocker push\b/.test(text)),
  );
}

/** Kamal starts containers of images that it builds, and reads no Compose file. */
function kamal(paths: readonly string[], page: NonNullable<PlanOptions["page"]>): string | undefined {
  return paths.find(path => {
    if (!/(?:^|\/)config\/deploy(?:\.[\w-]+)?\.ya?ml$/.test(path)) return false;
    const text = page(path)?.text ?? "";
    return /^servers:/m.test(text) && /^(?:proxy|registry|builder|accessories):/m.test(text);
  });
}

/**
 * Nothing but its name says production, nothing starts it and nothing of it restarts, and a platform is told how to run
 * the programs: a template brought it along.
 */
function besideProcfile(
  plan: ProjectPlan,
  uses: readonly ComposeUse[],
  models: readonly ComposeFile[],
  paths: readonly string[],
): ProjectPlan | undefined {
  const restarts = servicesIn(models).some(
    ({ value }) => child(value, "restart") !== undefined || deploys(value),
  );
  if (!isNamedForProduction(plan) || !paths.includes("Procfile") || restarts) return undefined;
  if (uses.some(use => use.files.some(file => plan.files.includes(file)))) return undefined;
  return {
    ...plan,
    grade: "presumed",
    because: { text: "Procfile tells a platform how to run the program, and nothing of it restarts" },
  };
}

/**
 * A file that nothing starts, beside a pipeline that ships to a platform, and that only its folder calls production's;
 * or beside one that ships to a cluster or has another repository do it, and that nothing calls so. Where nothing of it
 * restarts it is for work.
 */
export function onPlatform(
  plan: ProjectPlan,
  uses: readonly ComposeUse[],
  byPath: ReadonlyMap<string, ComposeFile>,
  { page, paths = [] }: PlanOptions,
): ProjectPlan {
  const models = plan.files.map(path => byPath.get(path)!);
  const template = besideProcfile(plan, uses, models, paths);
  if (template) return template;
  const { ground } = plan.because;
  const isOfFolder = plan.grade === "deployed" && ground === "folder";
  const isOpen = plan.grade === "presumed" || ground === "nothing" || ground === "only";
  if (!page || plan.grade === "development" || !(isOfFolder || isOpen)) return plan;
  if (uses.some(use => use.deploys)) return plan;
  const shipped = isOpen && areMounted(plan.files.map(path => byPath.get(path)!)) && kamal(paths, page);
  if (shipped)
    return { ...plan, grade: "development", because: { text: `${shipped} ships images to servers` } };
  if (uses.some(use => use.files.some(file => plan.files.includes(file)))) return plan;
  const { workflows, cluster } = marksOf(paths);
  const texts = workflows.map(path => ({ path, text: page(path)?.text ?? "" }));
  const image = isOpen ? pushedInstead(texts, paths, [...byPath.values()], plan.files) : undefined;
  if (image)
    return {
      ...plan,
      grade: staysUp(plan.files.map(path => byPath.get(path)!)) ? "presumed" : "development",
      because: { text: `${image} is what is released` },
    };
  const found =
    texts.find(({ text }) => isOfFolder && ships.test(text)) ??
    texts.find(({ text }) => (cluster && intoCluster.test(text)) || intoRepository.test(text));
  if (!found || texts.some(({ text }) => reaches.test(text))) return plan;
  // Where something else speaks against a server, too, it is for work.
  const doubted = plan.grade === "presumed";
  const stays = !doubted && staysUp(plan.files.map(path => byPath.get(path)!));
  const grade = stays ? "presumed" : "development";
  if (intoRepository.test(found.text))
    return { ...plan, grade, because: { text: `${found.path} has another repository ship it` } };
  const where = ships.test(found.text) && isOfFolder ? "platform" : "cluster";
  return { ...plan, grade, because: { text: `${found.path} ships to a ${where}` } };
}

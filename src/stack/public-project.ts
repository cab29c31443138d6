import type { ComposeFile } from "../artifacts/compose.ts";
import { basename, dirname } from "../core/path.ts";
import { child } from "../formats/yaml.ts";
import {
  areBuilt,
  fileOfWork,
  mountsCheckout,
  pullsApplication,
  runsMountedRoot,
  twinOfWork,
} from "./project-builds.ts";
import { defaultNames } from "./project-files.ts";
import {
  areMounted,
  buildsForWork,
  isEdge,
  opensStores,
  servicesIn,
  standsForCloud,
  staysUp,
  watches,
} from "./project-habits.ts";
import type { ComposeUse, PlanOptions, ProjectPlan } from "./project-plan.ts";
import { lacksApplication } from "./project-program.ts";
import { type Told, toldIn } from "./user-pages.ts";

/**
 * A program that strangers use and take part in. Its deployments are elsewhere, with whoever runs it, and a Compose
 * file is as often for those who work on it: what builds the checkout has to show that it is for a server.
 */

const licence = /^(?:licen[sc]e|copying)(?:[.-][\w.-]+)?$/i;
/** What only a project needs that takes in people whom it does not know. */
const papers =
  /^(?:(?:\.github|docs)\/)?(?:contributing|code[_-]of[_-]conduct|security|support)(?:\.[\w-]+)*$|^(?:authors|contributors|maintainers|governance)(?:\.\w+)?$|^\.github\/funding\.ya?ml$|^\.all-contributorsrc$|^\.?crowdin\.ya?ml$|^\.tx\/config$|^citation\.cff$/i;

/** It has a licence, and a paper for strangers who take part. The paths are those of the whole repository. */
export function isPublic(paths: readonly string[]): boolean {
  let found = known.get(paths);
  if (found === undefined) {
    const near = paths.filter(path => path.length < 40);
    found = near.some(path => licence.test(path)) && near.some(path => papers.test(path));
    known.set(paths, found);
  }
  return found;
}

/** Every project of a repository asks. */
const known = new WeakMap<readonly string[], boolean>();

/** Of a Compose file that nothing else speaks of, in such a repository; undefined where a server's is as likely. */
export function gradeInPublic(
  files: readonly string[],
  models: readonly ComposeFile[],
  uses: readonly ComposeUse[],
  options: PlanOptions,
): Pick<ProjectPlan, "grade" | "because"> | undefined {
  const { page, paths, text } = options;
  if (!page || !paths || !isPublic(paths)) return undefined;
  // What a file brings in from another one is not among its own services.
  if (isEdge(models) || models.some(({ roots }) => roots.some(root => child(root, "include"))))
    return undefined;
  const last = files.at(-1)!;
  const own = uses.filter(use => use.files.join("\n") === files.join("\n") && !use.deploys);
  const rig = own[0];
  // The default file is what somebody tries first, also in a pipeline.
  if (rig && !defaultNames.includes(basename(last)) && own.every(isOfRig))
    return { grade: "development", because: { text: `only ${rig.by} starts it`, at: rig.at } };
  const mounted = runsMountedRoot(models);
  const services = new Set(servicesIn(models).map(({ key }) => key.value));
  const told = toldIn(last, page, paths, services);
  if (!areBuilt(models) && !mounted) {
    const lacks = text !== undefined && lacksApplication(models, text);
    // The burden is on the file: without a page that has people run it, nobody is known to.
    if (pullsApplication(models) && !lacks)
      return told && told.kind !== "work" ? undefined : { grade: "presumed", because: unnamed };
    const because = { text: "no service of it is the program of this public project" };
    return { grade: staysUp(models) && !lacks ? "presumed" : "development", because };
  }
  // A restart policy is on workstations, too.
  if (buildsForWork(models) && (!staysUp(models) || told === undefined || told.kind === "work"))
    return { grade: "development", because: { text: "it builds a stage for development" } };
  if (told?.kind === "server") return undefined;
  return settle(told, mounted || mountsCheckout(models), staysUp(models), opensStores(models));
}

const unnamed = { text: "no page of this public project tells users to start it" };

/** Folders that hold what runs the whole program. */
const wholes =
  /docker|compose|deploy|host|install|infra|setup|stack|server|prod|swarm|podman|ops|quick-?start/i;

/**
 * A file in a folder of its own, below that of another project: in a public project it runs a part, or something beside
 * the program, unless its folder or a page says that people install the program with it.
 */
export function partOfPublic(
  { files }: ProjectPlan,
  all: readonly ProjectPlan[],
  { page, paths }: PlanOptions,
): string | undefined {
  const last = files.at(-1)!;
  const folder = dirname(last);
  if (!page || !paths || folder === "" || wholes.test(folder) || !isPublic(paths)) return undefined;
  const above = all.find(other => {
    const place = dirname(other.files.at(-1)!);
    return place !== folder && (place === "" || folder.startsWith(`${place}/`));
  });
  const told = above && toldIn(last, page, paths);
  if (!above || told?.kind === "server" || told?.kind === "users") return undefined;
  return `it lies below ${above.files.at(-1)}, and no page tells users to start it`;
}

/** A job that deploys nothing, or a target or script that is called after tests or development. */
function isOfRig(use: ComposeUse): boolean {
  return use.pipeline === true || rig.test(use.by);
}

const rig =
  /(?:^target "|\/|^)(?:[\w.]+[-_:])?(?:dev|develop|development|tests?|testing|e2e|integration|local|bench|benchmark)(?:[-_:][\w-]*)?(?:"|\.\w+$|$)/i;

function settle(
  told: Told | undefined,
  mounted: boolean,
  stays: boolean,
  open: boolean,
): Pick<ProjectPlan, "grade" | "because"> | undefined {
  const users = told?.kind === "users";
  if (users && ((stays && !open) || !mounted)) return undefined;
  if (told?.kind === "work" && (mounted || !stays))
    return { grade: "development", because: { text: `${told.page} starts it for development` } };
  if (mounted && !stays && !users)
    return {
      grade: "development",
      because: { text: "it runs the checkout of a public project, and no page tells users to start it" },
    };
  return { grade: "presumed", because: unnamed };
}

/** What sets up servers of a cloud by itself, or tells a platform how to run the program. */
const cloud = /^Procfile$|^(?:[\w-]+\/)?(?:infra|infrastructure|terraform|iac)\/(?:[\w-]+\/)*[\w.-]+\.tf$/;
const onPlatform = /^(?:app\.json|heroku\.yml|fly\.toml|render\.ya?ml|railway\.(?:json|toml))$/;

/**
 * The program runs elsewhere, and this file is for work: it has a stand-in for a cloud; it builds a stage for development beside what tells a platform
 * how to run the program; all that it builds runs the checkout, watched, beside what sets a cloud up; or it builds
 * Dockerfiles for development, and a page starts it for that.
 */
export function runsElsewhere(
  file: string,
  models: readonly ComposeFile[],
  { page, paths = [] }: PlanOptions,
): string | undefined {
  // Whoever keeps a program for others runs none of them on the stand-in of a cloud.
  const cloudOf = isPublic(paths) ? standsForCloud(models) : undefined;
  if (cloudOf) return `"${cloudOf}" stands in for the services of a cloud`;
  const platform = buildsForWork(models) && !staysUp(models) && paths.find(path => onPlatform.test(path));
  if (platform) return `it builds a stage for development, and ${platform} is a platform's`;
  const setUp =
    watches(models) &&
    (areMounted(models) || mountsCheckout(models)) &&
    !isEdge(models) &&
    paths.find(path => cloud.test(path));
  if (setUp)
    return `it watches the checkout, and ${setUp} ${setUp === "Procfile" ? "is a platform's" : "sets up a cloud"}`;
  const twin = twinOfWork(models, paths);
  if (twin) return twin;
  const work = fileOfWork(models);
  const told = work && page ? toldIn(file, page, paths) : undefined;
  return told?.kind === "work" ? `${work}, and ${told.page} starts it for development` : undefined;
}

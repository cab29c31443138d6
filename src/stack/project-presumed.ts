import type { ComposeFile } from "../artifacts/compose.ts";
import { basename, dirname } from "../core/path.ts";
import { saysProduction } from "./development-notes.ts";
import { isServers } from "./project-doubts.ts";
import { defaultNames, overrideName, stemOf } from "./project-files.ts";
import {
  areMounted,
  buildsForWork,
  debugs,
  developmentHabit,
  opensStores,
  staysUp,
} from "./project-habits.ts";
import { production, saidByFolder } from "./project-names.ts";
import { isDoorTo } from "./project-networks.ts";
import type { ComposeUse, PlanOptions, ProjectPlan } from "./project-plan.ts";
import { partOfPublic } from "./public-project.ts";

/** Its name says so; what is called after a release is more likely a trial of one where another is production's by name. */
export function namedForProduction(
  file: string,
  all: readonly (readonly string[])[],
): Pick<ProjectPlan, "grade" | "because"> {
  const plain = /(?:^|[._-])(?:prod|production)(?:[._-]|$)/i;
  const other = all
    .map(list => list.at(-1)!)
    .find(each => each !== file && dirname(each) === dirname(file) && plain.test(stemOf(each)));
  return other && /(?:^|[._-])release(?:[._-]|$)/i.test(stemOf(file)) && !plain.test(stemOf(file))
    ? {
        grade: "presumed",
        because: { text: `its name says a release, and ${other} is production's`, ground: "name" },
      }
    : { grade: "deployed", because: { text: "its name says production", ground: "name" } };
}

/**
 * A script starts what lies in the directory and names no file, and what lies there is a workstation's: beside a
 * production file the server's `.env` or another variable chooses that one.
 */
export function isPresumed(
  plan: ProjectPlan,
  plans: readonly ProjectPlan[],
  byPath: ReadonlyMap<string, ComposeFile>,
  uses: readonly ComposeUse[],
): boolean {
  const files = plan.files.join("\n");
  const own = uses.filter(use => use.deploys && use.files.join("\n") === files);
  return (
    own.length > 0 &&
    own.every(use => !use.named) &&
    plans.length > 1 &&
    (isBesideProduction(plan, plans) ||
      uses.some(use => use.deploys && use.named && use.files.join("\n") !== files) ||
      buildsForWork(plan.files.map(path => byPath.get(path)!)) ||
      // Debugging over the sources, where a folder is called production's.
      (debugs(plan.files.map(path => byPath.get(path)!)) &&
        plans.some(other => saidByFolder(other.files.at(-1)!) === "production")) ||
      developmentHabit(
        plan.files.map(path => byPath.get(path)!),
        true,
      ) !== undefined)
  );
}

/** The base with its override, where another project is the same base with a production overlay, or a whole file for it. */
function isBesideProduction(plan: ProjectPlan, plans: readonly ProjectPlan[]): boolean {
  return (
    plan.files.length > 1 &&
    overrideName.test(basename(plan.files.at(-1)!)) &&
    plans.some(
      other =>
        other !== plan &&
        dirname(other.files[0]!) === dirname(plan.files[0]!) &&
        production.test(stemOf(other.files.at(-1)!)),
    )
  );
}

/** A file of the same name that something ships, where this one is named by nothing and only its name speaks for it. */
export function shippedInstead(
  plan: ProjectPlan,
  plans: readonly ProjectPlan[],
  uses: readonly ComposeUse[],
): ProjectPlan | undefined {
  const last = plan.files.at(-1)!;
  if (!isNamedForProduction(plan) || uses.some(use => use.files.includes(last))) return undefined;
  return plans.find(
    other =>
      other !== plan &&
      other.grade === "deployed" &&
      other.because.at !== undefined &&
      basename(other.files.at(-1)!) === basename(last),
  );
}

/**
 * No server runs so many stacks, each in a folder beside the others, of which nothing says anything: people choose one
 * of them, and fill it in.
 */
const manyStacks = 8;

export function blankOf(plan: ProjectPlan, all: readonly ProjectPlan[]): string | undefined {
  const shelf = shelfOf(plan);
  if (shelf === undefined) return undefined;
  const choices = all.filter(
    other => shelfOf(other) === shelf && other.grade === "deployed" && other.because.ground === "nothing",
  );
  if (!choices.includes(plan)) return undefined;
  if (choices.length > 1 && examples.test(shelf)) return `it is one of ${choices.length} examples`;
  return choices.length >= manyStacks
    ? `it is one of ${choices.length} stacks that people choose from`
    : undefined;
}

const examples = /^(?:.*\/)?\.?(?:examples?|samples?)(?=\/|$)/i;

/** `docker` of `docker/small/docker-compose.yml`; all that lies below a folder of examples is on one shelf. */
function shelfOf({ files }: ProjectPlan): string | undefined {
  const [file = ""] = files;
  const shown = examples.exec(dirname(file))?.[0];
  if (shown !== undefined) return shown;
  const folder = dirname(file);
  return files.length === 1 && folder.includes("/") && defaultNames.includes(basename(file))
    ? dirname(folder)
    : undefined;
}

/** What it does that only work needs, where another project is known to be the server's. */
export function besideServer(
  plan: ProjectPlan,
  plans: readonly ProjectPlan[],
  byPath: ReadonlyMap<string, ComposeFile>,
  uses: readonly ComposeUse[],
): string | undefined {
  const models = plan.files.map(path => byPath.get(path)!);
  const stage = buildsForWork(models);
  // Beside a server's it takes less: all that it builds is mounted, its databases are open, and little restarts.
  const open = plan.because.ground === "nothing" && areMounted(models) && opensStores(models);
  const checkout = plan.because.ground === "checkout" || (open && !staysUp(models));
  if (!stage && !checkout && !(debugs(models) && isPresumed(plan, plans, byPath, uses))) return undefined;
  const server = plans.find(other => other !== plan && isServers(other, byPath))?.files.at(-1);
  const what = stage
    ? "builds a stage for development"
    : checkout
      ? "runs the checkout"
      : "debugs what it mounts";
  return server && `it ${what}, and ${server} is the server's`;
}

export const isGuess = ({ because }: ProjectPlan): boolean =>
  because.ground === "nothing" || because.ground === "folder";

/** Its own name calls it production's. */
export const isNamedForProduction = ({ grade, because }: ProjectPlan): boolean =>
  grade === "deployed" && because.ground === "name";

/** A guess beside other projects: shipped, named or described as production, or restarting by itself, or it is no more. */
export function presumed(
  plan: ProjectPlan,
  all: readonly ProjectPlan[],
  byPath: ReadonlyMap<string, ComposeFile>,
  options: PlanOptions,
): ProjectPlan {
  if (plan.grade !== "deployed" || !isGuess(plan)) return plan;
  if (plan.files.some(path => saysProduction(options.text?.(path)))) return plan;
  const blank = blankOf(plan, all);
  if (blank) return { ...plan, grade: "presumed", because: { text: blank } };
  const part = partOfPublic(plan, all, options);
  if (part) return { ...plan, grade: "presumed", because: { text: part } };
  const others = all.filter(other => other !== plan && other.grade === "deployed");
  // Where another project is known to be the server's, a restart policy alone makes no second one.
  const known = plan.because.ground === "nothing" && others.some(other => !isGuess(other));
  const own = plan.files.map(path => byPath.get(path)!);
  if (others.length === 0 || (!known && staysUp(own))) return plan;
  const joined = others.find(other => !isGuess(other) && isDoorTo(own, other.files, byPath))?.files.at(-1);
  if (joined) return { ...plan, because: { text: `it makes the network that ${joined} joins` } };
  return { ...plan, grade: "presumed" };
}

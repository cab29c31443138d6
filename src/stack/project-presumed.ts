import type { ComposeFile } from "../artifacts/compose.ts";
import { basename, dirname } from "../core/path.ts";
import { overrideName, stemOf } from "./project-files.ts";
import { buildsForWork, debugs, developmentHabit } from "./project-habits.ts";
import { production, saidByFolder } from "./project-names.ts";
import type { ComposeUse, ProjectPlan } from "./project-plan.ts";

export const nameOfProduction = "its name says production";

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
    ? { grade: "presumed", because: { text: `its name says a release, and ${other} is production's` } }
    : { grade: "deployed", because: { text: nameOfProduction } };
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

/** The base with its override, where another project is the same base with a production overlay. */
function isBesideProduction(plan: ProjectPlan, plans: readonly ProjectPlan[]): boolean {
  return (
    plan.files.length > 1 &&
    overrideName.test(basename(plan.files.at(-1)!)) &&
    plans.some(
      other =>
        other !== plan && other.files[0] === plan.files[0] && production.test(stemOf(other.files.at(-1)!)),
    )
  );
}

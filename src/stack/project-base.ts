import type { ComposeFile } from "../artifacts/compose.ts";
import { basename } from "../core/path.ts";
import { child, itemsOf } from "../formats/yaml.ts";
import { overrideName, servicesOf } from "./project-files.ts";
import { buildsForWork, debugs, servicesIn, staysUp } from "./project-habits.ts";
import type { ProjectPlan } from "./project-plan.ts";

/**
 * A default file below an override that is for work, in a repository where nothing else is for a server: the override
 * is what Compose adds on a workstation, and the file below it is what a server starts. `alone` grades a file as if it
 * were the only one.
 */
export function basesOfWork(
  plans: readonly ProjectPlan[],
  byPath: ReadonlyMap<string, ComposeFile>,
  alone: (file: string) => ProjectPlan,
): ProjectPlan[] {
  if (plans.some(({ grade }) => grade !== "development")) return [];
  return plans.flatMap(({ files, because }) => {
    const [base, over] = files;
    if (files.length !== 2 || !overrideName.test(basename(over!)) || because.text !== byName) return [];
    const file = byPath.get(base!)!;
    if (!isWhole(file) || debugs([file]) || buildsForWork([file])) return [];
    const plan = alone(base!);
    if (plan.grade !== "deployed") return [];
    return staysUp([file])
      ? [{ ...plan, because: { text: `it restarts by itself, and ${basename(over!)} is for development` } }]
      : [
          {
            ...plan,
            grade: "presumed" as const,
            because: { text: `only ${basename(over!)} is for development` },
          },
        ];
  });
}

const byName = "its name says development";

/** Every service is complete, and one that is built here is published. */
function isWhole(file: ComposeFile): boolean {
  return (
    servicesOf(file).every(({ complete }) => complete) &&
    servicesIn([file]).some(
      ({ value }) => child(value, "build") !== undefined && itemsOf(child(value, "ports")).length > 0,
    )
  );
}

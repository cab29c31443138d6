import type { ComposeFile } from "../artifacts/compose.ts";
import { dirname } from "../core/path.ts";
import { basesOfWork } from "./project-base.ts";
import { areBuilt, mountsCheckout, pullsAll } from "./project-builds.ts";
import { buildSame, holds, isBelow } from "./project-doubts.ts";
import { defaultGroups, referencedFiles, servicesOf, stemOf } from "./project-files.ts";
import { areStores, buildsForWork, isEdge, onlyTested, staysUp } from "./project-habits.ts";
import { production, saidByFolder } from "./project-names.ts";
import { pulledInstead, testsOfWork } from "./project-places.ts";
import type { ComposeUse, PlanOptions, ProjectPlan } from "./project-plan.ts";
import { onPlatform } from "./project-platform.ts";
import { besideServer, isGuess, isPresumed, presumed, shippedInstead } from "./project-presumed.ts";
import { gradeOf } from "./project-signs.ts";

/**
 * Decides which Compose projects there are and which of them is production. A pipeline or a script that ships a file
 * decides; then the file's name; then being the only one. Names alone never hide a file that is shipped.
 */
export function planProjects(
  composeFiles: readonly ComposeFile[],
  uses: readonly ComposeUse[],
  options: PlanOptions = {},
): ProjectPlan[] {
  const files = composeFiles.filter(file => file.isCompose);
  const byPath = new Map(files.map(file => [file.file, file]));
  const helpers = referencedFiles(files);
  const groups = new Map<string, string[]>();
  const add = (list: readonly string[]): void => {
    const known = list.filter(path => byPath.has(path));
    if (known.length > 0) groups.set(known.join("\n"), known);
  };
  for (const use of uses) add(use.files);
  const used = new Set([...groups.values()].flat());
  for (const file of files)
    if (!used.has(file.file)) for (const list of defaultGroups(file, byPath, helpers, used)) add(list);
    else if (onlyTested(file, [...groups.values()])) add([file.file]);
  const lists = [...groups.values()];
  const first = lists.map(list => gradeOf(list, lists, byPath, uses, options));
  const plans = options.deployed
    ? first
    : first.map(plan => pulledInstead(plan, first, byPath, uses) ?? plan);
  const based = settleBases(plans, byPath, uses, options.deployed !== undefined);
  const settled = options.deployed ? based : based.map(plan => onPlatform(plan, uses, byPath, options));
  const sure = options.deployed ? settled : settled.map(plan => presumed(plan, settled, byPath, options));
  const alone = (file: string): ProjectPlan => gradeOf([file], [[file]], byPath, uses, options);
  const graded = options.deployed ? sure : [...basesOfWork(sure, byPath, alone), ...testsOfWork(sure)];
  const { known } = options;
  return graded.map(unprofiled => {
    const profiles = uses.flatMap(use =>
      use.deploys && use.files.join("\n") === unprofiled.files.join("\n") ? (use.profiles ?? []) : [],
    );
    const plan = profiles.length > 0 ? { ...unprofiled, profiles } : unprofiled;
    const was = known?.find(each => each.files.join("\n") === plan.files.join("\n"));
    // Its place may have moved.
    if (!was || was.grade === plan.grade) return plan;
    const { at: _, ...because } = was.because;
    return { ...plan, grade: was.grade, because };
  });
}

/** A default file beside a production project that runs the same services is the development one. */
function settleBases(
  plans: ProjectPlan[],
  byPath: ReadonlyMap<string, ComposeFile>,
  uses: readonly ComposeUse[],
  configured: boolean,
): ProjectPlan[] {
  if (configured) return plans;
  const namesOf = (plan: ProjectPlan): Set<string> =>
    new Set(plan.files.flatMap(path => servicesOf(byPath.get(path)!).map(s => s.name)));
  // A trial of production's file is the better version of what lies beside it, all the same.
  const left = (plan: ProjectPlan): boolean => plan.because.ground === "own address";
  const isNamed = (plan: ProjectPlan): boolean =>
    (plan.because.ground === "reserved site" || left(plan)) && production.test(stemOf(plan.files.at(-1)!));
  const sure = plans.filter(
    plan =>
      isNamed(plan) ||
      (plan.grade === "deployed" && !isGuess(plan) && !isPresumed(plan, plans, byPath, uses)),
  );
  return plans.map(plan => {
    if (plan.grade !== "deployed" && plan.grade !== "presumed") return plan;
    const own = namesOf(plan);
    const shipped = shippedInstead(plan, plans, uses);
    if (shipped && [...own].every(name => namesOf(shipped).has(name)))
      return {
        ...plan,
        grade: "development",
        because: { text: `${shipped.files.at(-1)} is the one that is shipped` },
      };
    if (sure.includes(plan) && !left(plan)) return plan;
    const models = plan.files.map(path => byPath.get(path)!);
    const work = besideServer(plan, plans, byPath, uses);
    if (work) return { ...plan, grade: "development", because: { text: work } };
    const half = (other: ProjectPlan): boolean =>
      [...namesOf(other)].filter(name => own.has(name)).length * 2 >= Math.min(own.size, namesOf(other).size);
    const pulling = (other: ProjectPlan): boolean =>
      /^(?:deployed|presumed)$/.test(other.grade) &&
      pullsAll(other.files.map(path => byPath.get(path)!)) &&
      half(other);
    const runs = buildsForWork(models) && mountsCheckout(models);
    // It builds where the file in production's folder pulls, and nothing else speaks for it.
    const builds =
      plan.because.ground === "nothing" && areBuilt(models) && !isEdge(models) && !staysUp(models);
    const pulled =
      isGuess(plan) &&
      plans.find(
        other => (runs || (builds && saidByFolder(other.files.at(-1)!) === "production")) && pulling(other),
      );
    if (pulled)
      return {
        ...plan,
        grade: "development",
        because: {
          text: `it ${runs ? "runs" : "builds"} the checkout, and ${pulled.files.at(-1)} pulls the same services`,
        },
      };
    const whole =
      isGuess(plan) &&
      plans.find(other => holds(other, plan, byPath) || isBelow(plan.files, other.files, byPath));
    if (whole)
      return {
        ...plan,
        grade: "development",
        because: { text: `it starts a part of ${whole.files.at(-1)} by itself` },
      };
    const folder = dirname(plan.files.at(-1)!);
    // Of two that are left at this machine's addresses neither is the better one.
    const rivals = sure.filter(other => other !== plan && !(left(plan) && left(other)));
    const rival = rivals.find(
      other =>
        // The databases alone are no version of what has a program.
        (half(other) && (areStores(models) || !areStores(other.files.map(path => byPath.get(path)!)))) ||
        (dirname(other.files.at(-1)!) === folder && buildSame(plan, other, byPath)) ||
        // The server's file may call its services differently: what catches its own mail beside it is no second server.
        (plan.because.ground === "work inside" && dirname(other.files.at(-1)!) === folder),
    );
    if (!rival) return plan;
    return {
      ...plan,
      grade: "development",
      because: { text: `${rival.files.at(-1)} is the production version of it` },
    };
  });
}

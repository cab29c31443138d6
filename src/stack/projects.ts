import type { ComposeFile } from "../artifacts/compose.ts";
import { dirname } from "../core/path.ts";
import {
  disclaimer,
  exampleNote,
  headerNote,
  localInstance,
  playgroundNote,
  readmeNote,
} from "./development-notes.ts";
import { basesOfWork } from "./project-base.ts";
import { areBuilt, mountsCheckout, pullsAll, reservedCaddySite, startsStores } from "./project-builds.ts";
import {
  buildSame,
  buildsOfWork,
  doubtOf,
  exampleOf,
  holds,
  isBelow,
  isChosenByName,
  isOfStage,
  isPreview,
  mailOfWork,
  originalOf,
  shippedBy,
  startedForWork,
  storesOfPerson,
  triedBy,
} from "./project-doubts.ts";
import { defaultGroups, referencedFiles, servicesOf, stemOf, withIncluded } from "./project-files.ts";
import {
  areStores,
  buildsForWork,
  debugs,
  developmentHabit,
  isEdge,
  looksLikeServer,
  mailAtWork,
  onlyBacking,
  onlyTested,
  opensStores,
  reservedSite,
  servesNothing,
  staysUp,
} from "./project-habits.ts";
import {
  asideFolder,
  isServersFolder,
  isSourceFolder,
  local,
  production,
  putAway,
  rigFolder,
  saidByFolder,
  staging,
  workstation,
} from "./project-names.ts";
import { networkOfWork } from "./project-networks.ts";
import {
  besideProductionsDockerfile,
  isForDevelopment,
  isKeptOpen,
  isOfDevelopment,
  isServerForWork,
  isStageBesideProduction,
  pulledInstead,
  testsOfWork,
} from "./project-places.ts";
import type { ComposeUse, PlanOptions, ProjectPlan } from "./project-plan.ts";
import { onPlatform } from "./project-platform.ts";
import {
  besideServer,
  isGuess,
  isPresumed,
  namedForProduction,
  presumed,
  shippedInstead,
} from "./project-presumed.ts";
import { isOwnUpgrade, isUnfinished, laidOverWork, rigOf } from "./project-rigs.ts";
import { newerVersion } from "./project-versions.ts";
import { habitOfWork, ownAddress } from "./project-watched.ts";
import { gradeInPublic, runsElsewhere } from "./public-project.ts";

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
  const first = lists.map(list => grade(list, lists, byPath, uses, options));
  const plans = options.deployed
    ? first
    : first.map(plan => pulledInstead(plan, first, byPath, uses) ?? plan);
  const based = settleBases(plans, byPath, uses, options.deployed !== undefined);
  const settled = options.deployed ? based : based.map(plan => onPlatform(plan, uses, byPath, options));
  const sure = options.deployed ? settled : settled.map(plan => presumed(plan, settled, byPath, options));
  const alone = (file: string): ProjectPlan => grade([file], [[file]], byPath, uses, options);
  const graded = options.deployed ? sure : [...basesOfWork(sure, byPath, alone), ...testsOfWork(sure)];
  const { known } = options;
  return graded.map(unprofiled => {
    const profiles = uses.flatMap(use =>
      use.deploys && use.files.join("\n") === unprofiled.files.join("\n") ? (use.profiles ?? []) : [],
    );
    const plan = profiles.length > 0 ? { ...unprofiled, profiles } : unprofiled;
    const was = known?.find(each => each.files.join("\n") === plan.files.join("\n"));
    // Its place may have moved.
    return !was || was.grade === plan.grade
      ? plan
      : { ...plan, grade: was.grade, because: { text: was.because.text } };
  });
}

const ofWork = new RegExp(`^(?:${mailOfWork}|${buildsOfWork})$`);
const siteOfWork = "is a name of a workstation";

function grade(
  files: readonly string[],
  all: readonly (readonly string[])[],
  byPath: ReadonlyMap<string, ComposeFile>,
  uses: readonly ComposeUse[],
  options: PlanOptions,
): ProjectPlan {
  const last = files.at(-1)!;
  if (options.deployed) {
    const named = files.some(file => options.deployed!.includes(file));
    return {
      files,
      grade: named ? "deployed" : "development",
      because: {
        text: named
          ? "shipworthy.yml names it under `deployed`"
          : "shipworthy.yml names other files under `deployed`",
      },
    };
  }
  const models = files.flatMap(path => withIncluded(byPath.get(path)!, byPath));
  const own = uses.filter(
    candidate =>
      candidate.deploys &&
      candidate.files.join("\n") === files.join("\n") &&
      !(putAway.test(last) && putAway.test(candidate.at.file)) &&
      !(workstation.test(stemOf(last)) && isChosenByName(candidate, last, all, options)) &&
      !(workstation.test(stemOf(last)) && (candidate.restarts || isOwnUpgrade(candidate, last, all))) &&
      !isUnfinished(files, all, byPath) &&
      !isKeptOpen(candidate, files, models, all) &&
      !(isOfStage(candidate, last) && all.some(list => production.test(stemOf(list.at(-1)!)))),
  );
  if (own.length > 0) {
    const trial = own.some(use => use.pipeline) ? undefined : ownAddress(models);
    if (trial) return { files, ...trial };
    const { grade, because } = shippedBy(own, models);
    // A release of the server before production's.
    const before =
      saidByFolder(last) === "staging" ||
      isStageBesideProduction(last, all) ||
      (own.every(isOfDevelopment) && isForDevelopment(last, all));
    return { files, grade: grade === "deployed" && before ? "staging" : grade, because };
  }
  if (files.some(file => options.devcontainer?.has(file)))
    return { files, grade: "development", because: { text: "the development container uses it" } };
  const newer = newerVersion(last, all);
  if (newer) return { files, grade: "development", because: { text: `${newer} is a newer version of it` } };
  const folder = asideFolder.exec(`${dirname(last)}/`);
  if (
    folder &&
    (rigFolder.test(`${dirname(last)}/`) || !all.every(list => asideFolder.test(`${dirname(list.at(-1)!)}/`)))
  ) {
    return { files, grade: "development", because: { text: `it lies under ${folder[2]}/` } };
  }
  const disclaimed = options.text && disclaimer(options.text(last));
  if (disclaimed) return { files, grade: "development", because: disclaimed };
  const shown = options.text && exampleNote(options.text(last));
  if (shown) return { files, grade: "presumed", because: shown };
  const example = options.text && files.length === 1 ? exampleOf(last, options.text) : undefined;
  if (example) return { files, ...example };
  const tried = triedBy(files, models, uses, options.text);
  if (tried) return { files, grade: "development", because: tried };
  const played = options.text && playgroundNote(last, options.text);
  if (played) return { files, grade: "development", because: played };
  if (models.some(isPreview))
    return { files, grade: "development", because: { text: "it is a preview of a pull request" } };
  const site = reservedSite(models) ?? (options.text && reservedCaddySite(models, options.text));
  if (site && !workstation.test(stemOf(last))) {
    // With a stage for development behind it nothing speaks for a server any more.
    const grade = buildsForWork(models) ? "development" : "presumed";
    return { files, grade, because: { text: `"${site}" ${siteOfWork}` } };
  }
  const other = files.slice(0, -1).find(file => workstation.test(stemOf(file)));
  if (other && files.length > 2 && !files.some(file => production.test(stemOf(file))))
    return { files, grade: "development", because: { text: `the name of ${other} says development` } };
  const original = options.text && originalOf(byPath.get(last)!, byPath, options.text);
  if (original)
    return {
      files,
      grade: "development",
      because: { text: `it repeats ${original}, whose paths are right` },
    };
  const stem = stemOf(last);
  const unlike = /(^|[._-])(near|like|non|not|no|pre)[._-]?prod/i.test(stem);
  if (isServerForWork(last, all))
    return { files, grade: "staging", because: { text: "its name says a server for development" } };
  if (production.test(stem) && !unlike && !(local.test(stem) && all.length > 1))
    return { files, ...(ownAddress(models) ?? namedForProduction(last, all)) };
  const work = staging.test(stem) && options.text && headerNote(options.text(last));
  if (work) return { files, grade: "development", because: work };
  const rig = rigOf(files, models, all) ?? (files.length === 1 ? laidOverWork(last, byPath) : undefined);
  if (rig) return { files, grade: "development", because: { text: rig } };
  const isForWork = debugs(models) || (workstation.test(stem) && buildsForWork(models));
  if (staging.test(stem) && looksLikeServer(byPath.get(last)!) && !isForWork) {
    // A file for tests opens its stores to whoever runs them; a test server does not.
    const grade =
      /(^|[._-])(test|testing)([._-]|$)/i.test(stem) && opensStores(models) ? "presumed" : "staging";
    return { files, grade, because: { text: "its name says a test or staging server" } };
  }
  if (workstation.test(stem))
    return { files, grade: "development", because: { text: "its name says development" } };
  if (staging.test(stem)) return { files, grade: "staging", because: { text: "its name says staging" } };
  const person = all.length > 1 ? storesOfPerson(models) : undefined;
  if (person)
    return {
      files,
      grade: "development",
      because: { text: `"${person}" looks for its store on the machine of a person` },
    };
  const says = isSourceFolder(last, options.paths) ? undefined : saidByFolder(last);
  if (says)
    return {
      files,
      grade: says === "production" ? "deployed" : says,
      because: { text: `its folder says ${says}` },
    };
  if (onlyBacking(models) || startsStores(models) || servesNothing(models))
    return {
      files,
      grade: "development",
      because: { text: "it runs only backing services, no application" },
    };
  const { text } = options;
  // What answers on port 443 is laid over it for a server.
  const said = isEdge(models) ? [last] : files;
  const above = text && said.map(file => headerNote(text(file))).find(each => each !== undefined);
  const note = above ?? (text && readmeNote(last, text));
  if (note) return { files, grade: "development", because: note };
  const others = all.length > 1;
  const habit = developmentHabit(models, others) ?? habitOfWork(models, others, options.page ?? text);
  if (habit) return { files, grade: "development", because: { text: habit } };
  const shared = all.length > 1 ? networkOfWork(models) : undefined;
  if (shared)
    return { files, grade: "development", because: { text: `its network "${shared}" is for development` } };
  const caught = mailAtWork(models);
  if (caught) return { files, grade: "development", because: { text: caught } };
  const elsewhere = runsElsewhere(last, models, options);
  if (elsewhere) return { files, grade: "development", because: { text: elsewhere } };
  const twin = besideProductionsDockerfile(models, options.paths ?? []);
  if (twin) return { files, grade: "development", because: { text: `${twin} is the server's` } };
  const beside = (text && localInstance(text)) ?? startedForWork(files, models, uses, options);
  if (beside) return { files, grade: "development", because: beside };
  const shownTo = gradeInPublic(files, models, uses, options);
  if (shownTo?.grade === "development") return { files, ...shownTo };
  const doubt = options.text && doubtOf(last, models, options.text);
  if (doubt) return { files, grade: "presumed", because: doubt };
  if (isServersFolder(last) && !isSourceFolder(last, options.paths))
    return { files, grade: "deployed", because: { text: "its folder says production" } };
  if (shownTo) return { files, ...shownTo };
  return {
    files,
    grade: "deployed",
    because: {
      text: all.length === 1 ? "it is the only Compose project" : "nothing says that it is for development",
    },
  };
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
  const isNamed = (plan: ProjectPlan): boolean =>
    plan.because.text.endsWith(siteOfWork) && production.test(stemOf(plan.files.at(-1)!));
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
    if (sure.includes(plan)) return plan;
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
      plan.because.text.startsWith("nothing says") && areBuilt(models) && !isEdge(models) && !staysUp(models);
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
    const rival = sure.find(
      other =>
        // The databases alone are no version of what has a program.
        (half(other) && (areStores(models) || !areStores(other.files.map(path => byPath.get(path)!)))) ||
        (dirname(other.files.at(-1)!) === folder && buildSame(plan, other, byPath)) ||
        // The server's file may call its services differently: what catches its own mail beside it is no second server.
        (ofWork.test(plan.because.text) && dirname(other.files.at(-1)!) === folder),
    );
    if (!rival) return plan;
    return {
      ...plan,
      grade: "development",
      because: { text: `${rival.files.at(-1)} is the production version of it` },
    };
  });
}

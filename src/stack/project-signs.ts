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
import { reservedCaddySite, startsStores } from "./project-builds.ts";
import {
  doubtOf,
  exampleOf,
  isChosenByName,
  isPreview,
  originalOf,
  startedForWork,
  storesOfPerson,
  triedBy,
} from "./project-doubts.ts";
import { stemOf, withIncluded } from "./project-files.ts";
import {
  buildsForWork,
  debugs,
  developmentHabit,
  isEdge,
  looksLikeServer,
  mailAtWork,
  onlyBacking,
  opensStores,
  reservedSite,
  servesNothing,
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
} from "./project-places.ts";
import type { Because, ComposeUse, PlanOptions, ProjectPlan } from "./project-plan.ts";
import { namedForProduction } from "./project-presumed.ts";
import { isOwnUpgrade, isUnfinished, laidOverWork, rigOf } from "./project-rigs.ts";
import { isOfStage, shippedBy } from "./project-shipped.ts";
import { newerVersion } from "./project-versions.ts";
import { habitOfWork, ownAddress } from "./project-watched.ts";
import { gradeInPublic, runsElsewhere } from "./public-project.ts";

/** Compose files that may be a project, and what is known around them. */
interface Candidate {
  readonly files: readonly string[];
  /** The file that is laid over the others. */
  readonly last: string;
  readonly stem: string;
  readonly models: readonly ComposeFile[];
  /** Those of every project. */
  readonly all: readonly (readonly string[])[];
  readonly byPath: ReadonlyMap<string, ComposeFile>;
  readonly uses: readonly ComposeUse[];
  readonly options: PlanOptions;
}

type Graded = Pick<ProjectPlan, "grade" | "because">;

/** What one thing says of a candidate; undefined where it says nothing. */
type Sign = (candidate: Candidate) => Graded | undefined;

/** What a project is for, by the first sign that says something: an earlier one is worth more than all that follow. */
export function gradeOf(
  files: readonly string[],
  all: readonly (readonly string[])[],
  byPath: ReadonlyMap<string, ComposeFile>,
  uses: readonly ComposeUse[],
  options: PlanOptions,
): ProjectPlan {
  const last = files.at(-1)!;
  if (options.deployed) return { files, ...configured(files, options.deployed) };
  const models = files.flatMap(path => withIncluded(byPath.get(path)!, byPath));
  const candidate: Candidate = { files, last, stem: stemOf(last), models, all, byPath, uses, options };
  for (const sign of signs) {
    const graded = sign(candidate);
    if (graded) return { files, ...graded };
  }
  const alone: Because = { text: "it is the only Compose project", ground: "only" };
  const silent: Because = { text: "nothing says that it is for development", ground: "nothing" };
  return { files, grade: "deployed", because: all.length === 1 ? alone : silent };
}

function configured(files: readonly string[], deployed: readonly string[]): Graded {
  return files.some(file => deployed.includes(file))
    ? { grade: "deployed", because: { text: "shipworthy.yml names it under `deployed`" } }
    : { grade: "development", because: { text: "shipworthy.yml names other files under `deployed`" } };
}

const forWork = (because: Because | string | undefined): Graded | undefined =>
  because === undefined
    ? undefined
    : { grade: "development", because: typeof because === "string" ? { text: because } : because };

/** A pipeline or a script brings it to a server. */
const shipped: Sign = ({ files, last, models, all, byPath, uses, options }) => {
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
  if (own.length === 0) return undefined;
  const trial = own.some(use => use.pipeline) ? undefined : ownAddress(models);
  if (trial) return trial;
  const { grade, because } = shippedBy(own, models);
  // A release of the server before production's.
  const before =
    saidByFolder(last) === "staging" ||
    isStageBesideProduction(last, all) ||
    (own.every(isOfDevelopment) && isForDevelopment(last, all));
  return { grade: grade === "deployed" && before ? "staging" : grade, because };
};

const usedByDevcontainer: Sign = ({ files, options }) =>
  files.some(file => options.devcontainer?.has(file))
    ? forWork("the development container uses it")
    : undefined;

const outdated: Sign = ({ last, all }) => {
  const newer = newerVersion(last, all);
  return newer ? forWork(`${newer} is a newer version of it`) : undefined;
};

const laidAside: Sign = ({ last, all }) => {
  const folder = asideFolder.exec(`${dirname(last)}/`);
  const isAlone = all.every(list => asideFolder.test(`${dirname(list.at(-1)!)}/`));
  return folder && (rigFolder.test(`${dirname(last)}/`) || !isAlone)
    ? forWork(`it lies under ${folder[2]}/`)
    : undefined;
};

/** What stands in the file itself, or beside it, in words. */
const calledExample: Sign = ({ files, last, options: { text } }) => {
  if (!text) return undefined;
  const disclaimed = disclaimer(text(last));
  if (disclaimed) return forWork(disclaimed);
  const shown = exampleNote(text(last));
  if (shown) return { grade: "presumed", because: shown };
  return files.length === 1 ? exampleOf(last, text) : undefined;
};

const tried: Sign = ({ files, models, uses, options }) => forWork(triedBy(files, models, uses, options.text));

const playground: Sign = ({ last, options: { text } }) => forWork(text && playgroundNote(last, text));

const preview: Sign = ({ models }) =>
  models.some(isPreview) ? forWork("it is a preview of a pull request") : undefined;

const siteOfWorkstation: Sign = ({ models, stem, options: { text } }) => {
  const site = reservedSite(models) ?? (text && reservedCaddySite(models, text));
  if (!site || workstation.test(stem)) return undefined;
  const because: Because = { text: `"${site}" is a name of a workstation`, ground: "reserved site" };
  // With a stage for development behind it nothing speaks for a server any more.
  return { grade: buildsForWork(models) ? "development" : "presumed", because };
};

const betweenFiles: Sign = ({ files }) => {
  const other = files.slice(0, -1).find(file => workstation.test(stemOf(file)));
  return other && files.length > 2 && !files.some(file => production.test(stemOf(file)))
    ? forWork(`the name of ${other} says development`)
    : undefined;
};

const copied: Sign = ({ last, byPath, options: { text } }) => {
  const original = text && originalOf(byPath.get(last)!, byPath, text);
  return original ? forWork(`it repeats ${original}, whose paths are right`) : undefined;
};

/** What the name of the file says, and what gives the lie to it. */
const named: Sign = ({ files, last, stem, models, all, byPath, options: { text } }) => {
  const ground = "name";
  const unlike = /(^|[._-])(near|like|non|not|no|pre)[._-]?prod/i.test(stem);
  if (isServerForWork(last, all))
    return { grade: "staging", because: { text: "its name says a server for development", ground } };
  if (production.test(stem) && !unlike && !(local.test(stem) && all.length > 1))
    return ownAddress(models) ?? namedForProduction(last, all);
  const work = staging.test(stem) && text && headerNote(text(last));
  if (work) return forWork(work);
  const rig = rigOf(files, models, all) ?? (files.length === 1 ? laidOverWork(last, byPath) : undefined);
  if (rig) return forWork(rig);
  const isForWork = debugs(models) || (workstation.test(stem) && buildsForWork(models));
  if (staging.test(stem) && looksLikeServer(byPath.get(last)!) && !isForWork) {
    // A file for tests opens its stores to whoever runs them; a test server does not.
    const open = /(^|[._-])(test|testing)([._-]|$)/i.test(stem) && opensStores(models);
    const because: Because = { text: "its name says a test or staging server", ground };
    return { grade: open ? "presumed" : "staging", because };
  }
  if (workstation.test(stem)) return forWork({ text: "its name says development", ground });
  if (staging.test(stem)) return { grade: "staging", because: { text: "its name says staging", ground } };
  return undefined;
};

const ofPerson: Sign = ({ models, all }) => {
  const person = all.length > 1 ? storesOfPerson(models) : undefined;
  return person ? forWork(`"${person}" looks for its store on the machine of a person`) : undefined;
};

const foldered: Sign = ({ last, options }) => {
  const says = isSourceFolder(last, options.paths) ? undefined : saidByFolder(last);
  if (!says) return undefined;
  const grade = says === "production" ? "deployed" : says;
  return { grade, because: { text: `its folder says ${says}`, ground: "folder" } };
};

const withoutProgram: Sign = ({ models }) =>
  onlyBacking(models) || startsStores(models) || servesNothing(models)
    ? forWork("it runs only backing services, no application")
    : undefined;

const describedForWork: Sign = ({ files, last, models, options: { text } }) => {
  if (!text) return undefined;
  // What answers on port 443 is laid over it for a server.
  const said = isEdge(models) ? [last] : files;
  const above = said.map(file => headerNote(text(file))).find(each => each !== undefined);
  return forWork(above ?? readmeNote(last, text));
};

/** What only those who work on the program do with it. */
const habit: Sign = ({ models, all, options: { page, text } }) => {
  const others = all.length > 1;
  const found = developmentHabit(models, others) ?? habitOfWork(models, others, page ?? text);
  if (found) return forWork(found);
  const shared = others ? networkOfWork(models) : undefined;
  return forWork(shared ? `its network "${shared}" is for development` : mailAtWork(models));
};

const elsewhere: Sign = ({ last, models, options }) => forWork(runsElsewhere(last, models, options));

const besideServers: Sign = ({ models, options: { paths = [] } }) => {
  const twin = besideProductionsDockerfile(models, paths);
  return twin ? forWork(`${twin} is the server's`) : undefined;
};

const startedLocally: Sign = ({ files, models, uses, options }) =>
  forWork((options.text && localInstance(options.text)) ?? startedForWork(files, models, uses, options));

/** A public project's file has to show that it is for a server; a doubt and the folder are asked before it is believed. */
const doubted: Sign = ({ files, last, models, uses, options }) => {
  const shownTo = gradeInPublic(files, models, uses, options);
  if (shownTo?.grade === "development") return shownTo;
  const doubt = options.text && doubtOf(last, models, options.text);
  if (doubt) return { grade: "presumed", because: doubt };
  if (isServersFolder(last) && !isSourceFolder(last, options.paths))
    return { grade: "deployed", because: { text: "its folder says production", ground: "folder" } };
  return shownTo;
};

const signs: readonly Sign[] = [
  shipped,
  usedByDevcontainer,
  outdated,
  laidAside,
  calledExample,
  tried,
  playground,
  preview,
  siteOfWorkstation,
  betweenFiles,
  copied,
  named,
  ofPerson,
  foldered,
  withoutProgram,
  describedForWork,
  habit,
  elsewhere,
  besideServers,
  startedLocally,
  doubted,
];

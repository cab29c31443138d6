import type { ComposeFile } from "../artifacts/compose.ts";
import { basename, dirname, join } from "../core/path.ts";
import { child, itemsOf, textOf, type YamlNode } from "../formats/yaml.ts";
import { examplePage, exploringNote, localNote, otherwiseNote, trialNote } from "./development-notes.ts";
import { mountsCheckout } from "./project-builds.ts";
import { defaultNames, stemOf } from "./project-files.ts";
import {
  areBacking,
  areMounted,
  buildContexts,
  buildsForOthers,
  buildsForWork,
  catchesMail,
  commandOf,
  deploys,
  developmentSetting,
  environmentOf,
  isAllForWork,
  isEdge,
  isOpenStore,
  isProxy,
  literals,
  mountsSources,
  servicesIn,
  standsForCloud,
  staysUp,
  watches,
} from "./project-habits.ts";
import { production } from "./project-names.ts";
import type { ComposeUse, PlanOptions, ProjectPlan } from "./project-plan.ts";
import { lacksApplication } from "./project-program.ts";
import { isOfStage } from "./project-shipped.ts";

/** What speaks against taking a Compose file for a server's, beside its name and the words above it. */

/** Whoever starts it starts its databases alone, because the programs run beside them, on the same machine. */
function besideStores(
  files: readonly string[],
  models: readonly ComposeFile[],
  uses: readonly ComposeUse[],
): ProjectPlan["because"] | undefined {
  // A pipeline starts a database for its tests, whatever the rest is for.
  const own = uses.filter(use => use.files.join("\n") === files.join("\n") && !use.restarts && !use.pipeline);
  const first = own[0];
  if (
    !first ||
    !areMounted(models) ||
    own.some(use => use.services === undefined || !areBacking(models, use.services))
  )
    return undefined;
  return { text: `${first.by} starts its databases alone`, at: first.at };
}

/** Only targets and scripts that are called after development start it, and a server in it reads its sources again. */
function onlyForWork(
  files: readonly string[],
  models: readonly ComposeFile[],
  uses: readonly ComposeUse[],
): ProjectPlan["because"] | undefined {
  const own = uses.filter(use => use.files.join("\n") === files.join("\n") && !use.pipeline);
  const [first] = own;
  const named = /(?:^target "|\/|^)(?:[\w.]+[-_:])?dev(?:elop(?:ment)?)?(?:[-_:][\w-]*)?(?:"|\.\w+$|$)/i;
  if (!first || own.some(use => use.deploys || !named.test(use.by)) || !watches(models)) return undefined;
  return { text: `only ${first.by} starts it`, at: first.at };
}

/** Only scripts that stay with it start it, over the checkout. */
function onlyTried(
  files: readonly string[],
  models: readonly ComposeFile[],
  uses: readonly ComposeUse[],
): ProjectPlan["because"] | undefined {
  const [first, ...more] = uses.filter(use => use.files.join("\n") === files.join("\n"));
  if (more.some(use => !use.tries) || staysUp(models) || !areMounted(models)) return undefined;
  return first?.tries ? { text: `${first.by} stays with what it starts`, at: first.at } : undefined;
}

/** A file with a name of its own that nothing but jobs of a pipeline starts, and none of them on a server. */
function onlyInJobs(
  files: readonly string[],
  models: readonly ComposeFile[],
  uses: readonly ComposeUse[],
): ProjectPlan["because"] | undefined {
  const own = uses.filter(use => use.files.join("\n") === files.join("\n"));
  const [first] = own;
  if (!first || defaultNames.includes(basename(files.at(-1)!)) || staysUp(models) || isEdge(models))
    return undefined;
  if (own.some(use => !use.pipeline || use.deploys)) return undefined;
  return { text: `only ${first.by} starts it`, at: first.at };
}

/** What a program tells others to come to: an address on the machine itself leads no visitor there. */
export const outward =
  /^(?:\w+_)?(?:EXTERNAL|PUBLIC|MAILER|SITE|FRONTEND)_(?:\w+_)?(?:URL|URI|HOST|HOSTNAME|ENDPOINT|ORIGIN|DOMAIN)$|^(?:\w+_)?(?:COOKIE_DOMAIN|(?:SERVER|APP|BASE|ROOT)_URL)$/;
export const ownMachine = /^(?:https?:\/\/)?(?:localhost|127\.0\.0\.1)(?::\d+)?\/?$/;

/**
 * Only jobs of a pipeline start it, on machines of their own, and all that it tells visitors leads to such a machine; or
 * only a script of its stage, which sends people to the machine itself.
 */
export function triedBy(
  files: readonly string[],
  models: readonly ComposeFile[],
  uses: readonly ComposeUse[],
  text: PlanOptions["text"],
): ProjectPlan["because"] | undefined {
  const own = uses.filter(use => use.files.join("\n") === files.join("\n"));
  const [first] = own;
  if (!first) return undefined;
  const isHere = (use: ComposeUse): boolean => {
    const script = text?.(use.at.file)?.text ?? "";
    return (
      !use.pipeline &&
      isOfStage(use, files.at(-1)!) &&
      /:\/\/localhost\b/.test(script) &&
      !/\bssh\b/.test(script)
    );
  };
  if (own.every(isHere)) return { text: `${first.by} starts it on the machine itself`, at: first.at };
  if (own.some(use => !use.pipeline || use.deploys)) return undefined;
  const told = literals(models).filter(([name, value]) => outward.test(name) && value !== "");
  if (told.length === 0 || !told.every(([, value]) => ownMachine.test(value))) return undefined;
  return { text: `only ${first.by} starts it, and its addresses lead to the machine itself`, at: first.at };
}

/** Its name calls it an example: whoever runs it makes a copy. A comment may say that it is for work. */
export function exampleOf(
  file: string,
  text: NonNullable<PlanOptions["text"]>,
): Pick<ProjectPlan, "grade" | "because"> | undefined {
  if (!/(?:^|[._-])(?:example|sample|template)(?:[._-]|$)/i.test(stemOf(file))) return undefined;
  const note = localNote(text(file));
  if (note) return { grade: "development", because: note };
  return { grade: "presumed", because: { text: "its name calls it an example" } };
}

/** Files that another list begins with, and lays over them what publishes TLS: alone they are started for work. */
export function isBelow(
  files: readonly string[],
  other: readonly string[],
  byPath: ReadonlyMap<string, ComposeFile>,
): boolean {
  return (
    other.length > files.length &&
    files.every((file, index) => other[index] === file) &&
    // What lies in a folder of its own is there for who wants it.
    dirname(other.at(-1)!) === dirname(files.at(-1)!) &&
    !isEdge(files.map(file => byPath.get(file)!)) &&
    isEdge(other.slice(files.length).map(file => byPath.get(file)!))
  );
}

/** One of its images is built from the very directory of the other file, which lies below it. */
export function holds(
  plan: ProjectPlan,
  part: ProjectPlan,
  byPath: ReadonlyMap<string, ComposeFile>,
): boolean {
  const [own, below] = [dirname(plan.files[0]!), dirname(part.files.at(-1)!)];
  if (plan.grade !== "deployed" || own === below || !`${below}/`.startsWith(own === "" ? "" : `${own}/`))
    return false;
  return plan.files.some(path => buildContexts(byPath.get(path)!).includes(below));
}

/** Most of what the one builds comes from directories that the other builds from, too. */
export function buildSame(
  plan: ProjectPlan,
  other: ProjectPlan,
  byPath: ReadonlyMap<string, ComposeFile>,
): boolean {
  const contexts = (each: ProjectPlan) => each.files.flatMap(path => buildContexts(byPath.get(path)!));
  const theirs = contexts(other);
  const shared = contexts(plan).filter(context => theirs.includes(context));
  return shared.length > 0 && shared.length * 2 >= theirs.length;
}

/** A file for a platform that runs each pull request for some days. */
export function isPreview(file: ComposeFile): boolean {
  return file.roots.some(root => child(root, "x-uffizzi") !== undefined);
}

/** What speaks against a server, without saying that it is a workstation. */
export function doubtOf(
  file: string,
  models: readonly ComposeFile[],
  text: NonNullable<PlanOptions["text"]>,
): ProjectPlan["because"] | undefined {
  // These are said of the program itself: a workstation's engine restarts what it runs, too.
  if (catchesMail(models, areMounted(models)))
    return { text: "it catches its own mail", ground: "work inside" };
  const cloud = standsForCloud(models);
  if (cloud) return { text: `"${cloud}" stands in for the services of a cloud` };
  const said = developmentSetting(models);
  if (said) return { text: `"${said}" is set` };
  if (isAllForWork(models))
    return { text: "most of what it builds runs for development", ground: "work inside" };
  const trial = trialNote(text) ?? examplePage(file, text) ?? otherwiseNote(text);
  if (trial) return trial;
  if (buildsForOthers(models)) return { text: "it builds images for several kinds of processors" };
  if (staysUp(models)) return undefined;
  if (runsCheckout(models)) {
    const text = "it runs the sources of the checkout, and nothing speaks for a server";
    return { text, ground: "checkout" };
  }
  const note = localNote(text(file)) ?? exploringNote(text);
  if (note) return note;
  return lacksApplication(models, text)
    ? { text: "no service of it is called like the program of this repository" }
    : undefined;
}

const storeHost = /(?:^|_)(?:DB|DATABASE|POSTGRES(?:QL)?|MYSQL|MARIADB|MONGO(?:DB)?|REDIS)_(?:HOST|SERVER)$/;
const storeOnHost =
  /(?:^|-)(?:postgres(?:ql)?(?:\+\w+)?|mysql(?:\+\w+)?|mariadb|mongodb|rediss?|amqps?):\/\/(?:[^/@\s]*@)?host\.docker\.internal\b/;

/** The service whose store runs on the machine itself, under the name that only Docker Desktop gives a machine. */
export function storesOfPerson(files: readonly ComposeFile[]): string | undefined {
  return servicesIn(files).find(
    ({ value }) =>
      !child(value, "extra_hosts") &&
      environmentOf(value).some(
        ([name, text]) =>
          storeOnHost.test(text) || (storeHost.test(name) && /\bhost\.docker\.internal\b/.test(text)),
      ),
  )?.key.value;
}

/** A file further up with the same name and nearly all of its lines: paths are right in one of the two places only. */
export function originalOf(
  file: ComposeFile,
  all: ReadonlyMap<string, ComposeFile>,
  text: NonNullable<PlanOptions["text"]>,
): string | undefined {
  for (let folder = dirname(file.file); folder !== ""; ) {
    folder = dirname(folder);
    const above = all.get(join(folder, basename(file.file)));
    if (above && isAlike(text(above.file)?.text ?? "", text(file.file)?.text ?? "")) return above.file;
  }
  return undefined;
}

/** Nine of ten lines of the shorter stand in both. The other may have been mended since, by up to as much again. */
function isAlike(one: string, other: string): boolean {
  const linesOf = (text: string): Set<string> => new Set(text.split("\n").map(line => line.trim()));
  const [first, second] = [linesOf(one), linesOf(other)];
  const shared = [...first].filter(line => second.has(line)).length;
  const sizes = [first.size, second.size];
  return shared > 5 && shared * 10 >= Math.min(...sizes) * 9 && shared * 2 >= Math.max(...sizes);
}

/**
 * A script for every environment puts the name of the file together, and its default is a workstation's: beside it
 * stands the one of production, which the server is given.
 */
export function isChosenByName(
  use: ComposeUse,
  file: string,
  all: readonly (readonly string[])[],
  options: PlanOptions,
): boolean {
  const twin = all.some(list => {
    const other = list.at(-1)!;
    return dirname(other) === dirname(file) && production.test(stemOf(other));
  });
  const text = twin ? options.page?.(use.at.file)?.text : undefined;
  return text !== undefined && /compose[._-]\$\{?\w+\}?\.ya?ml/.test(text);
}

/** It is shipped, or its name or its folder says production, and it does not build for work itself. */
export function isServers(plan: ProjectPlan, byPath: ReadonlyMap<string, ComposeFile>): boolean {
  return (
    plan.grade === "deployed" &&
    plan.because.ground !== "nothing" &&
    !buildsForWork(plan.files.map(path => byPath.get(path)!))
  );
}

/**
 * What is built runs from the checkout, a database or a tool for it is open to whoever works there, nothing is started
 * again, no proxy stands before it and no setting is production's: so a workstation's file looks. A server's that looks
 * so is rarer.
 */
function runsCheckout(files: readonly ComposeFile[]): boolean {
  const services = servicesIn(files).map(({ value }) => value);
  const built = services.filter(service => child(service, "build") !== undefined);
  const stores = services.some(isOpenStore);
  // Alone, all of the checkout has to lie over what was built, and no visitor comes without a port in the address.
  const alone =
    built.length > 0 && built.length === services.length && mountsCheckout(files) && !isAtDoor(services);
  return (
    (stores ? built.some(mountsSources) : alone) &&
    !services.some(service => child(service, "restart") || deploys(service) || isProxy(service)) &&
    !built.some(service => environmentOf(service).some(isOfProduction) || serving.test(commandOf(service)))
  );
}

/** Some service is published where visitors come without a port in the address. */
function isAtDoor(services: readonly YamlNode[]): boolean {
  return services.some(service =>
    itemsOf(child(service, "ports")).some(port =>
      /^(?:[\d.]+:)?(?:80|443):\d+/.test(textOf(port)?.value ?? ""),
    ),
  );
}

const serving = /(?:^|[\s/])(?:gunicorn|uwsgi|daphne|pm2)\s/;

function isOfProduction([name, value]: readonly [name: string, value: string]): boolean {
  return /(?:^|_)DEBUG$/.test(name)
    ? /^(?:false|0|off|no)$/i.test(value)
    : /(?:^|_)(?:ENV|ENVIRONMENT|SETTINGS_MODULE|PROFILES_ACTIVE)$/.test(name) && /prod/i.test(value);
}

/**
 * A script that sets it up takes all volumes away first, and what it builds runs from the checkout: nobody does so where
 * the data counts.
 */
function setUpAnew(
  file: string,
  models: readonly ComposeFile[],
  { paths = [], page }: Pick<PlanOptions, "paths" | "page">,
): ProjectPlan["because"] | undefined {
  if (!page || !areMounted(models) || staysUp(models)) return undefined;
  const found = paths.find(path => {
    if (!/(?:^|[/_-])(?:setup|install|init|start|reset|bootstrap)[\w-]*\.sh$/.test(path)) return false;
    const lines = (page(path)?.text ?? "").split("\n").filter(line => /\bdocker[ -]compose\b/.test(line));
    const wiped = lines.findIndex(line => / down\b/.test(line) && /(?:--volumes| -v)(?= |$)/.test(line));
    return (
      wiped !== -1 &&
      lines.slice(wiped + 1).some(line => / up\b/.test(line)) &&
      lines[wiped]!.includes(basename(file))
    );
  });
  return found === undefined ? undefined : { text: `${found} begins with no data` };
}

/** Whoever starts it does so for work: its databases alone, in jobs only, or by a target that is called so. */
export function startedForWork(
  files: readonly string[],
  models: readonly ComposeFile[],
  uses: readonly ComposeUse[],
  options: PlanOptions,
): ProjectPlan["because"] | undefined {
  return (
    besideStores(files, models, uses) ??
    onlyInJobs(files, models, uses) ??
    onlyForWork(files, models, uses) ??
    onlyTried(files, models, uses) ??
    setUpAnew(files.at(-1)!, models, options)
  );
}

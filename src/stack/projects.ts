import type { ComposeFile } from "../artifacts/compose.ts";
import { basename, dirname } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import { child, entriesOf, itemsOf, textOf, type YamlNode } from "../formats/yaml.ts";
import { factsFor, parseImageRef } from "./image/facts.ts";
import type { Grade } from "./stack.ts";

/** A command somewhere that names Compose files, resolved to repository paths. */
export interface ComposeUse {
  readonly files: readonly string[];
  /** It changes a server: a deploy job, a deploy script, a remote shell. */
  readonly deploys: boolean;
  readonly at: Location;
  /** "deploy job of .github/workflows/x.yml", for the report. */
  readonly by: string;
}

/** Which files form a Compose project, and how much of production it is. */
export interface ProjectPlan {
  readonly files: readonly string[];
  readonly grade: Grade;
  readonly because: { readonly text: string; readonly at?: Location };
}

export const defaultNames = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];
const overrideName = /^(docker-)?compose\.override\.ya?ml$/;
const production =
  /(^|[._-])(prod|production|deploy|deployment|live|server|release|swarm|stack|vps)([._-]|$)/i;
const staging = /(^|[._-])(staging|stage|qa|uat|preprod|preview|demo|test|testing)([._-]|$)/i;
const workstation =
  /(^|[._-])(dev|devel|develop|development|devenv|local|localhost|override|ci|debug|e2e|integration|bench|build|dependencies|deps|infra-only|tools?|test|tests|testing)([._-]|$)/i;
const example = /(^|[._-])(example|sample|template|dist)([._-]|$)/i;
const passing = /(^|[._-])(init|setup|bootstrap|upgrade|migrate|migrations?|restore|seed)([._-]|$)/i;
const asideFolder =
  /(^|\/)(\.devcontainer|\.github|\.?ci|cypress|playwright|examples?|samples?|demos?|docs?|tests?|e2e|fixtures?|testdata|benchmarks?|templates?|playground|archive|old|legacy|backup)(\/|$)/i;

/** The files that Compose loads in a directory when no `-f` is given. */
export function implicitFiles(directory: string, has: (path: string) => boolean): string[] {
  const inDirectory = (name: string): string => (directory ? `${directory}/${name}` : name);
  const base = defaultNames.map(inDirectory).find(has);
  if (!base) return [];
  const stem = basename(base).startsWith("docker-") ? "docker-compose.override" : "compose.override";
  const over = [`${stem}.yaml`, `${stem}.yml`].map(inDirectory).find(has);
  return over ? [base, over] : [base];
}

/**
 * Decides which Compose projects there are and which of them is production. A pipeline or a script that ships a file
 * decides; then the file's name; then being the only one. Names alone never hide a file that is shipped.
 */
export function planProjects(
  composeFiles: readonly ComposeFile[],
  uses: readonly ComposeUse[],
  options: { readonly deployed?: readonly string[]; readonly devcontainer?: ReadonlySet<string> } = {},
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
  const lists = [...groups.values()];
  const plans = lists.map(list => grade(list, lists, byPath, uses, options));
  return settleBases(plans, byPath, options.deployed !== undefined);
}

/** A file's name without what all Compose files have: `.prod` of `docker-compose.prod.yml`. */
function stemOf(path: string): string {
  return basename(path)
    .replace(/\.ya?ml$/, "")
    .replace(/(docker-)?compose/i, "");
}

/** A file for a task that ends: its name says that it initialises, upgrades, migrates, restores. */
export function isPassing(plan: Pick<ProjectPlan, "files">): boolean {
  return passing.test(stemOf(plan.files.at(-1)!));
}

/** Files that other files include or extend: they are parts, not projects. */
function referencedFiles(files: readonly ComposeFile[]): Set<string> {
  const result = new Set<string>();
  const note = (from: string, text: string | undefined): void => {
    if (text) result.add((dirname(from) ? `${dirname(from)}/` : "") + text.replace(/^\.\//, ""));
  };
  for (const file of files) {
    for (const root of file.roots) {
      for (const service of entriesOf(child(root, "services")))
        note(file.file, textOf(child(service.value, "extends", "file"))?.value);
      const include = child(root, "include");
      if (include?.kind !== "seq") continue;
      for (const item of include.items)
        note(file.file, textOf(item.kind === "map" ? child(item, "path") : item)?.value);
    }
  }
  return result;
}

function defaultGroups(
  file: ComposeFile,
  all: ReadonlyMap<string, ComposeFile>,
  helpers: ReadonlySet<string>,
  used: ReadonlySet<string>,
): string[][] {
  const directory = dirname(file.file);
  const name = basename(file.file);
  const implicit = implicitFiles(directory, path => all.has(path));
  if (implicit.includes(file.file)) {
    const overlays = siblings(file, all).filter(
      other => !implicit.includes(other.file) && !example.test(stemOf(other.file)) && isOverlay(other),
    );
    // The base of a production overlay runs only together with it; alone it is seen through its override file.
    if (overlays.length > 0 && implicit.length === 1 && !isSelfContained(file)) return [];
    return used.has(implicit[0]!) && overlays.length > 0 ? [] : [implicit];
  }
  if (helpers.has(file.file)) return [];
  if (overrideName.test(name) || !isOverlay(file) || implicit.length === 0) return [[file.file]];
  return [[implicit[0]!, file.file]];
}

function siblings(file: ComposeFile, all: ReadonlyMap<string, ComposeFile>): ComposeFile[] {
  return [...all.values()].filter(other => other !== file && dirname(other.file) === dirname(file.file));
}

function servicesOf(file: ComposeFile): readonly { name: string; complete: boolean }[] {
  return file.roots.flatMap(root =>
    entriesOf(child(root, "services")).map(entry => ({
      name: entry.key.value,
      complete: ["image", "build", "extends"].some(key => child(entry.value, key) !== undefined),
    })),
  );
}

/** Some service has neither an image nor a build: the file only makes sense over another one. */
function isOverlay(file: ComposeFile): boolean {
  const services = servicesOf(file);
  return services.length > 0 && services.some(service => !service.complete);
}

function isSelfContained(file: ComposeFile): boolean {
  return !isOverlay(file);
}

function grade(
  files: readonly string[],
  all: readonly (readonly string[])[],
  byPath: ReadonlyMap<string, ComposeFile>,
  uses: readonly ComposeUse[],
  options: { readonly deployed?: readonly string[]; readonly devcontainer?: ReadonlySet<string> },
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
  const use = uses.find(candidate => candidate.deploys && candidate.files.join("\n") === files.join("\n"));
  if (use) return { files, grade: "deployed", because: { text: `${use.by} ships it`, at: use.at } };
  if (files.some(file => options.devcontainer?.has(file)))
    return { files, grade: "development", because: { text: "the development container uses it" } };
  const folder = asideFolder.exec(`${dirname(last)}/`);
  if (folder && !all.every(list => asideFolder.test(`${dirname(list.at(-1)!)}/`))) {
    return { files, grade: "development", because: { text: `it lies under ${folder[2]}/` } };
  }
  const stem = stemOf(last);
  const place = `${dirname(last).split("/").pop() ?? ""}`;
  if (production.test(stem))
    return { files, grade: "deployed", because: { text: "its name says production" } };
  if (staging.test(stem) && looksLikeServer(byPath.get(last)!))
    return { files, grade: "staging", because: { text: "its name says a test or staging server" } };
  if (workstation.test(stem))
    return { files, grade: "development", because: { text: "its name says development" } };
  if (staging.test(stem)) return { files, grade: "staging", because: { text: "its name says staging" } };
  if (production.test(place))
    return { files, grade: "deployed", because: { text: "its folder says production" } };
  if (workstation.test(place))
    return { files, grade: "development", because: { text: "its folder says development" } };
  if (onlyBacking(files, byPath))
    return {
      files,
      grade: "development",
      because: { text: "it runs only backing services, no application" },
    };
  const habit = developmentHabit(files, byPath);
  if (habit) return { files, grade: "development", because: { text: habit } };
  return {
    files,
    grade: "deployed",
    because: {
      text: all.length === 1 ? "it is the only Compose project" : "nothing says that it is for development",
    },
  };
}

/** Restart policies, or an edge on 80 or 443: a file for a machine that has to stay up. */
function looksLikeServer(file: ComposeFile): boolean {
  return file.roots.some(root =>
    entriesOf(child(root, "services")).some(
      service =>
        child(service.value, "restart") !== undefined || child(service.value, "deploy") !== undefined,
    ),
  );
}

const devName = /^(dev|development)$|^dev[-_]|[-_]dev$/;
/** Laravel Sail: `sail-8.4/app`, an image for a workstation. */
const sail = /^sail-[\d.]+\/app$/;
const devServer =
  /\bmanage\.py runserver\b|--reload\b|\b(npm|yarn|pnpm|bun)( run)? (dev|start:dev)\b|\bnodemon\b|\b(next|nuxt|nest|vite|flask|rails) (dev|start --watch|run --debug|s(erver)?)\b/;

/**
 * What only a workstation's file has: a service that is called after development, or a development server over
 * sources of the checkout that nobody restarts.
 */
function developmentHabit(
  files: readonly string[],
  byPath: ReadonlyMap<string, ComposeFile>,
): string | undefined {
  const list = files.map(path => byPath.get(path)!);
  const services = list.flatMap(file => file.roots.flatMap(root => entriesOf(child(root, "services"))));
  for (const { key, value } of services) {
    if (child(value, "profiles") || !child(value, "build")) continue;
    if (devName.test(key.value) || sail.test(textOf(child(value, "image"))?.value ?? ""))
      return `it runs "${key.value}"`;
    const command = child(value, "command");
    const text =
      textOf(command)?.value ??
      itemsOf(command)
        .map(item => textOf(item)?.value ?? "")
        .join(" ");
    if (devServer.test(text) && mountsSources(value) && !list.some(looksLikeServer))
      return `"${key.value}" is a development server over mounted sources`;
  }
  return undefined;
}

function mountsSources(service: YamlNode): boolean {
  return itemsOf(child(service, "volumes")).some(item => {
    const text = textOf(item)?.value ?? textOf(child(item, "source"))?.value ?? "";
    return /^\.{1,2}(\/[\w./-]*)?(:|$)/.test(text);
  });
}

const backing = new Set(["database", "cache", "queue", "search", "admin", "mail", "storage", "monitoring"]);

/** Every service is a pulled database, cache, queue or tool: the application itself runs elsewhere. */
function onlyBacking(files: readonly string[], byPath: ReadonlyMap<string, ComposeFile>): boolean {
  const services = files.flatMap(path =>
    byPath.get(path)!.roots.flatMap(root => entriesOf(child(root, "services"))),
  );
  if (services.length === 0) return false;
  return services.every(service => {
    if (child(service.value, "build")) return false;
    const image = textOf(child(service.value, "image"))?.value;
    if (!image) return true;
    const facts = factsFor(parseImageRef(image));
    return facts !== undefined && backing.has(facts.kind);
  });
}

/** A default file beside a production project that runs the same services is the development one. */
function settleBases(
  plans: ProjectPlan[],
  byPath: ReadonlyMap<string, ComposeFile>,
  configured: boolean,
): ProjectPlan[] {
  if (configured) return plans;
  const namesOf = (plan: ProjectPlan): Set<string> =>
    new Set(plan.files.flatMap(path => servicesOf(byPath.get(path)!).map(s => s.name)));
  const sure = plans.filter(
    plan => plan.grade === "deployed" && !plan.because.text.startsWith("nothing says"),
  );
  return plans.map(plan => {
    if (plan.grade !== "deployed" || sure.includes(plan)) return plan;
    const own = namesOf(plan);
    const rival = sure.find(
      other =>
        [...namesOf(other)].filter(name => own.has(name)).length * 2 >=
        Math.min(own.size, namesOf(other).size),
    );
    if (!rival) return plan;
    return {
      ...plan,
      grade: "development",
      because: { text: `${rival.files.at(-1)} is the production version of it` },
    };
  });
}

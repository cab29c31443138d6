import type { ComposeFile } from "../artifacts/compose.ts";
import { addTo } from "../core/group.ts";
import { basename, dirname, join } from "../core/path.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import { child, entriesOf, itemsOf, textOf, type YamlNode } from "../formats/yaml.ts";

/** Which Compose files are read together: the defaults of a directory, overlays and their bases, parts of others. */

export const defaultNames = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];
export const overrideName = /^(docker-)?compose\.override\.ya?ml$/;
const example = /(^|[._-])(example|sample|template|dist)([._-]|$)/i;

/** The files that Compose loads in a directory when no `-f` is given. */
export function implicitFiles(directory: string, has: (path: string) => boolean): string[] {
  const inDirectory = (name: string): string => (directory ? `${directory}/${name}` : name);
  const base = defaultNames.map(inDirectory).find(has);
  if (!base) return [];
  const stem = basename(base).startsWith("docker-") ? "docker-compose.override" : "compose.override";
  const over = [`${stem}.yaml`, `${stem}.yml`].map(inDirectory).find(has);
  return over ? [base, over] : [base];
}

/** A file's name without what all Compose files have: `.prod` of `docker-compose.prod.yml`. */
export function stemOf(path: string): string {
  return basename(path)
    .replace(/\.ya?ml$/, "")
    .replace(/(docker-)?compose/i, "");
}

/** Files that other files include or extend, with those: they are parts, not projects. */
export function referencedFiles(files: readonly ComposeFile[]): ReadonlyMap<string, readonly string[]> {
  const result = new Map<string, string[]>();
  const note = (from: string, text: string | undefined): void => {
    if (!text) return;
    const path = join(dirname(from), text);
    addTo(result, path, from);
  };
  for (const file of files) {
    for (const root of file.roots) {
      for (const service of entriesOf(child(root, "services")))
        note(file.file, textOf(child(service.value, "extends", "file"))?.value);
      for (const path of includedBy(root)) note(file.file, path);
    }
  }
  return result;
}

/** What `include` names: a path, or a map whose `path` is one or a list of files that are laid over each other. */
function includedBy(root: YamlNode): string[] {
  return itemsOf(child(root, "include")).flatMap(item => {
    const path = item.kind === "map" ? child(item, "path") : item;
    return path?.kind === "seq"
      ? path.items.flatMap(each => textOf(each)?.value ?? [])
      : (textOf(path)?.value ?? []);
  });
}

export function defaultGroups(
  file: ComposeFile,
  all: ReadonlyMap<string, ComposeFile>,
  helpers: ReadonlyMap<string, readonly string[]>,
  used: ReadonlySet<string>,
): string[][] {
  const directory = dirname(file.file);
  const name = basename(file.file);
  // A part of a project in another directory is none itself, whatever its name.
  if (helpers.get(file.file)?.some(from => dirname(from) !== directory)) return [];
  const implicit = implicitFiles(directory, path => all.has(path));
  if (implicit.includes(file.file)) {
    const overlays = siblings(file, all).filter(
      other =>
        !implicit.includes(other.file) &&
        !example.test(stemOf(other.file)) &&
        (isOverlay(other) || needsFrom(other, file, all)),
    );
    // The base of a production overlay runs only together with it; alone it is seen through its override file.
    if (overlays.length > 0 && implicit.length === 1 && !isSelfContained(file)) return [];
    return used.has(implicit[0]!) && overlays.length > 0 ? [] : [implicit];
  }
  if (helpers.has(file.file) || isLeftOver(file, all)) return [];
  if (overrideName.test(name)) return [[file.file]];
  if (implicit.length === 0) return [[...baseAbove(file, all), file.file]];
  const base = all.get(implicit[0]!)!;
  const over = isOverlay(file) || onlyAdds(file, base) || needsFrom(file, base, all);
  return [over ? [base.file, file.file] : [file.file]];
}

/** The default file of a folder above it that has what it only adds to: `-f compose.yml -f proxy/compose-proxy.yml`. */
function baseAbove(file: ComposeFile, all: ReadonlyMap<string, ComposeFile>): string[] {
  if (!isOverlay(file) || siblings(file, all).some(other => completes(other, file))) return [];
  for (let folder = dirname(file.file); folder !== ""; ) {
    folder = dirname(folder);
    const [base] = implicitFiles(folder, path => all.has(path));
    if (base !== undefined) return completes(all.get(base)!, file) ? [base] : [];
  }
  return [];
}

/** It has all services that the other one only adds to. */
export function completes(base: ComposeFile, over: ComposeFile): boolean {
  const names = new Set(servicesOf(base).flatMap(({ name, complete }) => (complete ? name : [])));
  const added = servicesOf(over).filter(({ complete }) => !complete);
  return added.length > 0 && added.every(({ name }) => names.has(name));
}

function siblings(file: ComposeFile, all: ReadonlyMap<string, ComposeFile>): ComposeFile[] {
  return [...all.values()].filter(other => other !== file && dirname(other.file) === dirname(file.file));
}

export function servicesOf(file: ComposeFile): readonly { name: string; complete: boolean }[] {
  return file.roots.flatMap(root =>
    entriesOf(child(root, "services")).map(entry => ({
      name: entry.key.value,
      complete: ["image", "build", "extends"].some(key => child(entry.value, key) !== undefined),
    })),
  );
}

const reaches = ["ports", "expose", "networks", "network_mode", "labels", "volumes", "depends_on", "restart"];

/**
 * Every service of it is the base's, says nothing of where it is reached, what it keeps and what it needs, and the base
 * publishes one of them: alone it would serve nobody.
 */
function onlyAdds(file: ComposeFile, base: ComposeFile): boolean {
  const entries = (of: ComposeFile) => of.roots.flatMap(root => entriesOf(child(root, "services")));
  const below = new Map(entries(base).map(({ key, value }) => [key.value, value]));
  const added = entries(file);
  return (
    added.length > 0 &&
    added.every(
      ({ key, value }) => below.has(key.value) && !reaches.some(name => child(value, name) !== undefined),
    ) &&
    added.some(({ key }) => child(below.get(key.value), "ports") !== undefined)
  );
}

/**
 * It depends on services that it does not define, the base defines them all, and no other file beside them does:
 * Compose takes it over the base only.
 */
function needsFrom(file: ComposeFile, base: ComposeFile, all: ReadonlyMap<string, ComposeFile>): boolean {
  const own = new Set(servicesOf(file).map(({ name }) => name));
  const missing = file.roots
    .flatMap(root => (child(root, "include") ? [] : entriesOf(child(root, "services"))))
    .flatMap(({ value }) => {
      const needs = child(value, "depends_on");
      return [
        ...entriesOf(needs).map(({ key }) => key.value),
        ...itemsOf(needs).flatMap(item => textOf(item)?.value ?? []),
      ];
    })
    .filter(name => !own.has(name));
  const has = (other: ComposeFile): boolean => {
    const names = new Set(servicesOf(other).map(({ name }) => name));
    return missing.every(name => names.has(name));
  };
  return (
    missing.length > 0 && has(base) && !siblings(file, all).some(other => isWhole(other, base) && has(other))
  );
}

/** A project of its own beside the base: no overlay, and none that is called after work. */
function isWhole(file: ComposeFile, base: ComposeFile): boolean {
  return (
    file !== base &&
    !isOverlay(file) &&
    !/override|dev|local|test|(?:^|\W)ci(?:\W|$)/i.test(stemOf(file.file))
  );
}

/** Some service has neither an image nor a build: the file only makes sense over another one. */
function isOverlay(file: ComposeFile): boolean {
  const services = servicesOf(file);
  return services.length > 0 && (services.some(service => !service.complete) || resets(file));
}

/** `volumes: !reset []`: it takes away what a file below it has. */
function resets(file: ComposeFile): boolean {
  return file.roots.some(root =>
    entriesOf(child(root, "services")).some(({ value }) =>
      entriesOf(value).some(entry => entry.value?.tag === "!reset" || entry.value?.tag === "!override"),
    ),
  );
}

/** `compose.prod.hardening.yml` beside `compose.prod.yml`, which has each service that it adds to: alone it is nothing. */
function isLeftOver(file: ComposeFile, all: ReadonlyMap<string, ComposeFile>): boolean {
  const own = servicesOf(file);
  if (own.length === 0 || own.some(({ complete }) => complete)) return false;
  const stem = stemOf(file.file);
  return siblings(file, all).some(other => {
    const below = new Set(servicesOf(other).flatMap(({ name, complete }) => (complete ? name : [])));
    return (
      stem.startsWith(`${stemOf(other.file)}.`) &&
      stemOf(other.file).includes(".") &&
      own.every(({ name }) => below.has(name))
    );
  });
}

function isSelfContained(file: ComposeFile): boolean {
  return !isOverlay(file);
}

/** `cd /srv/shop/infra/staging`: the end of the path that is a folder of the repository with a Compose file. */
export function folderOnServer(cwd: string | undefined, files: ProjectFiles): string | undefined {
  const parts = (cwd ?? "").split("/").filter(part => part !== "");
  for (let from = 1; from < parts.length; from++) {
    const folder = parts.slice(from).join("/");
    if (implicitFiles(folder, path => files.has(path) === "file").length > 0) return folder;
  }
  return undefined;
}

/** A file that has nothing but an `include` is what it brings in; what another repository has is not seen. */
export function withIncluded(file: ComposeFile, byPath: ReadonlyMap<string, ComposeFile>): ComposeFile[] {
  const paths = file.roots.flatMap(includedBy).map(path => join(dirname(file.file), path));
  const included = paths.flatMap(path => byPath.get(path) ?? []);
  const empty = file.roots.every(root => entriesOf(child(root, "services")).length === 0);
  const rest = paths.filter(path => !byPath.has(path));
  return empty && included.length > 0 && rest.every(path => path.startsWith("..")) ? included : [file];
}

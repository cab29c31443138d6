import type { ComposeFile } from "../artifacts/compose.ts";
import { basename, dirname, join } from "../core/path.ts";
import type { Source } from "../core/source.ts";
import { child, itemsOf, textOf, type YamlNode } from "../formats/yaml.ts";
import { factsFor, parseImageRef } from "./image/facts.ts";
import { isBacking, isProxy, keepsDatabase, onlyBacking, servicesIn } from "./project-habits.ts";

/** Where what Compose files run comes from: the checkout, or a registry. */

/** What is built runs from the directory that it is built from: it, or one above it, is mounted. */
export function mountsCheckout(files: readonly ComposeFile[]): boolean {
  return files.some(file => servicesIn([file]).some(({ value }) => runsCheckout(file, value)));
}

export function runsCheckout({ file }: ComposeFile, service: YamlNode): boolean {
  const build = child(service, "build");
  if (!build) return false;
  const context = join(dirname(file), textOf(build)?.value ?? textOf(child(build, "context"))?.value ?? ".");
  return itemsOf(child(service, "volumes")).some(item => {
    const written = textOf(item)?.value.split(":")[0] ?? textOf(child(item, "source"))?.value ?? "";
    if (!/^\.{1,2}(?:\/|$)/.test(written)) return false;
    // A directory that holds a Dockerfile beside the settings of a pulled program is no checkout.
    if (/:\/etc\//.test(textOf(item)?.value ?? "")) return false;
    const source = join(dirname(file), written);
    return source === context || source === "" || `${context}/`.startsWith(`${source}/`);
  });
}

/** A pulled runtime, `node:22`, runs what lies in the directory of the file, which is mounted as a whole. */
export function runsMountedRoot(files: readonly ComposeFile[]): boolean {
  return servicesIn(files).some(
    ({ value }) =>
      factsFor(parseImageRef(textOf(child(value, "image"))?.value ?? ""))?.kind === "runtime" &&
      itemsOf(child(value, "volumes")).some(item => /^\.\/?:/.test(textOf(item)?.value ?? "")),
  );
}

/** Only with a profile does it start a program, and that runs the checkout: without one, people start its databases. */
const profileOfWork = /^(?:load|tests?|testing|e2e|bench(?:mark)?|dev|development|local|debug|tools?)$/;

export function startsStores(files: readonly ComposeFile[]): boolean {
  const optional = files.flatMap(file =>
    servicesIn([file]).flatMap(({ value }) => (child(value, "profiles") ? { file, value } : [])),
  );
  const rest = servicesIn(files).filter(({ value }) => !child(value, "profiles"));
  const profiles = optional.flatMap(({ value }) =>
    itemsOf(child(value, "profiles")).map(item => textOf(item)?.value ?? ""),
  );
  if (optional.length === 0 || !onlyBacking(files, rest)) return false;
  return (
    profiles.every(name => profileOfWork.test(name)) ||
    (optional.some(({ file, value }) => runsCheckout(file, value)) &&
      optional.every(({ file, value }) => runsCheckout(file, value) || isBacking(value)))
  );
}

/** It builds nothing, and pulls a program. */
export const pullsAll = (files: readonly ComposeFile[]): boolean =>
  pullsApplication(files) && !servicesIn(files).some(({ value }) => child(value, "build"));

/** Something is built from the checkout; what is built of another repository, or beside a database, is no program of this one. */
export function areBuilt(files: readonly ComposeFile[]): boolean {
  return servicesIn(files).some(({ value }) => {
    const build = child(value, "build");
    return build !== undefined && !isElsewhere(build) && !keepsDatabase(value);
  });
}

/** Its context is an address. */
function isElsewhere(build: YamlNode): boolean {
  const context = textOf(build)?.value ?? textOf(child(build, "context"))?.value ?? ".";
  return /^(?:https?|git|ssh):|^git@/.test(context);
}

/** An image that is pulled, or built from another place than the checkout, and holds neither a database nor a tool, a proxy or nothing but a runtime. */
export function pullsApplication(files: readonly ComposeFile[]): boolean {
  return servicesIn(files).some(({ value }) => {
    const build = child(value, "build");
    if (build) return isElsewhere(build);
    if (isBacking(value) || isProxy(value)) return false;
    const image = textOf(child(value, "image"))?.value ?? "";
    return image.includes("$") || factsFor(parseImageRef(image))?.kind !== "runtime";
  });
}

/**
 * The Dockerfile that says that it is for work: one that is called after the workstation itself, or after development
 * where it builds nothing else.
 */
export function fileOfWork(files: readonly ComposeFile[]): string | undefined {
  const builds = servicesIn(files).flatMap(({ value }) => child(value, "build") ?? []);
  const names = builds.map(build => basename(textOf(child(build, "dockerfile"))?.value ?? ""));
  const isNamed = (word: string) => (name: string) =>
    new RegExp(`^(?:docker(?:file)?[._-](?:[\\w-]+[._-])?(?:${word})|(?:${word})[._-]dockerfile)$`, "i").test(
      name,
    );
  const found =
    names.find(isNamed("local")) ?? (names.every(isNamed("local|dev|development")) ? names[0] : undefined);
  return found && `it builds ${found}`;
}

/** A site of the configuration that a Caddy of it mounts, where all have names of a workstation: `shop.localhost`. */
export function reservedCaddySite(
  files: readonly ComposeFile[],
  text: (path: string) => Source | undefined,
): string | undefined {
  const sites = files.flatMap(file =>
    servicesIn([file]).flatMap(({ value }) => {
      if (!/(?:^|\/)caddy(?::|@|$)/.test(textOf(child(value, "image"))?.value ?? "")) return [];
      return itemsOf(child(value, "volumes")).flatMap(item => {
        const [source = "", target] = (textOf(item)?.value ?? "").split(":");
        const read =
          target === "/etc/caddy/Caddyfile" ? text(join(dirname(file.file), source))?.text : undefined;
        // Blocks without a name are settings; those in brackets are parts.
        return [...(read ?? "").matchAll(/^([^\s{}#(][^{}\n]*)\{[ \t]*$/gm)].flatMap(([, names]) =>
          names!.split(",").map(name => name.trim()),
        );
      });
    }),
  );
  return sites.length > 0 && sites.every(site => /(?:^|\.)localhost(?::\d+)?$/.test(site))
    ? sites[0]
    : undefined;
}

/** The Dockerfiles that it builds. */
export function dockerfilesOf(
  file: ComposeFile,
  services: readonly YamlNode[] = servicesIn([file]).map(({ value }) => value),
): string[] {
  return services.flatMap(value => {
    const build = child(value, "build");
    if (!build) return [];
    const context = textOf(build)?.value ?? textOf(child(build, "context"))?.value ?? ".";
    return join(join(dirname(file.file), context), textOf(child(build, "dockerfile"))?.value ?? "Dockerfile");
  });
}

/** All that it builds lies in a folder for development, and one for production has the same Dockerfiles. */
export function twinOfWork(files: readonly ComposeFile[], paths: readonly string[]): string | undefined {
  const builds = files.flatMap(file => dockerfilesOf(file));
  const twins = builds.map(path =>
    ["prod", "production"]
      .map(word => path.replace(/(^|\/)(?:dev|development)(?=\/)/, `$1${word}`))
      .find(other => other !== path && paths.includes(other)),
  );
  return builds.length > 0 && twins.every(twin => twin !== undefined)
    ? `it builds ${builds[0]}, and ${twins[0]} is the server's`
    : undefined;
}

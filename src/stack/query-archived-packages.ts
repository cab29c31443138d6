import type { Dockerfile, Stage } from "../artifacts/dockerfile.ts";
import type { Location } from "../core/source.ts";
import { type ImageRef, parseImageRef } from "./image/facts.ts";
import { runCommands } from "./image/run-commands.ts";
import type { Build, Stack } from "./stack.ts";

/** Images that fetch packages of a system whose lists were moved into an archive. */

export interface ArchivedInstall {
  readonly build: Build;
  /** The base image's name. */
  readonly base: Location;
  readonly system: string;
  readonly at: Location;
}

/** The first step of each Dockerfile that asks an emptied server for packages, in every build. */
export function archivedInstalls(stack: Stack): ArchivedInstall[] {
  const found = new Map<string, ArchivedInstall>();
  for (const build of stack.builds) {
    const { dockerfile, model } = build;
    if (!dockerfile || !model || build.grade === "development" || found.has(dockerfile.file)) continue;
    for (const { stage } of model.built) {
      const chain = chainOf(dockerfile, stage);
      const base = chain[0]!.from;
      const system =
        base.resolved === undefined || base.parent !== undefined
          ? undefined
          : archivedSystem(parseImageRef(base.resolved));
      const at = system && firstFetch(chain);
      if (!system || !at) continue;
      found.set(dockerfile.file, { build, base: base.image.at, system, at });
      break;
    }
  }
  return [...found.values()];
}

/** A stage with those that it is built up from, the first one first. */
function chainOf({ stages }: Dockerfile, stage: Stage): Stage[] {
  const parent = stage.from.parent === undefined ? undefined : stages[stage.from.parent];
  return parent ? [...chainOf({ stages } as Dockerfile, parent), stage] : [stage];
}

/** Other servers are put in place of those that the image names. */
const elsewhere =
  /sources\.list|archive\.|snapshot\.|old-releases|vault\.|yum\.repos\.d|mirrorlist|baseurl|\.repo\b|apt\.conf|trusted/;

function firstFetch(chain: readonly Stage[]): Location | undefined {
  for (const stage of chain) {
    if (
      stage.copies.some(
        ({ destination }) =>
          elsewhere.test(destination.value) || /\/etc\/(?:apt|yum)/.test(destination.value),
      )
    )
      return undefined;
    for (const run of stage.runs) {
      const texts = [run.fragment.text, ...run.heredocs.map(each => each.body.text)];
      if (texts.some(text => elsewhere.test(text))) return undefined;
      for (const { words, decisive, at } of runCommands(run, undefined)) {
        const [tool, ...rest] = words.map(word => word.value ?? "");
        const verb = rest.find(word => !word.startsWith("-"));
        const asks =
          (/^apt(?:-get)?$/.test(tool ?? "") && verb === "update") ||
          (/^(?:yum|dnf)$/.test(tool ?? "") &&
            /^(?:install|update|makecache|groupinstall)$/.test(verb ?? ""));
        if (asks) return decisive ? at : undefined;
      }
    }
  }
  return undefined;
}

const debians: Readonly<Record<string, string>> = { jessie: "8", stretch: "9", buster: "10" };
/** Interim releases of Ubuntu that ended a year ago or more: their lists are among the old releases alone. */
const interims =
  /^(?:1[579]\.04|1[5-9]\.10|2[0-4]\.10|21\.04|23\.04|hirsute|impish|kinetic|lunar|mantic|oracular)$/;
/**
 * Images whose bare version is of one of these Debians, each up to that version: what was released before the summer of
 * 2021 was last built on Debian 10, for images without a flavour moved to 11 in August.
 */
const oldBases: Readonly<Record<string, RegExp>> = {
  node: /^(?:[6-9]|1[0-2])(?:\.\d+)*$/,
  python: /^(?:(?:2\.7|3\.[45])(?:\.\d+)?|3\.6\.(?:\d|1[0-3])|3\.[78]\.(?:\d|10)|3\.9\.[0-5])$/,
  php: /^(?:5\.\d|7\.[0-2]|7\.4\.(?:\d|1\d))(?:\.\d+)?$/,
  ruby: /^(?:2\.[0-5](?:\.\d+)?|2\.6\.[0-7]|2\.7\.[0-3]|3\.0\.[01])$/,
  nginx: /^1\.(?:1\d(?:\.\d+)?|20\.[01])$/,
};
const flavours = /-(?:slim|fpm|apache|cli|zts|perl|jdk|jre)(?=-|$)/g;

function archivedSystem({ registry, name, tag, digest }: ImageRef): string | undefined {
  if (registry || name.includes("/") || digest || tag === undefined) return undefined;
  if (name === "centos") return /^(?:6|7|8)(?:\.|$)|^centos[678]/.test(tag) ? `CentOS ${tag}` : undefined;
  if (name === "ubuntu") return interims.test(tag) ? `Ubuntu ${tag}` : undefined;
  const named = /(?:^|-)(jessie|stretch|buster)(?=-|$)/.exec(tag)?.[1];
  if (named) return `Debian ${debians[named]} (${named})`;
  if (name === "debian") {
    const number = /^(8|9|10)(?:\.\d+)?(?:-slim)?$/.exec(tag)?.[1];
    return number ? `Debian ${number}` : undefined;
  }
  const bare = tag.replace(flavours, "");
  return Object.hasOwn(oldBases, name) && oldBases[name]!.test(bare) ? "Debian 10 or older" : undefined;
}

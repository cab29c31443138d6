import { filesBelow } from "../artifacts/project-files.ts";
import { basename, dirname, join } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import { isIgnored } from "../formats/dockerignore.ts";
import { isSurelyForServer } from "./query-built-in.ts";
import { buildArgument, hostOf, isBuildInput, publicName } from "./query-bundles.ts";
import { componentReads, givenVariables, isLoopback, ownsFile } from "./query-environment.ts";
import { madeByScript } from "./query-process.ts";
import type { Service, Stack } from "./stack.ts";

/** Addresses of an API that the code of pages falls back to, because nothing gives the build another one. */

export interface FallbackAddress {
  readonly name: string;
  readonly address: string;
  readonly at: Location;
  /** An env file that only the building machine has cannot get into the image. */
  readonly sure: boolean;
}

/** What pages call, not what they are called by. */
const api = /API|BACKEND|SERVER|SOCKET|GRAPHQL|_WS(?:_|$)|_BASE_URL$/;
const others = /(?:APP|SITE|WEB|FRONTEND|CLIENT|PUBLIC|CANONICAL|SELF)_(?:BASE_)?URL$|KEY|INTERNAL|SSR/;
/** The code asks for itself where it runs. */
const asks =
  /\bDEV\b|\bPROD\b|NODE_ENV|\bMODE\b|typeof\s+window|\blocation\b|hostname|isDev|isProd|process\.browser/;
const envNames = [".env", ".env.production", ".env.local", ".env.production.local"];

export function fallbackAddresses(stack: Stack, service: Service): FallbackAddress[] {
  const { component, build } = service;
  if (!component || !build?.dockerfile || build.contextState !== "present") return [];
  if (!isSurelyForServer(service.project)) return [];
  const { reads } = componentReads(stack, component);
  const runs = build.dockerfile.stages.flatMap(stage => stage.runs).map(run => run.fragment.text);
  const given = new Set(givenVariables(service).map(each => each.name));
  const seen = new Set<string>();
  return reads.flatMap(({ name, at, buildTime, default: fallback }) => {
    const address = fallback?.value ?? "";
    if (!buildTime || seen.has(name) || !publicName.test(name) || !api.test(name)) return [];
    if (
      others.test(name.replace(/^(?:NEXT_PUBLIC|REACT_APP|VUE_APP|VITE|GATSBY)/, "")) ||
      !isLoopback(hostOf(address) ?? "")
    )
      return [];
    // A file of settings for the builder, or a route of its own server, runs in no browser; a panel for debugging in few.
    if (/\.config\.[cm]?[jt]s$|(?:^|\/)(?:api|server|scripts?|debug)\//.test(at.file)) return [];
    if (!ownsFile(stack, component, at) || asks.test(around(stack, at))) return [];
    if (given.has(name) || buildArgument(service, name) || isBuildInput(service, name)) return [];
    if (runs.some(text => text.includes(name) || /\.env\b/.test(text))) return [];
    const file = envFileOf(stack, service, name);
    if (file === "there") return [];
    seen.add(name);
    return [{ name, address, at, sure: file === "out" }];
  });
}

/** `there`: a file of the repository sets it, a script writes one, or an example asks for one; `out`: none gets in. */
function envFileOf(stack: Stack, { component, build }: Service, name: string): "there" | "out" | "unseen" {
  const { dir } = component!;
  const inBuild = envNames.filter(each => {
    const path = join(dir, each);
    const relative = build!.context === "" ? path : path.slice(build!.context!.length + 1);
    return !(build!.ignore && isIgnored(build!.ignore.rules, relative).ignored);
  });
  if (inBuild.length === 0) return "out";
  if (inBuild.some(each => madeByScript(stack, join(dir, each)))) return "there";
  const named = filesBelow(stack.files, dir).some(path => {
    if (!/^\.?env\b|\.env\b|^README/i.test(basename(path)) || dirname(path) !== dir) return false;
    const read = stack.files.read(path);
    return "source" in read && read.source.text.includes(name);
  });
  return named ? "there" : "unseen";
}

/** The line and those around it. */
function around(stack: Stack, { file, span }: Location): string {
  const read = stack.files.read(file);
  const text = "source" in read ? read.source.text : "";
  return text.slice(Math.max(0, span.start - 160), span.end + 120);
}

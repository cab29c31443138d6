import { basename, dirname } from "../core/path.ts";
import { defaultNames, stemOf } from "./project-files.ts";

/** What the names of Compose files and of their folders say that they are for. */

export const production =
  /(^|[._-])(prod\d*|production|self-?host(?:ed|ing)?|deploy|deployment|live|server\d*|release|swarm|vps\d*)([._-]|$)|(?:^(?:docker)?[._-]?|\.)stack(?:[._-]|$)/i;
export const staging =
  /(^|[._-])(staging|stage|qa|uat|preprod|homolog|homologacao|hml|preview|demo|test|testing)([._-]|$)/i;
export const workstation =
  /(^|[._-])(near-prod|dev|devel|devmode|develop|develop?p?e?ment|devenv|local|localhost|(?<!(?:https|tls|ssl)[._-])override|ci|debug|e2e|fuzz|fuzzing|selenium|cypress|playwright|integration|bench|build|dependencies|deps|infra-only|tools?|docs|test|tests|testing)([._-]|$)/i;
/** Tried on a workstation, also where the rest of the name is a server's. */
export const local = /(^|[._-])local(?:host)?([._-]|$)/i;
export const passing =
  /(^|[._-])(maintenance|init|setup|install|installer|bootstrap|upgrade|migrate|migrations?|restore|seed)([._-]|$)/i;
export const asideFolder =
  /(^|\/)(\.devcontainer|\.github|\.?ci|cypress|playwright|\.?examples?|samples?|demos?|docs?|tests?|e2e|fixtures?|testdata|benchmarks?|templates?|[\w.-]*devcontainer[\w.-]*|[\w.-]+[._-](examples?|samples?|tests)|playground|(?:[\w.-]+[-_])?archive[ds]?|old|legacy|backup|\.?devenv|\.dev|dev|develop?p?e?ment|local|hack|[\w.-]*harness|tools|utils?|scripts|contrib(?:uting)?|vendor|third_party|node_modules|bower_components)(\/|$)/i;

/** Where nothing is a server's, also when nothing else is there. */
export const rigFolder =
  /(^|\/)(\.devcontainer|\.github|cypress|playwright|[\w.-]+[_-]tests|e2e|fixtures?|testdata|benchmarks?|\.?devenv|\.dev|vendor|third_party|node_modules|bower_components)(\/|$)/i;

/** Kept for reading: a script that lies there, too, deploys nothing any more. */
export const putAway = /(?:^|\/)(?:(?:[\w.-]+[-_])?archived?|old|legacy|deprecated|attic|obsolete)\//i;

/** A file for a task that ends: its name says that it initialises, upgrades, migrates, restores. */
export function isPassing(plan: { readonly files: readonly string[] }): boolean {
  return passing.test(stemOf(plan.files.at(-1)!));
}

/** Of the files that a development container is made of, those that are for it: a default file below one for work is not. */
export function forWork(files: readonly string[]): readonly string[] {
  return files.some(file => workstation.test(stemOf(file)))
    ? files.filter(file => !defaultNames.includes(basename(file)))
    : files;
}

const folderOf = (path: string): string => path.split("/").at(-2) ?? "";
/** `server-discovery/`: a part that has to do with servers, and is none. */
const ofServers = /^server[._-](?!prod|live|\d)/i;
/** Below a folder that is called after development, however deep. */
const workFolder = /(?:^|\/)(?:dev|devel|develop|development|local)\//i;

/** The folder is called after a server's, or after a release. */
export function isServersFolder(path: string): boolean {
  return production.test(folderOf(path)) && !ofServers.test(folderOf(path));
}

const manifests =
  /^(?:package\.json|pyproject\.toml|requirements\.txt|manage\.py|go\.mod|Cargo\.toml|composer\.json|Gemfile|pom\.xml|build\.gradle(?:\.kts)?|[\w.-]+\.csproj)$/;

/** `packages/server/` beside `packages/client/`: the folder holds the program that answers, not a server's files. */
export function isSourceFolder(path: string, paths: readonly string[] = []): boolean {
  const folder = dirname(path);
  if (!/^server$/i.test(basename(folder)) || !defaultNames.includes(basename(path))) return false;
  const own = paths.filter(each => dirname(each) === folder).map(basename);
  return (
    own.some(each => manifests.test(each)) &&
    !own.some(each => /\.ya?ml$/.test(each) && /(?:^|[._-])prod(?:uction)?[._-]/i.test(each))
  );
}

/** What the folder of a file plainly says. */
export function saidByFolder(path: string): "production" | "staging" | "development" | undefined {
  const place = folderOf(path);
  // `local-production/`: production's shape, tried on a workstation.
  if (/^local(?:host)?[._-]/i.test(place)) return "development";
  if (/(^|[._-])(prod|production|live|server|vps)([._-]|$)/i.test(place) && isServersFolder(path))
    return "production";
  if (/^(?:staging|stage|stg|qa|uat|pre-?prod|homolog|homologacao|hml)$/i.test(place)) return "staging";
  return workstation.test(place) || workFolder.test(path) ? "development" : undefined;
}

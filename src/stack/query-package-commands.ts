import { basename, dirname, inside, join } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import { containerFile } from "./query.ts";
import {
  isOnlyLockedForDevelopment,
  needed,
  onlyForDevelopment,
  productionInstall,
} from "./query-builder-packages.ts";
import { workingDirectory } from "./query-import.ts";
import { packageScript } from "./query-process.ts";
import type { Service, Stack } from "./stack.ts";

/** Commands of npm, yarn and pnpm that a service starts with, and that end at once. */

/** What a service starts and its container does not have. */
export interface Lack {
  readonly what: string;
  readonly but: string;
  readonly shows: string;
  readonly at?: Location | undefined;
  readonly confidence: "certain" | "likely";
}

export function startWords(service: Service): readonly (string | undefined)[] {
  return service.process?.argv.map(word => word.value) ?? [];
}

/** Commands of npm 6 to 11 and their other names, as `npm help` and npm's table of commands list them. */
const npmCommands =
  "access add adduser approve-scripts audit author bin birthday bugs c cache ci cit clean-install clean-install-test completion config create ddp dedupe deny-scripts deprecate diff dist-tag dist-tags docs doctor edit exec explain explore find find-dupes fund get help help-search hlep home hook i ic in info init innit ins inst install install-ci-test install-clean install-scripts install-test isntall issues it la link list ll ln login logout ls ogr org outdated owner pack ping pkg prefix profile prune publish query r rb rebuild remove repo restart rm root rum run run-script s sbom se search set show shrinkwrap sit stage star stars start stop substack t team test token trust tst udpate un undeprecate uninstall unlink unpublish unstar up update upgrade urn v verison version view visnup whoami why x xmas".split(
    " ",
  );

/** `npm starts`, `npm dev`: npm knows neither, and runs no script under its own name. */
export function unknownCommand(stack: Stack, service: Service): Lack | undefined {
  const [program, name] = startWords(service);
  if (basename(program ?? "") !== "npm" || !name || !/^[a-z][\w:.-]*$/.test(name)) return undefined;
  // npm takes a beginning for the whole word.
  if (npmCommands.some(command => command.startsWith(name))) return undefined;
  const script = packageOf(stack, service)?.package.scripts.get(name);
  return {
    what: `"npm ${name}"`,
    but: `which npm does not know${script ? `: the script is run by "npm run ${name}"` : ""}`,
    shows: "the script is here",
    at: script?.at,
    confidence: "certain",
  };
}

/** The package.json of the directory that a service works in. */
function packageOf(stack: Stack, service: Service) {
  const workdir = workingDirectory(service);
  const file = workdir && containerFile(stack, service, join(workdir, "package.json")).repositoryPath;
  const component = stack.components.find(each => each.manifest === file && each.package);
  return file && component?.package ? { file, workdir, package: component.package } : undefined;
}

/** `node server && tsc`: what stands behind a program that stays is not reached. */
const stays =
  /^(?:cross-env\s+)?(?:\w+=\S+\s+)*node\s+(?:--?[\w=./-]+\s+)*(?:[\w.-]+\/)*(?:bot|server|app|index|main|www)(?:\.[cm]?js)?\s*(?:&&|;)/;

/** `npm start` runs a program of the developers, and the image has the packages for production alone. */
export function starvedStart(stack: Stack, service: Service): Lack | undefined {
  const { model, process, mounts } = service;
  const own = packageOf(stack, service);
  const name = packageScript(startWords(service));
  if (!own || !model || !process || name === undefined) return undefined;
  if (stays.test(own.package.scripts.get(name)?.value ?? "")) return undefined;
  // Below a mount lie the packages of whoever made it.
  if (mounts.some(({ target }) => inside(target, own.workdir) !== undefined)) return undefined;
  const place = { at: process.at, directory: own.workdir };
  const install = productionInstall(model, model.built, place);
  if (!install) return undefined;
  const lacks = needed(stack, model, place, own.package, name).flatMap(
    each => onlyForDevelopment(own.package, each) ?? [],
  );
  const sure = lacks.map(each => isOnlyLockedForDevelopment(stack, own.package, each.name));
  const [first] = lacks;
  if (!first || sure.includes(false)) return undefined;
  return {
    what: `the package script "${name}"`,
    but: `which runs "${first.name}", a package that only developers get`,
    shows: "among the packages of developers, which the image does not install",
    at: first.at,
    confidence: sure.includes(undefined) ? "likely" : "certain",
  };
}

/** `npm run live` without such a script in the package.json of the working directory. */
export function missingScript(stack: Stack, service: Service): Lack | undefined {
  const words = startWords(service);
  const name = packageScript(words);
  if (
    !name ||
    words.some(word => /^(-w|--workspace|--prefix|-C|--cwd|--filter|-F|--if-present)/.test(word ?? ""))
  )
    return undefined;
  const own = packageOf(stack, service);
  if (!own || own.package.scripts.has(name) || words[0] === "bun") return undefined;
  const { file } = own;
  // `npm start` runs server.js when there is no such script; yarn runs programs under the same spelling.
  const explicit = words[1] === "run" || words[1] === "run-script";
  const starts = name === "start" && words[0] !== "yarn";
  if (!explicit && !starts) return undefined;
  if (starts && !explicit && mayHaveServer(stack, service, own)) return undefined;
  const at = own.package.name?.at ?? [...own.package.scripts.values()][0]?.at;
  const shows = `no script "${name}" in this file`;
  return {
    what: `the package script "${name}"`,
    but: `which ${file} does not have`,
    shows,
    at,
    confidence: explicit ? "certain" : "likely",
  };
}

/** An install brings no server.js; a build may. */
function mayHaveServer(stack: Stack, service: Service, own: NonNullable<ReturnType<typeof packageOf>>) {
  const { has } = containerFile(stack, service, join(own.workdir, "server.js"));
  if (has !== "unknown") return has === "yes";
  const beside = stack.files.has(join(dirname(own.file), "server.js")) !== undefined;
  return beside || own.package.scripts.size === 0 || own.package.scripts.has("build");
}

import type { ComposeModel, Engine, LabProject } from "../core/engine.ts";
import { EngineError } from "../core/engine.ts";
import { dirname, join } from "../core/path.ts";
import type { DockerAnswer, DockerWords } from "../core/server.ts";
import { cloneModel, withoutServices } from "./clone.ts";
import {
  type ComposeWords,
  parseCompose,
  parseWords,
  splitImage,
  type Words,
  wordsOfOptions,
} from "./docker-words.ts";
import type { OwnNames } from "./own-names.ts";

/** What the answers to `docker compose` need to know. */
export interface OwnCompose {
  readonly engine: Engine;
  readonly project: LabProject;
  /** The lab's directory, and the project's copy in it. */
  readonly directory: string;
  readonly copy: string;
  readonly names: OwnNames;
  /** Services that the lab could not get, with the reason. Grows. */
  readonly missing: Map<string, string>;
  /** Names of the services that the drilled project has. */
  readonly known: ReadonlySet<string>;
  /** A path of the server on this machine; undefined when it lies in the server alone. */
  here(path: string): string | undefined;
  /** What the drill makes of a release: a mark that it is new, or a defect. */
  change(model: ComposeModel, pulled: ReadonlySet<string>): ComposeModel;
  readonly pulled: Set<string>;
  /** What a build of the release is marked with. */
  release(): string;
  refuse(what: string, why: string): DockerAnswer;
  note(what: string): void;
}

const passed = new Set(
  "up start stop restart kill pause unpause rm ps logs exec run top port images config events wait create build down".split(
    " ",
  ),
);
/** They tell names and addresses; what they say is turned back into the user's words. */
const telling = new Set(
  "ps images config port top up down stop start restart create rm kill build".split(" "),
);

/**
 * Answers one `docker compose`: the files are resolved again, as they are now and with the script's environment, turned
 * into a clone, and Compose does on the lab's project what the script wants done to its own.
 */
export async function answerCompose(words: DockerWords, own: OwnCompose): Promise<DockerAnswer> {
  const asked = parseCompose(words.argv);
  const { subcommand: verb } = asked;
  const title = `docker compose ${verb}`;
  if (verb === "" || verb === "version" || asked.rest.includes("--help"))
    return { kind: "run", commands: [["compose", "--project-name", own.project.name, "version"]], ...quiet };
  const resolved = await resolve(asked, words, own);
  if (typeof resolved === "string") return { kind: "say", code: 1, err: `${own.names.toUser(resolved)}\n` };
  if (!Object.keys(resolved.services).some(name => own.known.has(name)))
    return own.refuse(title, "it works on another project than the one that is drilled");
  if (asked.project !== undefined && asked.project !== resolved.name)
    return own.refuse(title, `it works on a project of the name ${asked.project}`);
  const given = parseWords(verb, asked.rest);
  if (verb === "pull") return pull(given, resolved, own);
  if (verb === "cp") return own.refuse(title, "files are copied by docker cp alone");
  if (!passed.has(verb)) return own.refuse(title, "a lab has no such thing");
  const model = await placed(resolved, own);
  if (typeof model !== "object") return own.refuse(title, model);
  const named = verb === "exec" || verb === "run" ? given.operands.slice(0, 1) : given.operands;
  const gone = named.find(name => own.missing.has(name));
  if (gone !== undefined && resolved.services[gone])
    return own.refuse(`${title} ${gone}`, own.missing.get(gone)!);
  const options = optionsFor(verb, given, own);
  return {
    kind: "run",
    commands: [
      [
        ...["compose", "--project-name", own.project.name, "--file", own.project.file, "--progress", "plain"],
        ...asked.profiles.flatMap(profile => ["--profile", profile]),
        ...[verb, ...wordsOfOptions(options), ...given.operands],
      ],
    ],
    ...{ touches: [], stdin: verb === "exec" || verb === "run" },
    ...(telling.has(verb) ? { said: own.names.toUser } : {}),
  };
}

const quiet = { touches: [], stdin: false };

/** The project as the script's own command would see it, or Compose's words when it would refuse. */
async function resolve(
  asked: ComposeWords,
  { directory, environment }: DockerWords,
  own: OwnCompose,
): Promise<ComposeModel | string> {
  const at = (path: string) => own.here(join(directory, path));
  const fromVariable = environment["COMPOSE_FILE"]?.split(":") ?? [];
  const files = (asked.files.length > 0 ? asked.files : fromVariable).map(at);
  const envFiles = asked.envFiles.map(at);
  const base = asked.projectDirectory !== undefined ? at(asked.projectDirectory) : own.here(directory);
  const first = files[0];
  const where = asked.projectDirectory === undefined && first ? dirname(first) : base;
  if (where === undefined || [...files, ...envFiles].includes(undefined))
    return "no configuration file provided: not found";
  try {
    return await own.engine.config({
      directory: where,
      files: files.flatMap(file => file ?? []),
      environment: wanted(environment),
      options: [
        "--profile",
        "*",
        ...envFiles.flatMap(file => (file === undefined ? [] : ["--env-file", file])),
      ],
    });
  } catch (error) {
    if (error instanceof EngineError && error.trouble === "failed") return error.message;
    throw error;
  }
}

/** What a script sets for Compose to read, without what says where this machine's programs and engine are. */
function wanted(environment: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name]) => !/^(PATH|HOME|USER|PWD|OLDPWD|SHLVL|_|LD_.*|DOCKER_.*|COMPOSE_.*|NODE_.*)$/.test(name),
    ),
  );
}

/** Writes the lab's file for what the script sees now; or says why that cannot be. */
async function placed(resolved: ComposeModel, own: OwnCompose): Promise<ComposeModel | string> {
  const { lab } = own.project;
  const clone = cloneModel(resolved, {
    ...{ lab, directory: own.directory, copy: own.copy },
    // The lab's networks are there already, and stay as they are.
    closed: (await own.engine.about()).local,
  });
  own.names.learn(resolved, clone.model);
  const services = Object.fromEntries(
    Object.entries(clone.model.services).map(([name, service]) => {
      const image = own.names.image(resolved.services[name]?.image ?? "");
      return [name, image === undefined ? service : { ...service, image }];
    }),
  );
  for (const [name, service] of Object.entries(services)) {
    if (own.missing.has(name) || own.known.has(name) || service.build) continue;
    const got = await own.engine.obtain(own.project, { name, image: service.image ?? "", build: false });
    if (!got.ok) own.missing.set(name, `its image ${service.image} is not here and cannot be pulled`);
  }
  const there = new Map([...clone.leftOut, ...own.missing]);
  const { model } = withoutServices({ ...clone.model, services }, there);
  const changed = own.change(model, own.pulled);
  await own.engine.write(own.project, changed);
  return changed;
}

/** Registries are out of reach: what the lab has got stands for what a pull would bring. */
function pull({ operands }: Words, { services }: ComposeModel, own: OwnCompose): DockerAnswer {
  const names = operands.length > 0 ? operands : Object.keys(services);
  for (const name of names) own.pulled.add(name);
  own.note("docker compose pull: nothing was pulled, the images of the lab stand for what a registry has");
  // A release of another name is the lab's image under that name.
  const commands = names.flatMap(name => {
    const image = own.names.image(services[name]?.image ?? "");
    const lab = image && `${splitImage(image).repository}:lab`;
    return image && lab !== image ? [["tag", lab!, image]] : [];
  });
  return commands.length > 0 ? { kind: "run", commands, ...quiet } : { kind: "say", code: 0 };
}

/** Without what would reach images of others, registries, or ports of this machine. */
function optionsFor(verb: string, { options }: Words, own: OwnCompose): Words["options"] {
  return options.filter(({ name }) => {
    const away =
      (verb === "down" && name === "--rmi") ||
      (/^(up|build|create|run)$/.test(verb) && /^--(pull|push)$/.test(name)) ||
      (verb === "run" && /^(-p|--publish|--service-ports)$/.test(name));
    if (away) own.note(`docker compose ${verb}: without ${name}`);
    return !away;
  });
}

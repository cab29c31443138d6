import type { Container } from "../core/engine.ts";
import { basename, join } from "../core/path.ts";
import type { DockerAnswer, DockerWords } from "../core/server.ts";
import { parseWords, wordsOfOptions } from "./docker-words.ts";
import type { OwnCompose } from "./own-compose.ts";

export interface OwnDocker extends OwnCompose {
  all(): Promise<readonly Container[]>;
  /** The stand-in for the server itself. */
  server(): Container;
}

/** They name one or more containers and are done to those. */
const toContainers = new Set(
  "stop start restart kill rm wait pause unpause top port stats logs inspect".split(" "),
);
/** Without what belongs to others, nothing is left of them. */
const tidying =
  /^((system|image|builder|container|volume|network|buildx) prune|rmi|image rm|volume rm|network rm)$/;

/** Answers one `docker` that is no Compose: on containers of the lab, under the user's names for them. */
export async function answerDocker(words: DockerWords, own: OwnDocker): Promise<DockerAnswer> {
  const argv = words.argv[0] === "container" ? words.argv.slice(1) : [...words.argv];
  const [verb = "", ...rest] = argv;
  const title = `docker ${words.argv.slice(0, /^(image|volume|network|system|builder)$/.test(words.argv[0] ?? "") ? 2 : 1).join(" ")}`;
  if (tidying.test(`${verb} ${rest[0] ?? ""}`.trim()) || verb === "rmi") {
    own.note(`${title}: nothing was removed`);
    return { kind: "say", code: 0 };
  }
  if (verb === "version" || verb === "info" || verb === "--version")
    return run([verb === "--version" ? "version" : verb]);
  if (verb === "login" || verb === "logout") {
    own.note(`${title}: no registry was asked`);
    return { kind: "say", code: 0, out: "Login Succeeded\n" };
  }
  if (verb === "ps" || verb === "ls") return list(rest, own);
  if (verb === "exec") return exec(rest, own);
  if (verb === "cp") return copy(rest, words, own);
  if (verb === "run") return runImage(rest, words, own);
  if (verb === "tag" || verb === "pull" || verb === "images" || verb === "image" || verb === "build")
    return images(verb, rest, words, own, title);
  if (!toContainers.has(verb)) return own.refuse(title, "a lab has no such thing");
  const { options, operands } = parseWords(verb, rest);
  const found = await find(operands, own);
  if (!Array.isArray(found)) {
    const image = verb === "inspect" ? own.names.image(operands[0] ?? "") : undefined;
    return image === undefined ? found : run(["inspect", ...wordsOfOptions(options), image], own);
  }
  const forced = verb === "stats" ? [{ name: "--no-stream" }, ...options] : options;
  const ids = found.map(({ id }) => id);
  const touches = /^(logs|inspect|top|port|stats|wait)$/.test(verb) ? [] : found;
  return {
    ...run([verb, ...wordsOfOptions(forced), ...ids], verb === "logs" ? undefined : own),
    touches,
  };
}

function run(command: readonly string[], own?: OwnDocker): Extract<DockerAnswer, { kind: "run" }> {
  const said = own ? { said: own.names.toUser } : {};
  return { kind: "run", commands: [command], touches: [], stdin: false, ...said };
}

async function find(names: readonly string[], own: OwnDocker): Promise<Container[] | DockerAnswer> {
  const all = await own.all();
  const found: Container[] = [];
  for (const name of names) {
    const one = own.names.container(name, all);
    if (!one) return { kind: "say", code: 1, err: `Error: No such container: ${name}\n` };
    found.push(one);
  }
  return found;
}

/** Only the lab's; a filter for names means the user's names. */
async function list(rest: readonly string[], own: OwnDocker): Promise<DockerAnswer> {
  const { options } = parseWords("ps", rest);
  const all = await own.all();
  const given = options.flatMap(({ name, value = "" }) => {
    const wanted = /^(?:-f|--filter)$/.test(name) ? /^name=\^?\/?(.*?)\$?$/.exec(value)?.[1] : undefined;
    if (wanted === undefined) return wordsOfOptions([{ name, ...(value === "" ? {} : { value }) }]);
    const exact = value.includes("$");
    const fits = all.filter(one =>
      exact ? own.names.called(one) === wanted : own.names.called(one).includes(wanted),
    );
    return fits.length === 0 ? ["--filter", "id=none"] : fits.flatMap(({ id }) => ["--filter", `id=${id}`]);
  });
  const ours = ["--filter", `label=com.docker.compose.project=${own.project.name}`];
  return run(["ps", ...given, ...ours], own);
}

async function exec(rest: readonly string[], own: OwnDocker): Promise<DockerAnswer> {
  const { options, operands } = parseWords("exec", rest);
  const found = await find(operands.slice(0, 1), own);
  if (!Array.isArray(found)) return found;
  const stdin = options.some(({ name }) => name === "--interactive" || /^-[a-z]*i[a-z]*$/.test(name));
  const command = ["exec", ...wordsOfOptions(options), found[0]!.id, ...operands.slice(1)];
  return { kind: "run", commands: [command], touches: found, stdin };
}

/** Out of one container and into the server, or the other way: through a directory of the lab. */
async function copy(
  rest: readonly string[],
  { directory }: DockerWords,
  own: OwnDocker,
): Promise<DockerAnswer> {
  const { operands } = parseWords("cp", rest);
  const [from = "", to = ""] = operands;
  const inside = /^([^/:.][^/:]*):(.*)$/;
  const source = inside.exec(from);
  const target = inside.exec(to);
  if (from === "-" || to === "-" || (source && target) || !(source || target))
    return own.refuse("docker cp", "only files between a container and the server are copied");
  const found = await find([(source ?? target)![1]!], own);
  if (!Array.isArray(found)) return found;
  const scratch = `${own.directory}/server/copies`;
  const [container] = found;
  const server = own.server();
  const [first, second] = source
    ? [`${container!.id}:${source[2]}`, `${server.id}:${join(directory, to)}`]
    : [`${server.id}:${join(directory, from)}`, `${container!.id}:${target![2]}`];
  const plain = first.replace(/^[^:]*:/, "").replace(/\/\.?$/, "");
  const middle = `${scratch}/${basename(plain) || "root"}`;
  return {
    kind: "run",
    commands: [
      ["cp", first, middle],
      // `/.` stands for what is inside, not for the directory.
      ["cp", first.endsWith("/.") ? `${middle}/.` : middle, second],
    ],
    ...{ touches: [container!, server], stdin: false, scratch },
  };
}

/** Options that change nothing outside the new container. */
const harmless =
  /^(--rm|-d|--detach|-i|--interactive|-t|--tty|-it|-ti|-e|--env|-w|--workdir|-u|--user|--entrypoint|--init|--read-only|--tmpfs|-h|--hostname)$/;

/** `docker run` of an image that is here: its volumes are the lab's, its directories the server's. */
async function runImage(rest: readonly string[], words: DockerWords, own: OwnDocker): Promise<DockerAnswer> {
  const { options, operands } = parseWords("run", rest);
  const [reference = "", ...command] = operands;
  const given: string[] = [];
  for (const { name, value = "" } of options) {
    if (harmless.test(name)) given.push(...wordsOfOptions([value === "" ? { name } : { name, value }]));
    else if (name === "-v" || name === "--volume") {
      const mount = mountOf(value, words, own);
      if (mount === undefined)
        return own.refuse(`docker run -v ${value}`, "it is no volume or directory of the project");
      given.push("--volume", mount);
    } else if (name === "--network" || name === "--net") {
      const network = value === "none" ? value : own.names.network(value);
      if (network === undefined)
        return own.refuse(`docker run ${name} ${value}`, "the lab has no such network");
      given.push("--network", network);
    } else if (name === "--name") own.note("docker run: without its name");
    else return own.refuse(`docker run ${name}`, "a lab does not run containers with it");
  }
  const image = own.names.image(reference) ?? reference;
  const got = await own.engine.obtain(own.project, { name: "", image, build: false });
  if (!got.ok) return own.refuse(`docker run ${reference}`, "its image is not here and cannot be pulled");
  if (!given.includes("--network")) given.push("--network", "none");
  const label = `shipworthy.lab=${own.project.lab}`;
  const stdin = options.some(({ name }) => name === "--interactive" || /^-[a-z]*i[a-z]*$/.test(name));
  return { ...run(["run", "--label", label, "--pull", "never", ...given, image, ...command]), stdin };
}

function mountOf(value: string, { directory }: DockerWords, own: OwnDocker): string | undefined {
  const [source = "", target, mode] = value.split(":");
  if (target === undefined) return undefined;
  const path = /^[./]/.test(source) ? own.here(join(directory, source)) : own.names.volume(source);
  return path && [path, target, ...(mode === undefined ? [] : [mode])].join(":");
}

async function images(
  verb: string,
  rest: readonly string[],
  words: DockerWords,
  own: OwnDocker,
  title: string,
): Promise<DockerAnswer> {
  const asked = verb === "image" ? (rest[0] ?? "") : verb;
  const given = verb === "image" ? rest.slice(1) : rest;
  if (asked === "tag") {
    const [from, to] = given.map(own.names.image);
    if (from === undefined || to === undefined) return own.refuse(title, "it names an image of others");
    return run(["tag", from, to], own);
  }
  if (asked === "pull") {
    const { operands } = parseWords("pull", given);
    own.note("docker pull: nothing was pulled, the images of the lab stand for what a registry has");
    // Which service an image belongs to is not worth a guess: what has changed is replaced, whoever it is.
    if (operands.length > 0) for (const name of own.known) own.pulled.add(name);
    return { kind: "say", code: 0 };
  }
  if (asked === "inspect") {
    const { options, operands } = parseWords("inspect", given);
    const found = operands.map(name => own.names.image(name) ?? name);
    return run(["inspect", "--type", "image", ...wordsOfOptions(options), ...found], own);
  }
  if (asked === "build") return build(given, words, own);
  return own.refuse(title, "a lab does not list or move images");
}

/** `docker build` of an image that the project uses, from a directory of the server. */
function build(given: readonly string[], { directory }: DockerWords, own: OwnDocker): DockerAnswer {
  const options: string[] = [];
  let context: string | undefined;
  let known = false;
  for (let at = 0; at < given.length; at++) {
    const word = given[at]!;
    const takes = /^(-t|--tag|-f|--file|--build-arg|--target)$/.exec(word);
    const [name, value] = takes ? [word, given[++at] ?? ""] : word.split(/=(.*)/s);
    if (name === "-t" || name === "--tag") {
      const image = own.names.image(value ?? "");
      if (image === undefined) continue;
      known = true;
      options.push("--tag", image);
    } else if (name === "-f" || name === "--file") {
      const file = own.here(join(directory, value ?? ""));
      if (file === undefined) return own.refuse("docker build", "its Dockerfile is not in the project");
      options.push("--file", file);
    } else if (/^--(build-arg|target|no-cache)$/.test(name ?? ""))
      options.push(takes ? `${name}=${value}` : word);
    else if (word.startsWith("-")) return own.refuse(`docker build ${name}`, "a lab does not build with it");
    else context = own.here(join(directory, word));
  }
  if (!known || context === undefined) return own.refuse("docker build", "no service of the project uses it");
  const labels = [
    "--label",
    `shipworthy.lab=${own.project.lab}`,
    "--label",
    `shipworthy.release=${own.release()}`,
  ];
  return run(["build", ...labels, ...options, context], own);
}

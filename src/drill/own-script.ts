import { NotSeen } from "../core/drill.ts";
import {
  type ComposeModel,
  type Container,
  type Engine,
  EngineError,
  type LabProject,
} from "../core/engine.ts";
import { basename, dirname, inside, join } from "../core/path.ts";
import type {
  DockerAnswer,
  OwnServer,
  OwnServerOptions,
  ServerRun,
  ServerRunOptions,
} from "../core/server.ts";
import type { ComposeProject, Stack } from "../stack/stack.ts";
import { cloneModel } from "./clone.ts";
import { answerCompose } from "./own-compose.ts";
import { answerDocker, type OwnDocker } from "./own-docker.ts";
import { ownNames } from "./own-names.ts";
import { valuesFor } from "./values.ts";

export interface OwnServerSource {
  readonly engine: Engine;
  readonly project: LabProject;
  /** The clone, as it runs. */
  readonly model: ComposeModel;
  readonly missing: ReadonlyMap<string, string>;
  readonly stack: Stack;
  readonly user: ComposeProject;
  containers(): Promise<readonly Container[]>;
}

const scriptMs = 10 * 60_000;

/**
 * Opens the stand-in for the user's server, on which scripts of the project run as they stand. Its tree is the lab's
 * copy, its `docker` reaches the lab alone, its own ports lead to the lab's containers, and it has no network.
 * @throws NotSeen where this machine cannot have one.
 */
export async function openOwnServer(
  source: OwnServerSource,
  options: OwnServerOptions = {},
): Promise<OwnServer> {
  const { engine, project, model, missing, stack, user } = source;
  const directory = dirname(project.file);
  const copy = `${directory}/project`;
  const tree = `/srv/${user.directory === "" ? user.name : basename(user.directory)}`.replace(
    /[^\w./-]/g,
    "-",
  );
  const home = "/root";
  const mounts = [{ source: copy, target: tree }];
  const names = ownNames(project.name, mounts);
  const refused: string[] = [];
  const notes = new Set<string>();
  let container: Container | undefined;
  const here = (path: string): string | undefined => {
    const real = linked(path, tree, places);
    const below = inside(tree, real);
    return below === undefined ? undefined : join(copy, below);
  };
  const places = (options.places ?? []).map(place => place.replace(/^~/, home));
  const own: OwnDocker = {
    ...{ engine, project, directory, copy, names, here },
    missing: new Map([...missing].filter(([, why]) => !theirs.test(why))),
    known: new Set([...Object.keys(model.services), ...missing.keys()]),
    change: options.change ?? (one => one),
    pulled: new Set(),
    release: options.release ?? (() => "0"),
    refuse(what, why): DockerAnswer {
      refused.push(`${what}: ${why}`);
      return { kind: "say", code: 125, err: `${what}: not in a lab: ${why}\n` };
    },
    note: what => void notes.add(what),
    all: source.containers,
    server: () => container!,
  };
  const ports = portsOf(user);
  const server = await engine
    .server(project, {
      mounts,
      links: places.filter(place => place !== tree && isFree(place)).map(path => ({ path, to: tree })),
      names: namesOf(stack),
      ports: [...ports.keys()],
      async docker(words) {
        const { program, argv } = words;
        if (program === "docker-compose") return answerCompose(words, own);
        if (program === "docker" && argv[0] === "compose")
          return answerCompose({ ...words, argv: argv.slice(1) }, own);
        if (program === "docker") return answerDocker(words, own);
        return own.refuse(`${program} ${argv.at(0) ?? ""}`.trim(), "it would leave the lab");
      },
      async forward(port) {
        const to = ports.get(port)!;
        const serving = (await source.containers()).filter(
          one => one.service === to.service && one.state === "running",
        );
        // The newest: a port is published by whoever was started last.
        const one = serving.sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1))[0];
        return one && { container: one, port: to.target };
      },
    })
    .catch(error => {
      if (error instanceof EngineError && error.trouble === "failed") throw new NotSeen(error.message);
      throw error;
    });
  container = server.container;
  // Names are learned from what runs before any script asks for them by `docker exec`.
  await learn(
    own,
    join(copy, user.directory),
    user.files.map(file => join(copy, file)),
  );
  const run = async (argv: readonly string[], how: ServerRunOptions = {}): Promise<ServerRun> => {
    const { directory: where = tree, environment = {}, timeoutMs = scriptMs, ordinary = false } = how;
    const since = engine.now();
    const who = ordinary
      ? { user: "1000", environment: { HOME: "/home/deploy", USER: "deploy", ...environment } }
      : { user: "0", environment: { HOME: home, USER: "root", ...environment } };
    const ended = await engine.exec(server.container, argv, { directory: where, timeoutMs, ...who });
    return { ...ended, ms: engine.now() - since };
  };
  return {
    ...{ container: server.container, tree, home, refused, run, close: server.close },
    get notes() {
      return [...notes];
    },
    values: wanted =>
      Object.fromEntries(
        valuesFor(wanted, new Map(), () => "lab0123456789", namesOf(stack)[0] ?? "shop.test").map(one => [
          one.name,
          one.value,
        ]),
      ),
    read: path =>
      engine.copyOut(server.container, path).then(
        content => content,
        () => undefined,
      ),
    write: (path, text) => engine.copyIn(server.container, path, Buffer.from(text)),
  };
}

async function learn(own: OwnDocker, directory: string, files: readonly string[]): Promise<void> {
  const resolved = await own.engine.config({ directory, files, options: ["--profile", "*"] });
  const { lab } = own.project;
  const options = { lab, directory: own.directory, copy: own.copy, closed: true };
  own.names.learn(resolved, cloneModel(resolved, options).model);
}

/**
 * Reasons for which a service is not in the lab and that a script is to meet itself, as it would on the server: a build
 * that was tried and failed, and what hangs on it. A build that could not be tried is the lab's own lack.
 */
const theirs =
  /^its image does not build: (?!its (build context|Dockerfile) |there is no |\S+ (has no FROM|cannot be read))|^it needs /;

/** A path as the server has it, with the links to the tree followed. */
function linked(path: string, tree: string, places: readonly string[]): string {
  for (const place of places) {
    const below = inside(place, path);
    if (below !== undefined) return join(tree, below);
  }
  return path;
}

/** Not a directory that the server has anyway, nor one above the tree. */
function isFree(path: string): boolean {
  const plain = !path.split("/").some(step => step === "." || step === "..");
  return (
    plain &&
    path.startsWith("/") &&
    !/^\/(root|home|home\/deploy|srv|opt|var|tmp|etc|usr|mnt|lab)?$/.test(path)
  );
}

/** Which service answers on a port of the user's server. */
function portsOf(
  project: ComposeProject,
): Map<number, { readonly service: string; readonly target: number }> {
  const ports = new Map<number, { service: string; target: number }>();
  for (const service of project.services)
    for (const { published, target, protocol } of service.ports)
      if (published !== undefined && target !== undefined && protocol === "tcp")
        ports.set(published, { service: service.name, target });
  return ports;
}

/** Names that the proxies serve: the world's name server leads them to the server. */
function namesOf(stack: Stack): string[] {
  const written = stack.proxies.flatMap(proxy => proxy.effective.servers.flatMap(server => server.names));
  const names = written.map(({ value }) => value).filter(name => /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(name));
  return [...new Set(names)];
}

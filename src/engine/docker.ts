import { writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type ComposeModel,
  type Container,
  type ContainerProcess,
  type Done,
  type Engine,
  EngineError,
  type LabProject,
  labLabel,
  labPrefix,
  type Obtained,
  type ServiceImage,
} from "../core/engine.ts";
import { basename, dirname } from "../core/path.ts";
import { withoutLeftVolumes } from "./anonymous-volumes.ts";
import { type Api, openApi } from "./api.ts";
import { buildWords } from "./build-words.ts";
import { certificateOf } from "./certificate.ts";
import { buildArguments, configArguments, downArguments, pullArguments, upArguments } from "./commands.ts";
import { type Signal, signalFromOutside } from "./crash.ts";
import { findEndpoint } from "./endpoint.ts";
import { followEvents } from "./events.ts";
import { execIn } from "./exec.ts";
import { ask, openSocket, talkTo } from "./http.ts";
import { type Inspected, toContainer } from "./inspect.ts";
import { refuseLinksOut } from "./lab-paths.ts";
import { machineTimes } from "./machine.ts";
import { nullServer } from "./null-server.ts";
import { pullTrouble, withoutResolver } from "./pull-trouble.ts";
import { endCommandsOf, runProgram } from "./run-program.ts";
import { openServer } from "./server.ts";
import { countFrames, demultiplexer } from "./stream.ts";
import { labsOn, sweepLab } from "./sweep.ts";
import { packFile, unpackFile } from "./tar.ts";
import { writeLogFromOutside } from "./write-log.ts";

export interface DockerOptions {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly buildTimeoutMs?: number;
  /** A build that has written nothing for so long is given up. */
  readonly buildSilenceMs?: number;
  readonly signal?: AbortSignal;
}

/** The engine that the `docker` command of this user talks to. @throws EngineError `absent`, `refused` or `old`. */
export async function dockerEngine(options: DockerOptions = {}): Promise<Engine> {
  const environment = { ...process.env, ...options.environment };
  const api = openApi(await findEndpoint(environment));
  const composeVersion = await requireVersions(api, environment);
  const docker: Docker = async (argv, timeoutMs, how = {}) => {
    const { silentMs, environment: extra = {}, signal: own, wordsOf = lastOf } = how;
    const run = await runProgram("docker", argv, {
      timeoutMs,
      ...(silentMs === undefined ? {} : { silentMs }),
      environment: { ...environment, ...extra, COMPOSE_ANSI: "never", COMPOSE_PROGRESS: "plain" },
      signal: AbortSignal.any([options.signal, own].filter(one => one !== undefined)),
    });
    if (run.code === 0) return { ok: true, words: run.stdout };
    if (run.trouble === "timeout")
      return { ok: false, words: `It did not end within ${timeoutMs / 1000} s.` };
    if (run.trouble === "silent")
      return {
        ok: false,
        words: `${wordsOf(run.stdout, run.stderr)}\nThen nothing for ${silentMs! / 1000} s.`,
      };
    return { ok: false, words: wordsOf(run.stdout, run.stderr) };
  };
  const inspect = async (id: string) => (await api.call("GET", `/containers/${id}/json`)).json<Inspected>();
  /** The one gate to everything that changes a container: what does not carry a lab's label is not ours. */
  const ours = async (container: Container): Promise<Inspected> => {
    const seen = await inspect(container.id);
    const label = seen.Config.Labels?.[labLabel];
    if (!label || label !== container.lab)
      throw new EngineError("foreign", `${seen.Name} does not belong to the lab: it is left alone.`);
    return seen;
  };
  const list = async (lab: string): Promise<Container[]> => {
    const filters = encodeURIComponent(
      JSON.stringify({ label: [`${labLabel}=${lab}`, "com.docker.compose.service"] }),
    );
    const found = (await api.call("GET", `/containers/json?all=1&filters=${filters}`)).json<
      { Id: string }[]
    >();
    const seen = await Promise.all(
      found.map(({ Id }) => api.call("GET", `/containers/${Id}/json`, { allow: [404] })),
    );
    const there = seen
      .filter(({ status }) => status === 200)
      .map(answer => toContainer(answer.json<Inspected>()));
    return there.sort((a, b) => (a.name < b.name ? -1 : 1));
  };
  const addressOf = async ({ id }: Container, network?: string): Promise<string | undefined> => {
    const { Networks: all } = (await inspect(id)).NetworkSettings;
    const networks = Object.entries(all ?? {}).filter(([, { IPAddress }]) => IPAddress !== "");
    return (networks.find(([name]) => name === network) ?? networks[0])?.[1].IPAddress;
  };
  const signal = async (seen: Inspected, name: Signal, pids: readonly number[]) => {
    const others = (await list(seen.Config.Labels?.[labLabel] ?? "")).map(({ image }) => image);
    await signalFromOutside(api, seen, name, pids, others);
  };

  return {
    now: () => Date.now(),
    sleep: ms => sleep(ms, undefined, options.signal ? { signal: options.signal } : {}),
    async about() {
      const info = (await api.call("GET", "/info")).json<{
        NCPU: number;
        MemTotal: number;
        ServerVersion: string;
      }>();
      return {
        version: info.ServerVersion,
        composeVersion,
        cpus: info.NCPU,
        memoryBytes: info.MemTotal,
        local: api.endpoint.local && process.platform === "linux",
      };
    },
    async config(source) {
      const { ok, words } = await docker(
        configArguments(source),
        60_000,
        source.environment ? { environment: source.environment } : {},
      );
      if (!ok) throw new EngineError("failed", words);
      return JSON.parse(words) as ComposeModel;
    },
    obtain: (lab, service) => obtain(api, docker, lab, service, options),
    up: (lab, up = {}) =>
      withoutLeftVolumes(api, lab.lab, () =>
        docker(
          upArguments(named(lab), up),
          up.timeoutMs ?? 5 * 60_000,
          up.signal ? { signal: up.signal } : {},
        ),
      ),
    down: (lab, { volumes = false } = {}) =>
      withoutLeftVolumes(api, lab.lab, () => docker(downArguments(named(lab), volumes), 5 * 60_000)),
    containers: list,
    async start(container) {
      await ours(container);
      await api.call("POST", `/containers/${container.id}/start`, { allow: [304] });
    },
    async stop(container, { graceMs } = {}) {
      await ours(container);
      const grace = graceMs === undefined ? "" : `?t=${Math.ceil(graceMs / 1000)}`;
      await api.call("POST", `/containers/${container.id}/stop${grace}`, {
        allow: [304],
        timeoutMs: 10 * 60_000,
      });
    },
    async crash(container) {
      const seen = await ours(container);
      await signal(seen, "KILL", seen.State.Pid > 1 ? [seen.State.Pid] : []);
    },
    async freeze(container, frozen) {
      const seen = await ours(container);
      const running = await processesOf(api, container.id);
      await signal(
        seen,
        frozen ? "STOP" : "CONT",
        running.map(({ pid }) => pid),
      );
    },
    processes: container => processesOf(api, container.id),
    async exec(container, argv, execOptions) {
      await ours(container);
      return execIn(api, container.id, argv, execOptions);
    },
    async logs(container, { sinceMs, tail } = {}) {
      const since = sinceMs === undefined ? "" : `&since=${(sinceMs / 1000).toFixed(3)}`;
      const path = `/containers/${container.id}/logs?stdout=1&stderr=1&tail=${tail ?? "all"}${since}`;
      const output = demultiplexer();
      output.push((await api.call("GET", path, { timeoutMs: 60_000 })).bytes);
      return output.both();
    },
    async writeLog(container, lines) {
      const seen = await ours(container);
      const others = (await list(container.lab)).map(({ image }) => image);
      await writeLogFromOutside(api, seen, lines, others);
    },
    async logBytes(container) {
      const path = `/containers/${container.id}/logs?stdout=1&stderr=1&tail=all`;
      return countFrames(await api.open("GET", path), 120_000);
    },
    async imageText(container) {
      const settings = await api.call("GET", `/images/${container.image}/json`);
      const history = await api.call("GET", `/images/${container.image}/history`);
      return settings.bytes.toString("utf8") + history.bytes.toString("utf8");
    },
    events: lab => followEvents(api, lab),
    async http(container, request) {
      const address = await addressOf(container, request.network);
      if (address === undefined) return { headers: {}, body: "", ms: 0, error: "no address" };
      return ask(address, request);
    },
    async socket(container, request) {
      const address = await addressOf(container, request.network);
      if (address === undefined) return { ended: Promise.resolve(), close() {} };
      return openSocket(address, request);
    },
    async talk(container, port, words, enough) {
      const address = await addressOf(container);
      return address === undefined ? { open: false, reply: "" } : talkTo(address, port, words, enough);
    },
    async certificate(container, port, serverName) {
      const address = await addressOf(container);
      return address === undefined ? undefined : certificateOf(address, port, serverName);
    },
    async copyIn(container, path, content) {
      await ours(container);
      const archive = packFile(basename(path), content);
      await api.call("PUT", `/containers/${container.id}/archive?path=${encodeURIComponent(dirname(path))}`, {
        raw: archive,
      });
    },
    async copyOut(container, path) {
      const query = `path=${encodeURIComponent(path)}`;
      const answer = await api.call("GET", `/containers/${container.id}/archive?${query}`, {
        timeoutMs: 120_000,
      });
      const content = unpackFile(answer.bytes);
      if (!content) throw new EngineError("failed", `${path} in ${container.name} is no file.`);
      return content;
    },
    async usage(container) {
      const path = `/containers/${container.id}/stats?stream=false&one-shot=true`;
      const stats = (await api.call("GET", path)).json<{
        memory_stats?: { usage?: number };
        pids_stats?: { current?: number };
        cpu_stats?: { cpu_usage?: { total_usage?: number } };
      }>();
      return {
        memoryBytes: stats.memory_stats?.usage ?? 0,
        pids: stats.pids_stats?.current ?? 0,
        cpuMs: (stats.cpu_stats?.cpu_usage?.total_usage ?? 0) / 1e6,
      };
    },
    nothing: nullServer(),
    machine: async () => (api.endpoint.local ? machineTimes() : undefined),
    async remove(container) {
      await ours(container);
      await withoutLeftVolumes(api, container.lab, () =>
        api.call("DELETE", `/containers/${container.id}?force=1&v=1`, {
          allow: [404, 409],
          timeoutMs: 60_000,
        }),
      );
    },
    async write(lab, model) {
      const { file } = named(lab);
      refuseLinksOut(model, dirname(file));
      await writeFile(file, JSON.stringify(model));
    },
    server: (lab, spec) =>
      openServer(
        { api, environment, ours, addressOf, inspect: async id => toContainer(await inspect(id)) },
        named(lab),
        spec,
      ),
    async sweep(lab) {
      // A process that was killed leaves its Compose commands at work.
      endCommandsOf(`${labPrefix}${lab}`);
      return withoutLeftVolumes(api, lab, () => sweepLab(api, lab));
    },
    labs: () => labsOn(api),
  };
}

async function processesOf(api: Api, id: string): Promise<ContainerProcess[]> {
  const columns = encodeURIComponent("-eo pid,uid,args");
  const answer = await api.call("GET", `/containers/${id}/top?ps_args=${columns}`);
  const { Processes: rows } = answer.json<{ Processes: readonly (readonly string[])[] | null }>();
  return (rows ?? []).map(([pid, uid, ...words]) => ({
    pid: Number(pid),
    uid: Number(uid),
    command: words.join(" "),
  }));
}

/** Compose acts on a project by its name alone, so that a name that could be the user's is refused here. */
function named(lab: LabProject): LabProject {
  if (!lab.name.startsWith(labPrefix))
    throw new EngineError("foreign", `The project "${lab.name}" is not a lab: it is left alone.`);
  return lab;
}

type Docker = (
  argv: readonly string[],
  timeoutMs: number,
  options?: {
    readonly silentMs?: number;
    readonly environment?: Readonly<Record<string, string>>;
    readonly signal?: AbortSignal;
    /** What to tell of a program that failed. */
    readonly wordsOf?: (stdout: string, stderr: string) => string;
  },
) => Promise<Done>;

/** A build or a pull that says something goes on, however slow the machine; this is the end of patience all the same. */
const longestObtainMs = 90 * 60_000;
/** `next build` and large downloads are quiet for minutes. */
const usualSilenceMs = 10 * 60_000;

async function obtain(
  api: Api,
  docker: Docker,
  lab: LabProject,
  service: ServiceImage,
  { buildTimeoutMs = longestObtainMs, buildSilenceMs = usualSilenceMs }: DockerOptions,
): Promise<Obtained> {
  const limits = { silentMs: buildSilenceMs };
  const start = performance.now();
  const done = async (how: Obtained["how"], run: Promise<Done> | Done): Promise<Obtained> => ({
    ...(await run),
    how,
    ms: Math.round(performance.now() - start),
  });
  if (service.build) {
    const how = { ...limits, wordsOf: buildWords };
    const built = docker(buildArguments(named(lab), service.name), buildTimeoutMs, how);
    return done(
      "built",
      built.then(({ ok, words }) => ({ ok, words: withoutResolver(words) })),
    );
  }
  const present = await api.call("GET", `/images/${service.image}/json`, { allow: [404] });
  if (present.status === 200) return done("present", { ok: true, words: "" });
  const pulled = docker(pullArguments(named(lab), service.name), buildTimeoutMs, limits);
  return done("pulled", clearly(service.image, pulled));
}

async function clearly(image: string, pull: Promise<Done>): Promise<Done> {
  const done = await pull;
  return done.ok ? done : { ok: false, words: pullTrouble(image, done.words) };
}

async function requireVersions(
  api: Api,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const { ApiVersion, Version } = (await api.call("GET", "/version", { timeoutMs: 10_000 })).json<{
    ApiVersion: string;
    Version: string;
  }>();
  if (Number(ApiVersion.split(".")[1]) < 41)
    throw new EngineError("old", `The engine is of version ${Version}; 20.10 or later is needed.`);
  const asked = await runProgram("docker", ["compose", "version", "--format", "json"], {
    timeoutMs: 15_000,
    environment,
  });
  if (asked.code !== 0)
    throw new EngineError("absent", "The docker command has no `compose`: install Compose 2.24 or later.");
  const version = (JSON.parse(asked.stdout) as { version: string }).version.replace(/^v/, "");
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < 2 || (major === 2 && minor < 24))
    throw new EngineError("old", `Compose is of version ${version}; 2.24 or later is needed.`);
  return version;
}

/** The end of what a program said, for a person. */
function lastOf(stdout: string, stderr: string): string {
  return (stderr || stdout).trim().split("\n").slice(-12).join("\n").slice(-1500);
}

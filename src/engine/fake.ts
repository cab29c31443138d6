import {
  type Certificate,
  type ComposeModel,
  type ComposeService,
  type Container,
  type Engine,
  EngineError,
  type EngineEvent,
  type ExecResult,
  type HttpAnswer,
  type HttpRequest,
  labLabel,
  labPrefix,
} from "../core/engine.ts";

/** What a service's program does, where the engine alone does not decide. */
export interface FakeProgram {
  /** Healthy this long after its start, where it has a health check and `broken` does not hold. */
  readonly healthyAfterMs?: number;
  /** Ends by itself after this time. */
  readonly endsAfterMs?: number;
  readonly exitCode?: number;
  /** How long it takes to end after the stop signal; beyond the grace period it is killed. */
  readonly stopsAfterMs?: number;
  /** The user that its process runs as. */
  readonly uid?: number;
  readonly says?: readonly string[];
  http?(request: HttpRequest, world: FakeWorld): FakeAnswer | undefined;
  /** What a port answers to words; undefined where nothing listens. */
  talk?(port: number, words: string): string | undefined;
  /** What a port shows to a TLS client; undefined where it does not speak TLS. */
  certificate?(port: number): Certificate | undefined;
  exec?(argv: readonly string[], world: FakeWorld): ExecResult;
  /** The program lives and does not serve: its health check fails. */
  broken?(world: FakeWorld): boolean;
}

export interface FakeAnswer {
  readonly status: number;
  readonly body?: string;
  readonly headers?: HttpAnswer["headers"];
  readonly ms?: number;
}

/** What a program sees: its own files, kept in volumes or lost with the container, and who else runs. */
export interface FakeWorld {
  readonly files: Map<string, Uint8Array>;
  runs(service: string): boolean;
}

export interface FakeOptions {
  /** Resolved models by the directory or file that names them. */
  readonly models: ReadonlyMap<string, ComposeModel>;
  readonly programs?: Readonly<Record<string, FakeProgram>>;
  /** Services whose image cannot be had, with the reason. */
  readonly unobtainable?: Readonly<Record<string, string>>;
  /** How often the health check looks; three failures make it unhealthy. */
  readonly probeMs?: number;
  /** The share of the processors that nobody uses: 1. */
  readonly idle?: number;
  /** What a server takes that does nothing: 1. */
  readonly nothingMs?: number;
}

interface FakeContainer {
  readonly id: string;
  readonly name: string;
  readonly service: string;
  readonly lab: string;
  readonly project: string;
  readonly model: ComposeService;
  state: "created" | "running" | "exited";
  frozen: boolean;
  startedMs: number;
  exitCode: number;
  restarts: number;
  /** When it is started again after a crash. */
  backMs?: number;
  /** Since when its health check fails. */
  failingMs?: number;
  wanted: boolean;
  readonly output: string[];
  readonly layer: Map<string, Uint8Array>;
}

const restartDelayMs = 100;

/** An engine in memory with a clock of its own: `sleep` moves it, nothing waits. */
export function fakeEngine(
  options: FakeOptions,
): Engine & { readonly containersOf: (lab: string) => number } {
  const { models, programs = {}, unobtainable = {}, probeMs = 1_000, idle = 1, nothingMs = 1 } = options;
  let clock = 1_700_000_000_000;
  let made = 0;
  const all: FakeContainer[] = [];
  const volumes = new Map<string, { lab: string; files: Map<string, Uint8Array> }>();
  const feeds: { lab: string; seen: EngineEvent[] }[] = [];

  const say = (container: FakeContainer, what: string, exitCode?: number) => {
    const event = {
      atMs: clock,
      service: container.service,
      what,
      ...(exitCode === undefined ? {} : { exitCode }),
    };
    for (const feed of feeds) if (feed.lab === container.lab) feed.seen.push(event);
  };
  const program = (container: FakeContainer): FakeProgram => programs[container.service] ?? {};
  const volumeOf = (container: FakeContainer, path: string) => {
    const mount = (container.model.volumes ?? []).find(
      ({ type, target }) => type === "volume" && (path === target || path.startsWith(`${target}/`)),
    );
    return mount?.source === undefined ? undefined : volumes.get(`${container.project}_${mount.source}`);
  };
  const world = (container: FakeContainer): FakeWorld => {
    const placed = (path: string) => volumeOf(container, path)?.files ?? container.layer;
    const files = {
      get: (path: string) => placed(path).get(path),
      has: (path: string) => placed(path).has(path),
      set: (path: string, content: Uint8Array) => placed(path).set(path, content),
      delete: (path: string) => placed(path).delete(path),
    } as unknown as Map<string, Uint8Array>;
    const runs = (service: string) =>
      all.some(
        other => other.lab === container.lab && other.service === service && other.state === "running",
      );
    return { files, runs };
  };
  const begin = (container: FakeContainer) => {
    container.state = "running";
    container.startedMs = clock;
    container.wanted = true;
    container.frozen = false;
    delete container.backMs;
    delete container.failingMs;
    container.output.push(...(program(container).says ?? []));
    say(container, "start");
  };
  /** `asked`: by an operator, so that the restart policy rests. */
  const end = (container: FakeContainer, exitCode: number, asked: boolean) => {
    container.state = "exited";
    container.exitCode = exitCode;
    say(container, "die", exitCode);
    const policy = String(container.model["restart"] ?? "no");
    const restarts =
      policy === "always" ||
      policy === "unless-stopped" ||
      (policy.startsWith("on-failure") && exitCode !== 0);
    if (asked) container.wanted = false;
    else if (restarts) container.backMs = clock + restartDelayMs;
  };
  /** Brings every container to the present. */
  const settle = () => {
    for (const container of all) {
      const { endsAfterMs, exitCode = 0, broken } = program(container);
      if (
        container.state === "running" &&
        endsAfterMs !== undefined &&
        clock >= container.startedMs + endsAfterMs
      )
        end(container, exitCode, false);
      if (container.backMs !== undefined && clock >= container.backMs) {
        container.restarts++;
        begin(container);
      }
      if (container.state !== "running") continue;
      if (container.frozen || broken?.(world(container))) container.failingMs ??= clock;
      else delete container.failingMs;
    }
  };
  const healthOf = (container: FakeContainer): Container["health"] => {
    const check = container.model["healthcheck"] as { disable?: boolean } | undefined;
    if (!check || check.disable || container.state !== "running") return undefined;
    if (container.failingMs !== undefined && clock - container.failingMs >= 3 * probeMs) return "unhealthy";
    return clock - container.startedMs >= (program(container).healthyAfterMs ?? 0) ? "healthy" : "starting";
  };
  const show = (container: FakeContainer): Container => {
    const health = healthOf(container);
    const check = container.model["healthcheck"] as
      | { disable?: boolean; test?: string[]; start_period?: string }
      | undefined;
    const test = check?.disable ? undefined : check?.test;
    const startPeriodMs = Number.parseInt(check?.start_period ?? "0", 10) * 1_000;
    return {
      ...{ id: container.id, name: container.name, service: container.service, lab: container.lab },
      image: container.model.image ?? "",
      state: container.state,
      ...(health === undefined ? {} : { health }),
      ...{ exitCode: container.exitCode, oomKilled: false, restarts: container.restarts },
      startedAt: new Date(container.startedMs).toISOString(),
      restartPolicy: String(container.model["restart"] ?? "no"),
      addresses: container.state === "running" ? { default: "192.0.2.1" } : {},
      security: {
        user: String(container.model["user"] ?? ""),
        privileged: false,
        readOnly: container.model["read_only"] === true,
        ...{ memoryBytes: 0, pids: 0, nanoCpus: 0, dropped: [], options: [] },
      },
      ...(test ? { probe: { test, intervalMs: probeMs, timeoutMs: 5_000, retries: 3, startPeriodMs } } : {}),
      logging: { driver: "json-file", options: {} },
      environment: Object.entries(container.model.environment ?? {}).map(
        ([name, value]) => `${name}=${value}`,
      ),
    };
  };
  const find = (container: Container): FakeContainer => {
    settle();
    const found = all.find(({ id }) => id === container.id);
    if (!found) throw new EngineError("failed", `There is no container ${container.name}.`);
    if (found.lab === "" || found.lab !== container.lab)
      throw new EngineError("foreign", `${found.name} does not belong to the lab: it is left alone.`);
    return found;
  };
  const remove = (keep: (container: FakeContainer) => boolean) => {
    const removed = all.filter(container => !keep(container));
    all.splice(0, all.length, ...all.filter(keep));
    return removed.map(({ name }) => `container ${name}`);
  };
  const refuseForeign = (name: string) => {
    if (!name.startsWith(labPrefix)) throw new EngineError("foreign", `The project "${name}" is not a lab.`);
  };

  return {
    containersOf: lab => all.filter(container => container.lab === lab).length,
    now: () => clock,
    sleep: async ms => {
      // In steps, so that what ends and what restarts does so in order.
      for (const until = clock + ms; clock < until; ) {
        clock = Math.min(until, clock + 50);
        settle();
      }
    },
    about: async () => ({
      ...{ version: "fake", composeVersion: "fake", cpus: 2, memoryBytes: 8 * 2 ** 30, local: true },
    }),
    config: async source => {
      const model = models.get(source.directory);
      if (!model) throw new EngineError("failed", `no configuration file provided: not found`);
      return model;
    },
    obtain: async (_, service) => {
      const why = unobtainable[service.name];
      return { ok: why === undefined, words: why ?? "", how: service.build ? "built" : "present", ms: 1 };
    },
    async up(lab, { services, recreate, alone } = {}) {
      refuseForeign(lab.name);
      const model = models.get(lab.file);
      if (!model) return { ok: false, words: `${lab.file}: no such file` };
      for (const [name, service] of Object.entries(model.services)) {
        if (services && !services.includes(name) && alone) continue;
        const old = all.find(container => container.lab === lab.lab && container.service === name);
        if (old && !(recreate && (!services || services.includes(name)))) {
          if (old.state !== "running") begin(old);
          continue;
        }
        if (old) remove(container => container !== old);
        const label = (service["labels"] as Record<string, string> | undefined)?.[labLabel] ?? "";
        for (const { type, source } of service.volumes ?? []) {
          const key = `${lab.name}_${source}`;
          if (type === "volume" && source !== undefined && !volumes.has(key))
            volumes.set(key, { lab: label, files: new Map() });
        }
        const container: FakeContainer = {
          ...{
            id: `c${++made}`,
            name: `${lab.name}-${name}-1`,
            service: name,
            lab: label,
            project: lab.name,
          },
          ...{ model: service, state: "created", startedMs: 0, exitCode: 0, restarts: 0 },
          ...{ wanted: true, frozen: false },
          ...{ output: [], layer: new Map() },
        };
        all.push(container);
        begin(container);
      }
      return { ok: true, words: "" };
    },
    async down(lab, { volumes: withVolumes } = {}) {
      refuseForeign(lab.name);
      remove(container => container.project !== lab.name);
      if (withVolumes)
        for (const key of [...volumes.keys()]) if (key.startsWith(`${lab.name}_`)) volumes.delete(key);
      return { ok: true, words: "" };
    },
    containers: async lab => {
      settle();
      return all.filter(container => container.lab === lab).map(show);
    },
    start: async container => {
      const found = find(container);
      if (found.state !== "running") begin(found);
    },
    async stop(container, { graceMs = 10_000 } = {}) {
      const found = find(container);
      if (found.state !== "running") return;
      const { stopsAfterMs = 0, exitCode = 0 } = program(found);
      clock += Math.min(stopsAfterMs, graceMs);
      end(found, stopsAfterMs > graceMs ? 137 : exitCode, true);
    },
    async crash(container) {
      const found = find(container);
      if (found.state !== "running") throw new EngineError("failed", `${found.name} does not run.`);
      end(found, 137, false);
    },
    async freeze(container, frozen) {
      find(container).frozen = frozen;
    },
    processes: async container => [
      { pid: 1000, uid: program(find(container)).uid ?? 0, command: container.service },
    ],
    async exec(container, argv, { timeoutMs = 30_000 } = {}) {
      const found = find(container);
      if (found.state !== "running") throw new EngineError("failed", `${found.name} is not running`);
      const before = clock;
      const { test } = show(found).probe ?? {};
      // The health check is the engine's own matter: it passes when the program is well.
      if (test && argv.at(-1) === test.at(-1)) {
        const well =
          found.failingMs === undefined && clock - found.startedMs >= (program(found).healthyAfterMs ?? 0);
        return { code: well ? 0 : 1, stdout: "", stderr: "" };
      }
      const result = program(found).exec?.(argv, world(found)) ?? {
        code: 127,
        stdout: "",
        stderr: "not found",
      };
      if (clock - before > timeoutMs) throw new EngineError("timeout", "It did not end in time.");
      return result;
    },
    logs: async (container, { tail } = {}) => {
      const lines = find(container).output;
      return lines
        .slice(tail === undefined ? 0 : -tail)
        .map(line => `${line}\n`)
        .join("");
    },
    writeLog: async (container, lines) => {
      const { output } = find(container);
      for (let line = 0; line < lines; line++) output.push("x".repeat(999));
    },
    logBytes: async container => find(container).output.reduce((sum, line) => sum + line.length + 1, 0),
    imageText: async container => JSON.stringify({ image: find(container).model.image }),
    async events(lab) {
      const feed = { lab, seen: [] as EngineEvent[] };
      feeds.push(feed);
      return { seen: feed.seen, close: () => void feeds.splice(feeds.indexOf(feed), 1) };
    },
    async http(container, request): Promise<HttpAnswer> {
      settle();
      const found = all.find(({ id }) => id === container.id);
      const none = { headers: {}, body: "", ms: 1 };
      if (found?.frozen) return { ...none, error: "timeout" };
      if (found?.state !== "running") return { ...none, error: "no address" };
      const answer = program(found).http?.(request, world(found));
      return answer ? { ...none, body: "", ...answer } : { ...none, error: "ECONNREFUSED" };
    },
    socket: async () => ({ ended: Promise.resolve(), close() {} }),
    async talk(container, port, words) {
      const found = find(container);
      const said = typeof words === "string" ? words : Buffer.from(words).toString("latin1");
      const reply = found.state === "running" ? program(found).talk?.(port, said) : undefined;
      return { open: reply !== undefined, reply: reply ?? "" };
    },
    // Programs of the user's server are beyond a fake: what needs them is seen on the engine.
    server: async () => {
      throw new EngineError("failed", "The engine in memory has no server.");
    },
    write: async (lab, model) => {
      refuseForeign(lab.name);
      (models as Map<string, ComposeModel>).set(lab.file, model);
    },
    certificate: async (container, port) => {
      const found = find(container);
      return found.state === "running" ? program(found).certificate?.(port) : undefined;
    },
    copyIn: async (container, path, content) => void world(find(container)).files.set(path, content),
    copyOut: async (container, path) => {
      const content = world(find(container)).files.get(path);
      if (!content) throw new EngineError("failed", `${path} is no file.`);
      return content;
    },
    usage: async () => ({ memoryBytes: 1 << 20, pids: 1, cpuMs: 0 }),
    nothing: async () => ({ status: 200, headers: {}, body: "", ms: nothingMs }),
    machine: async () => ({ atMs: clock, cpus: 2, idleMs: clock * 2 * idle, ownMs: 0 }),
    remove: async container => void remove(other => other.id !== find(container).id),
    sweep: async lab => {
      const removed = remove(container => container.lab !== lab);
      for (const [key, volume] of [...volumes]) {
        if (volume.lab !== lab) continue;
        volumes.delete(key);
        removed.push(`volume ${key}`);
      }
      return removed;
    },
    labs: async () => [...new Set(all.map(({ lab }) => lab))].filter(lab => lab !== ""),
  };
}

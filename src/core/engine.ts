import type { Server, ServerSpec } from "./server.ts";

/**
 * The port to a Docker engine: the few verbs that drills and operations need, in words of our own. A real engine and
 * the fake in memory pass one contract suite. Every verb ends within a time of its own; none reads human output.
 */
export interface Engine {
  /** Milliseconds on the engine's side of the clock; only differences count. */
  now(): number;
  sleep(ms: number): Promise<void>;
  /** @throws EngineError `absent`, `refused` or `old` when there is no engine to work with. */
  about(): Promise<EngineAbout>;
  /** The project as Compose resolves it. @throws EngineError `failed` with Compose's own words. */
  config(source: ComposeSource): Promise<ComposeModel>;
  /** Builds the service's image, or pulls it where it is absent. */
  obtain(lab: LabProject, service: ServiceImage): Promise<Obtained>;
  /** Creates and starts services (all when none is named) in the order of their dependencies. */
  up(lab: LabProject, options?: UpOptions): Promise<Done>;
  /** Removes containers and networks, and volumes where asked to. */
  down(lab: LabProject, options?: { readonly volumes?: boolean }): Promise<Done>;
  /** Containers of a lab in every state, by service name. */
  containers(lab: string): Promise<readonly Container[]>;
  start(container: Container): Promise<void>;
  /** Stops as an operator does: the stop signal, and SIGKILL after the container's grace period (or `graceMs`). */
  stop(container: Container, options?: { readonly graceMs?: number }): Promise<void>;
  /** Kills the main process as a crash does, so that the restart policy acts. */
  crash(container: Container): Promise<void>;
  /**
   * Freezes or thaws every process that the container has now: it is there and answers nothing. Programs that are
   * started in it later, such as its health check, run.
   */
  freeze(container: Container, frozen: boolean): Promise<void>;
  processes(container: Container): Promise<readonly ContainerProcess[]>;
  exec(container: Container, argv: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** Lines of both streams, oldest first. */
  logs(
    container: Container,
    options?: { readonly sinceMs?: number; readonly tail?: number },
  ): Promise<string>;
  /** Writes so many lines of 1,000 bytes to the output of the container's main process, as if it had said them. */
  writeLog(container: Container, lines: number): Promise<void>;
  /** How many bytes of output the engine keeps of the container, lines as they were written. */
  logBytes(container: Container): Promise<number>;
  /** What anyone who has the container's image can read without starting it: its settings and its history, as JSON. */
  imageText(container: Container): Promise<string>;
  /** What happens to the lab's containers from now on. */
  events(lab: string): Promise<EventFeed>;
  /** One request to a port of the container, from outside it. A response of any status is an answer. */
  http(container: Container, request: HttpRequest): Promise<HttpAnswer>;
  /** Opens a WebSocket to a port of the container, from outside it. Never throws: what goes wrong is the status. */
  socket(container: Container, request: HttpRequest): Promise<SocketSession>;
  /**
   * Opens a connection to a port of the container, says something, and listens for two seconds at most, or until the
   * reply is enough: by default a line. The reply has one character for each byte.
   */
  talk(
    container: Container,
    port: number,
    words: string | Uint8Array,
    enough?: (reply: string) => boolean,
  ): Promise<{ readonly open: boolean; readonly reply: string }>;
  /** Connects with TLS as a current client does. Undefined when the port does not get that far. */
  certificate(container: Container, port: number, serverName?: string): Promise<Certificate | undefined>;
  copyIn(container: Container, path: string, content: Uint8Array): Promise<void>;
  copyOut(container: Container, path: string): Promise<Uint8Array>;
  usage(container: Container): Promise<Usage>;
  /** How this machine's processors have been used; undefined where the engine is on another one. */
  machine(): Promise<MachineTimes | undefined>;
  /** A request to a server of our own that does nothing: its time is the machine's and ours, and nobody else's. */
  nothing(): Promise<HttpAnswer>;
  /** Removes a container whatever its state, with the volumes that have no name. */
  remove(container: Container): Promise<void>;
  /** Replaces the lab's resolved file; what runs stays until the next `up`. */
  write(lab: LabProject, model: ComposeModel): Promise<void>;
  /**
   * Starts a stand-in for the user's server: a container with this machine's programs, without a network, whose
   * `docker` asks `spec.docker` for everything. @throws EngineError `failed` where this machine cannot lend its
   * programs: it runs no Linux, or the engine is elsewhere.
   */
  server(lab: LabProject, spec: ServerSpec): Promise<Server>;
  /** Removes everything that carries the lab's label, whoever made it. Gives what was removed. */
  sweep(lab: string): Promise<readonly string[]>;
  /** Ids of the labs that have left something on the engine. */
  labs(): Promise<readonly string[]>;
}

/** On every container, network, volume and image of a lab; its value is the lab's id. */
export const labLabel = "shipworthy.lab";

/** Labs and their Compose projects have names that no project of a user's has. */
export const labPrefix = "shipworthy-lab-";

export type EngineTrouble = "absent" | "refused" | "old" | "timeout" | "foreign" | "failed";

/** The engine did not do what was asked. `foreign`: it is not the lab's, so we did not touch it. */
export class EngineError extends Error {
  readonly trouble: EngineTrouble;

  constructor(trouble: EngineTrouble, message: string) {
    super(message);
    this.name = "EngineError";
    this.trouble = trouble;
  }
}

export interface EngineAbout {
  readonly version: string;
  readonly composeVersion: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  /** The engine runs on this machine, so that its containers' addresses and files can be reached from here. */
  readonly local: boolean;
}

/** Compose files as a user names them. */
export interface ComposeSource {
  readonly directory: string;
  /** Relative to the directory, or absolute. None: what Compose finds there by itself. */
  readonly files: readonly string[];
  /** Further options of `docker compose`: env files, profiles. */
  readonly options?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** A lab as Compose sees it: a project name with our prefix, and one resolved file. */
export interface LabProject {
  readonly lab: string;
  readonly name: string;
  readonly file: string;
}

/** What `docker compose config --format json` prints, as far as we look into it. Dollars are doubled. */
export interface ComposeModel {
  readonly name?: string;
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly networks?: Readonly<Record<string, ComposeObject | null>>;
  readonly volumes?: Readonly<Record<string, ComposeObject | null>>;
  readonly secrets?: Readonly<Record<string, ComposeObject>>;
  readonly configs?: Readonly<Record<string, ComposeObject>>;
}

export type ComposeObject = Readonly<Record<string, unknown>>;

export interface ComposeService extends ComposeObject {
  readonly image?: string;
  readonly build?: ComposeObject;
  readonly volumes?: readonly ComposeMount[];
  readonly depends_on?: Readonly<Record<string, ComposeObject>>;
  readonly environment?: Readonly<Record<string, string | null>>;
}

export interface ComposeMount extends ComposeObject {
  readonly type: string;
  readonly source?: string;
  readonly target: string;
}

export interface UpOptions {
  readonly services?: readonly string[];
  /** New containers also where nothing changed. */
  readonly recreate?: boolean;
  /** Only what is named, not what it depends on. */
  readonly alone?: boolean;
  readonly timeoutMs?: number;
  /** Ends the command, which may wait for what never comes; what it has made stays. */
  readonly signal?: AbortSignal;
}

/** `ok`, or the last words of the program that failed: for people, never parsed. */
export interface Done {
  readonly ok: boolean;
  readonly words: string;
}

export interface ServiceImage {
  readonly name: string;
  readonly image: string;
  /** It is made from the user's Dockerfile. */
  readonly build: boolean;
}

export interface Obtained extends Done {
  readonly how: "built" | "pulled" | "present";
  readonly ms: number;
}

export interface Container {
  readonly id: string;
  readonly name: string;
  readonly service: string;
  readonly lab: string;
  readonly image: string;
  readonly state: "created" | "running" | "restarting" | "paused" | "exited" | "dead" | "removing";
  /** Undefined without a health check. */
  readonly health?: "starting" | "healthy" | "unhealthy";
  readonly exitCode: number;
  readonly oomKilled: boolean;
  /** How often the engine has restarted it. */
  readonly restarts: number;
  /** ISO time of the last start. */
  readonly startedAt: string;
  readonly restartPolicy: string;
  /** Addresses by network; empty while it does not run. */
  readonly addresses: Readonly<Record<string, string>>;
  readonly security: ContainerSecurity;
  readonly probe?: ContainerProbe;
  readonly logging: { readonly driver: string; readonly options: Readonly<Record<string, string>> };
  readonly environment: readonly string[];
}

/** The health check in force, from the Compose file or the image. */
export interface ContainerProbe {
  /** `CMD` and words, or `CMD-SHELL` and a text. */
  readonly test: readonly string[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly retries: number;
  /** So long after the start a check that fails does not count. */
  readonly startPeriodMs: number;
}

export interface ContainerSecurity {
  readonly user: string;
  readonly privileged: boolean;
  readonly readOnly: boolean;
  readonly memoryBytes: number;
  readonly pids: number;
  readonly nanoCpus: number;
  /** Capabilities that were taken away, as the files name them. */
  readonly dropped: readonly string[];
  /** `security_opt`. */
  readonly options: readonly string[];
}

/** As the engine's machine numbers them: the user is the one that the kernel sees. */
export interface ContainerProcess {
  readonly pid: number;
  readonly uid: number;
  readonly command: string;
}

export interface ExecOptions {
  readonly user?: string;
  readonly timeoutMs?: number;
  readonly environment?: Readonly<Record<string, string>>;
  readonly directory?: string;
}

export interface ExecResult {
  /** 126 and 127 as a shell has them: the program cannot be run, or is not there. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `what` is the engine's action: start, die, oom, stop, kill, destroy, "health_status: healthy". */
export interface EngineEvent {
  readonly atMs: number;
  readonly service: string;
  readonly what: string;
  readonly exitCode?: number;
}

export interface EventFeed {
  readonly seen: readonly EngineEvent[];
  close(): void;
}

export interface HttpRequest {
  readonly port: number;
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs?: number;
  /** Over TLS, whatever the certificate says. */
  readonly tls?: boolean;
  /** The network to come from, for a container on several. */
  readonly network?: string;
  /** Over a connection that an earlier request to the same place may have left open, as browsers and proxies do. */
  readonly keepAlive?: boolean;
}

/** A connection that was asked to become a WebSocket. */
export interface SocketSession {
  /** 101 when it did; undefined when no response came. */
  readonly status?: number;
  /** Settles when the other side ends it, or it breaks; at once when it was never opened. */
  readonly ended: Promise<void>;
  close(): void;
}

export interface HttpAnswer {
  /** Undefined when no complete response came. */
  readonly status?: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** At most 64 KiB. */
  readonly body: string;
  readonly ms: number;
  /** Why there is no response: ECONNREFUSED, ECONNRESET, timeout, no address. */
  readonly error?: string;
}

/** What a server shows of itself, whoever has signed it. */
export interface Certificate {
  /** What both agreed upon: `TLSv1.3`. */
  readonly protocol: string;
  readonly cipher: string;
  readonly subject: string;
  readonly issuer: string;
  /** ISO times. */
  readonly validFrom: string;
  readonly validTo: string;
  /** It has signed itself. */
  readonly selfSigned: boolean;
}

export interface Usage {
  readonly memoryBytes: number;
  readonly pids: number;
  /** Processor time that the container has had since its start, in milliseconds. */
  readonly cpuMs: number;
}

/** Processor times in milliseconds, over all processors. Only differences count. */
export interface MachineTimes {
  readonly atMs: number;
  readonly cpus: number;
  readonly idleMs: number;
  /** Of the process that asks. */
  readonly ownMs: number;
}

import type { ComposeModel, Container, ExecResult } from "./engine.ts";

/** The stand-in for the user's server: a container of the lab with this machine's programs and none of its files. */
export interface ServerSpec {
  /** Directories or files of this machine, and where they lie there. */
  readonly mounts: readonly { readonly source: string; readonly target: string }[];
  /** Paths that are links: how scripts call a directory that lies elsewhere here. */
  readonly links: readonly { readonly path: string; readonly to: string }[];
  /** Host names that the server answers to itself. */
  readonly names: readonly string[];
  /** Ports that it listens on, as the user's server does for the stack. */
  readonly ports: readonly number[];
  /** Decides what becomes of a `docker` command: nothing runs on the engine that this does not give. */
  docker(words: DockerWords): Promise<DockerAnswer>;
  /** Where a connection to one of `ports` leads now. */
  forward(port: number): Promise<{ readonly container: Container; readonly port: number } | undefined>;
}

/** A command line that a script gave to `docker`, or to `docker-compose`. */
export interface DockerWords {
  readonly program: string;
  readonly argv: readonly string[];
  /** On the server. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
}

export type DockerAnswer =
  | { readonly kind: "say"; readonly code: number; readonly out?: string; readonly err?: string }
  | {
      readonly kind: "run";
      /** Arguments for `docker` on this machine, one command after the other; the first that fails is the last. */
      readonly commands: readonly (readonly string[])[];
      /** The containers that it changes: each is seen to be the lab's before anything runs. */
      readonly touches: readonly Container[];
      /** The last command reads the script's standard input, as it would on the server. */
      readonly stdin: boolean;
      /** Directories that the commands want to find, and that are removed after them. */
      readonly scratch?: string;
      /** Applied to its output as a whole; without it, output is passed on as it comes. */
      readonly said?: (text: string) => string;
    };

export interface Server {
  /** Carries the lab's label and belongs to no service: exec, copies and usage work as for any other. */
  readonly container: Container;
  close(): Promise<void>;
}

/** What a drill may ask of the stand-in for the user's server. */
export interface OwnServer {
  readonly container: Container;
  /** Where the project's tree lies on it. The same files that the lab's containers mount. */
  readonly tree: string;
  /** The home directory of the user that deploys. */
  readonly home: string;
  /** What of the scripts' wishes was not done, each with the reason: a result with such a gap decides nothing. */
  readonly refused: readonly string[];
  /** What was done otherwise than on a server, and does not spoil a result. */
  readonly notes: readonly string[];
  /** Runs a command on it. @throws EngineError `timeout` when it does not end in its time. */
  run(argv: readonly string[], options?: ServerRunOptions): Promise<ServerRun>;
  /** Values for variables that a script asks for and nothing gives: made up to fit their names. */
  values(names: readonly string[]): Readonly<Record<string, string>>;
  /** What stands in a file of the server, or undefined when there is none. */
  read(path: string): Promise<Uint8Array | undefined>;
  write(path: string, text: string): Promise<void>;
  close(): Promise<void>;
}

export interface OwnServerOptions {
  /** What a release of the drill is: applied to the lab's file whenever a script's Compose reads it. */
  readonly change?: (model: ComposeModel, pulled: ReadonlySet<string>) => ComposeModel;
  /** Marks builds of `docker build`. */
  readonly release?: () => string;
  /** Paths by which scripts call the project's tree: /opt/shop, ~/shop. */
  readonly places?: readonly string[];
}

export interface ServerRunOptions {
  /** `tree` when left out. */
  readonly directory?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Ten minutes when left out. */
  readonly timeoutMs?: number;
  /** A user other than root: some scripts refuse root. */
  readonly ordinary?: boolean;
}

export interface ServerRun extends ExecResult {
  readonly ms: number;
}

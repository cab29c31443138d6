import { spawn } from "node:child_process";
import { Agent, type AgentOptions } from "node:http";
import { Duplex } from "node:stream";
import { EngineError } from "../core/engine.ts";
import { runProgram } from "./run-program.ts";

/** Where the Engine API is. */
export interface Endpoint {
  /** A socket of this machine: containers' addresses, processes and files are reachable from here. */
  readonly local: boolean;
  readonly socketPath?: string;
  /** For anything else: connections through `docker system dial-stdio`, which knows TLS, ssh and contexts. */
  readonly agent?: Agent;
  /** As the user has it, for messages. */
  readonly address: string;
}

const defaultSocket = "/var/run/docker.sock";

/** What DOCKER_HOST or the current context name. @throws EngineError when the docker command is not there. */
export async function findEndpoint(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Endpoint> {
  const address = (env["DOCKER_CONTEXT"] ? undefined : env["DOCKER_HOST"]) || (await contextHost(env));
  if (address.startsWith("unix://"))
    return { local: true, socketPath: address.slice("unix://".length), address };
  return { local: false, agent: dialAgent(env), address };
}

async function contextHost(env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const argv = ["context", "inspect", "--format", "{{json .Endpoints.docker.Host}}"];
  const named = env["DOCKER_CONTEXT"];
  const asked = await runProgram("docker", named ? [...argv, named] : argv, {
    timeoutMs: 10_000,
    environment: env,
  });
  if (asked.trouble === "absent")
    throw new EngineError("absent", "The docker command is not installed, or not in PATH.");
  if (asked.code !== 0) {
    if (named)
      throw new EngineError("absent", `The Docker context "${named}" cannot be read: ${asked.stderr.trim()}`);
    return `unix://${defaultSocket}`;
  }
  return (JSON.parse(asked.stdout) as string) || `unix://${defaultSocket}`;
}

/** Each connection is a `docker system dial-stdio`: a raw stream to the API that the docker command would use. */
function dialAgent(env: Readonly<Record<string, string | undefined>>): Agent {
  const options: AgentOptions = { keepAlive: false };
  const agent = new Agent(options);
  // Node's types leave out that a stream of any kind may be given.
  (agent as unknown as { createConnection(): Duplex }).createConnection = () => {
    const child = spawn("docker", ["system", "dial-stdio"], {
      stdio: ["pipe", "pipe", "ignore"],
      env: { ...process.env, ...env },
    });
    const stream = Duplex.from({ readable: child.stdout, writable: child.stdin }) as Duplex & {
      setKeepAlive?(): void;
      setTimeout?(): void;
      setNoDelay?(): void;
      ref?(): void;
      unref?(): void;
    };
    // Node asks sockets for these; a pipe has no use for them.
    for (const name of ["setKeepAlive", "setTimeout", "setNoDelay", "ref", "unref"] as const)
      stream[name] ??= () => {};
    stream.on("close", () => child.kill());
    child.on("error", error => stream.destroy(error));
    child.on("exit", code => {
      if (code !== 0) stream.destroy(new Error(`docker system dial-stdio ended with ${code}`));
    });
    return stream;
  };
  return agent;
}

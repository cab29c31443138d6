import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { connect, createServer, type Server as NetServer, type Socket } from "node:net";
import type { Container } from "../core/engine.ts";
import { labPrefix } from "../core/engine.ts";
import type { DockerAnswer, ServerSpec } from "../core/server.ts";
import { leadsOut } from "./lab-paths.ts";
import { frames } from "./server-programs.ts";

export interface DoorOptions {
  readonly path: string;
  /** The lab's: nothing outside of it is mounted or built. */
  readonly directory: string;
  readonly spec: ServerSpec;
  /** The container that asks, once it is there: `sudo` runs in it. */
  id(): string;
  /** @throws EngineError `foreign` when it is not the lab's. */
  ours(container: Container): Promise<unknown>;
  addressOf(container: Container): Promise<string | undefined>;
  /** Runs what may replace containers, and leaves no volume of theirs behind. */
  changing<T>(command: () => Promise<T>): Promise<T>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

interface Asked {
  readonly program: string;
  readonly argv: readonly string[];
  readonly directory: string;
  readonly uid: number;
  readonly environment: Readonly<Record<string, string>>;
}

/** Arguments and environment of one command: the kernel allows two megabytes. In bytes. */
const longestAsk = 4 * 1024 * 1024;

/** The one way out of a stand-in for a server: what its `docker` asks for, and connections to its own ports. */
export async function openDoor(options: DoorOptions): Promise<{ close(): void }> {
  const running = new Set<ChildProcess>();
  const server: NetServer = createServer(socket => {
    socket.on("error", () => socket.destroy());
    let head: Buffer = Buffer.alloc(0);
    const read = (chunk: Buffer) => {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf(10);
      if (end === -1) {
        if (head.length > longestAsk) socket.destroy();
        return;
      }
      socket.off("data", read);
      socket.pause();
      let asked: Asked & { forward?: number };
      try {
        asked = JSON.parse(head.subarray(0, end).toString("utf8"));
      } catch {
        // Scripts may write to it what they like.
        socket.destroy();
        return;
      }
      const rest = head.subarray(end + 1);
      if (rest.length > 0) socket.unshift(rest);
      const served =
        asked.forward === undefined
          ? serve(socket, asked, options, running)
          : forward(socket, asked.forward, options);
      served.catch(error => {
        speak(socket, { kind: "say", code: 125, err: `${error instanceof Error ? error.message : error}\n` });
      });
    };
    socket.on("data", read);
  });
  await new Promise<void>((settle, fail) => {
    server.on("error", fail);
    server.listen(options.path, settle);
  });
  return {
    close() {
      server.close();
      for (const child of running) child.kill("SIGKILL");
    },
  };
}

async function forward(socket: Socket, port: number, { spec, addressOf }: DoorOptions): Promise<void> {
  const to = await spec.forward(port);
  const address = to && (await addressOf(to.container));
  if (!to || address === undefined) {
    socket.destroy();
    return;
  }
  const other = connect({ host: address, port: to.port });
  other.on("error", () => socket.destroy());
  other.on("close", () => socket.destroy());
  socket.on("close", () => other.destroy());
  socket.pipe(other).pipe(socket);
}

async function serve(
  socket: Socket,
  asked: Asked,
  options: DoorOptions,
  running: Set<ChildProcess>,
): Promise<void> {
  const answer: DockerAnswer =
    asked.program === "sudo" ? asRoot(asked, options.id()) : await options.spec.docker(asked);
  if (answer.kind === "say") {
    speak(socket, answer);
    return;
  }
  for (const argv of answer.commands) {
    refuseForeign(argv);
    refuseLinks(argv, options.directory);
  }
  for (const container of answer.touches) await options.ours(container);
  if (answer.scratch !== undefined) mkdirSync(answer.scratch, { recursive: true });
  try {
    let code = 0;
    for (const [index, argv] of answer.commands.entries()) {
      const last = index === answer.commands.length - 1;
      const run = () => pass(socket, argv, { ...answer, stdin: answer.stdin && last }, options, running);
      code = await (argv.some(word => replacing.has(word)) ? options.changing(run) : run());
      if (code !== 0) break;
    }
    frame(socket, frames.end, Buffer.from([code]));
    socket.end();
  } finally {
    if (answer.scratch !== undefined) rmSync(answer.scratch, { recursive: true, force: true });
  }
}

/** Words of commands after which a container may be another one. A word of another meaning costs two questions. */
const replacing = new Set(["up", "down", "rm", "create"]);

const verbs = new Set(
  "exec cp ps inspect logs stop start restart kill rm wait pause unpause top port stats build tag images run version info".split(
    " ",
  ),
);

/** Compose acts on a project by its name alone, and a few verbs act on nothing or on what `touches` names. */
function refuseForeign(argv: readonly string[]): void {
  const [verb = "", option, project = ""] = argv;
  const fine =
    verb === "compose" ? option === "--project-name" && project.startsWith(labPrefix) : verbs.has(verb);
  if (!fine) throw new Error(`docker ${verb}: not in a lab`);
}

/** A script may make a link in its tree and have it mounted or built: what it leads to is not the lab's. */
function refuseLinks(argv: readonly string[], directory: string): void {
  if (argv[0] !== "run" && argv[0] !== "build") return;
  for (const word of argv) {
    const path = word.slice(word.indexOf("/")).split(":")[0]!;
    if (path.startsWith(`${directory}/`) && leadsOut(path, directory))
      throw new Error(
        `docker ${argv[0]}: ${path.slice(directory.length + 1)} is a link that leads out of the lab`,
      );
  }
}

/** `sudo` without a password, as a deploying user has it; its own options are dropped. */
function asRoot({ argv, directory, environment }: Asked, id: string): DockerAnswer {
  let at = 0;
  while (argv[at]?.startsWith("-"))
    at += /^-[ugpCDhRTt]$|^--(user|group|prompt|chdir|host)$/.test(argv[at]!) ? 2 : 1;
  const command = argv.slice(at);
  if (command.length === 0) return { kind: "say", code: 0 };
  const kept = Object.entries(environment).filter(([name]) => !/^(HOME|USER|LOGNAME|_|PWD)$/.test(name));
  const given = kept.flatMap(([name, value]) => ["--env", `${name}=${value}`]);
  const where = ["--user", "0", "--workdir", directory, ...given, id];
  return { kind: "run", commands: [["exec", "-i", ...where, "env", ...command]], touches: [], stdin: true };
}

/** Runs one `docker` here, its streams tied to the script's. Gives its exit code. */
function pass(
  socket: Socket,
  argv: readonly string[],
  { stdin, said }: Extract<DockerAnswer, { kind: "run" }>,
  { environment }: DoorOptions,
  running: Set<ChildProcess>,
): Promise<number> {
  return new Promise(settle => {
    const child = spawn("docker", argv, {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...environment, COMPOSE_ANSI: "never", COMPOSE_PROGRESS: "plain" },
    });
    running.add(child);
    const whole = { [frames.output]: [] as Buffer[], [frames.errors]: [] as Buffer[] };
    for (const [stream, kind] of [
      [child.stdout, frames.output],
      [child.stderr, frames.errors],
    ] as const) {
      stream.on("error", () => {});
      stream.on("data", (chunk: Buffer) => {
        if (said) whole[kind].push(chunk);
        else if (!frame(socket, kind, chunk)) {
          stream.pause();
          socket.once("drain", () => stream.resume());
        }
      });
    }
    child.stdin.on("error", () => {});
    const stopInput = stdin ? takeInput(socket, child) : () => {};
    if (!stdin) child.stdin.end();
    socket.on("close", () => child.kill("SIGKILL"));
    child.on("error", error => {
      frame(socket, frames.errors, Buffer.from(`${error.message}\n`));
    });
    child.on("close", code => {
      running.delete(child);
      stopInput();
      if (said)
        for (const kind of [frames.output, frames.errors] as const)
          if (whole[kind].length > 0)
            frame(socket, kind, Buffer.from(said(Buffer.concat(whole[kind]).toString("utf8"))));
      settle(code ?? 137);
    });
  });
}

function takeInput(socket: Socket, child: ChildProcess): () => void {
  frame(socket, frames.wantsInput, Buffer.alloc(0));
  let rest: Buffer = Buffer.alloc(0);
  const read = (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 5) {
      const length = rest.readUInt32BE(1);
      if (rest.length < 5 + length) return;
      if (rest[0] === frames.inputEnd) child.stdin?.end();
      else child.stdin?.write(rest.subarray(5, 5 + length));
      rest = rest.subarray(5 + length);
    }
  };
  socket.on("data", read);
  socket.resume();
  return () => socket.off("data", read);
}

function speak(socket: Socket, { code, out, err }: Extract<DockerAnswer, { kind: "say" }>): void {
  if (out) frame(socket, frames.output, Buffer.from(out));
  if (err) frame(socket, frames.errors, Buffer.from(err));
  frame(socket, frames.end, Buffer.from([code]));
  socket.end();
}

function frame(socket: Socket, kind: number, content: Buffer): boolean {
  if (socket.destroyed || !socket.writable) return true;
  const header = Buffer.alloc(5);
  header[0] = kind;
  header.writeUInt32BE(content.length, 1);
  return socket.write(Buffer.concat([header, content]));
}

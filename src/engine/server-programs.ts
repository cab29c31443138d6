/**
 * What runs inside the stand-in for a server. Each function is written into a file as its own text, so it may use
 * nothing from outside itself.
 */

/** Where the stand-in finds what is ours, and the socket through which it asks. */
export const serverDirectory = "/lab";
export const doorName = "door";

/**
 * A frame is one byte for its kind, four for the length (big endian), and content. To the script: 1 output, 2 errors,
 * 3 the end with its exit code as one byte, 4 input is wanted. From it: 0 input, 5 the end of input.
 */
export const frames = { input: 0, output: 1, errors: 2, end: 3, wantsInput: 4, inputEnd: 5 } as const;

/** `docker`, `docker-compose`, `sudo` and the like: hands its command line to the door and says what comes back. */
function shim(): void {
  const { connect } = process.getBuiltinModule("node:net");
  const { basename } = process.getBuiltinModule("node:path");
  const socket = connect("/lab/door");
  const [, program = "", ...argv] = process.argv;
  const directory = process.cwd();
  const uid = process.getuid?.() ?? 0;
  socket.write(
    `${JSON.stringify({ program: basename(program), argv, directory, uid, environment: process.env })}\n`,
  );
  const frame = (kind: number, content: Buffer) => {
    const header = Buffer.alloc(5);
    header[0] = kind;
    header.writeUInt32BE(content.length, 1);
    socket.write(Buffer.concat([header, content]));
  };
  let rest = Buffer.alloc(0);
  let ended = false;
  const take = (kind: number, content: Buffer) => {
    if (kind === 1) process.stdout.write(content);
    else if (kind === 2) process.stderr.write(content);
    else if (kind === 4) {
      process.stdin.on("data", chunk => frame(0, Buffer.from(chunk)));
      process.stdin.on("end", () => frame(5, Buffer.alloc(0)));
    } else {
      ended = true;
      // What was said last may still be on its way to a slow reader.
      process.stdout.write("", () => process.stderr.write("", () => process.exit(content[0] ?? 1)));
    }
  };
  socket.on("data", chunk => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 5) {
      const length = rest.readUInt32BE(1);
      if (rest.length < 5 + length) return;
      const kind = rest[0]!;
      const content = Buffer.from(rest.subarray(5, 5 + length));
      rest = Buffer.from(rest.subarray(5 + length));
      take(kind, content);
    }
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    if (!ended) process.exit(125);
  });
  // Whoever reads us may have had enough.
  process.stdout.on("error", () => process.exit(141));
}

/** The first process: listens as the user's server does, and lets each connection out through the door. */
function listen(): void {
  const { connect, createServer } = process.getBuiltinModule("node:net");
  for (const port of process.argv.slice(2).map(Number)) {
    for (const host of ["127.0.0.1", "::1"]) {
      const server = createServer(client => {
        const door = connect("/lab/door");
        door.write(`${JSON.stringify({ forward: port })}\n`);
        client.pipe(door).pipe(client);
        for (const [one, other] of [
          [client, door],
          [door, client],
        ] as const) {
          one.on("error", () => other.destroy());
          one.on("close", () => other.destroy());
        }
      });
      // There may be no IPv6 here.
      server.on("error", () => {});
      server.listen(port, host);
    }
  }
  setInterval(() => {}, 60_000);
}

const prelude = "#!/lab/node\nconst __name = value => value;\n";

export function shimText(): string {
  return `${prelude}(${shim})();\n`;
}

export function listenText(): string {
  return `${prelude}(${listen})();\n`;
}

/** Programs that scripts find in place of this machine's own. `ssh` and `scp` would leave the lab. */
export const shims = ["docker", "docker-compose", "sudo", "ssh", "scp"] as const;

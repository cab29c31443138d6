import { type Lab, NotSeen } from "../../core/drill.ts";
import type { ComposeService, Container } from "../../core/engine.ts";
import { inside } from "../../core/path.ts";
import { dataDirectories } from "../../stack/query-data.ts";
import type { Service } from "../../stack/stack.ts";
import { containerOf, seconds } from "../targets.ts";
import { isWholeServer, type Piece } from "./dump-file.ts";
import { makeEmpty } from "./postgres-server.ts";

const name = "shipworthy-restore";
const readyMs = 120_000;

/** A new server of the store's own image and settings, empty and without a network. Whoever starts it removes it. */
export async function startThrowAway(lab: Lab, store: Service): Promise<Container> {
  const { engine, model, project } = lab;
  const own = withoutData(model.services[store.name]!, store);
  await engine.write(project, { ...model, services: { ...model.services, [name]: own } });
  try {
    const done = await engine.up(project, { services: [name], alone: true, recreate: true });
    if (!done.ok) throw new NotSeen(done.words);
  } finally {
    await engine.write(project, model);
  }
  await letsIn(lab, name);
  return containerOf(lab, name);
}

/** Waits for a PostgreSQL. Over TCP: while its image initialises, a temporary server answers on the socket alone. */
export async function letsIn(lab: Lab, service: string): Promise<string> {
  const { engine } = lab;
  const ask = ["pg_isready", "-q", "-h", "127.0.0.1"];
  const since = engine.now();
  for (; engine.now() - since < readyMs; await engine.sleep(500)) {
    const container = await containerOf(lab, service);
    if (container.state !== "running") continue;
    const ready = await engine.exec(container, ask).catch(() => undefined);
    if (ready?.code === 0) return `after ${seconds(engine.now() - since)}`;
  }
  throw new NotSeen(`no client is let in within ${readyMs / 1000} s`);
}

export async function removeThrowAway(lab: Lab): Promise<void> {
  for (const container of await lab.containers(name)) await lab.engine.remove(container);
}

function withoutData(service: ComposeService, store: Service): ComposeService {
  const directories = dataDirectories(store).flatMap(({ path, declared }) => [path, declared ?? path]);
  const volumes = (service.volumes ?? []).filter(
    ({ target }) => !directories.some(path => inside(target, path) !== undefined),
  );
  const kept = Object.entries(service).filter(([key]) => !notAlone.has(key));
  return { ...Object.fromEntries(kept), volumes, network_mode: "none", read_only: false };
}

/** What ties a service to others, or is about a server that serves. */
const notAlone = new Set(["networks", "depends_on", "build", "deploy", "healthcheck"]);

/** Where a piece lies on the throw-away, as text that psql reads. Undefined when pg_restore refuses it. */
export async function textOf(lab: Lab, container: Container, piece: Piece): Promise<string | undefined> {
  const { engine } = lab;
  const path = `/tmp/shipworthy-${piece.kind}`;
  await engine.copyIn(container, path, piece.content);
  if (piece.kind === "sql") return path;
  const { code } = await engine.exec(container, ["pg_restore", "--file", "/tmp/shipworthy-text", path], {
    timeoutMs: 120_000,
  });
  return code === 0 ? "/tmp/shipworthy-text" : undefined;
}

/** Which of some marks stand in a file of the container. */
export async function marksIn(
  lab: Lab,
  container: Container,
  path: string,
  marks: readonly string[],
): Promise<string[]> {
  const found: string[] = [];
  for (const mark of marks) {
    const { code } = await lab.engine.exec(container, ["grep", "-q", "-F", mark, path]);
    if (code === 0) found.push(mark);
  }
  return found;
}

/** Brings a piece into a database of the throw-away, which is made anew. Gives the complaints of the program. */
export async function bringBack(
  lab: Lab,
  container: Container,
  piece: Piece,
  databases: readonly string[],
): Promise<string> {
  const { engine } = lab;
  const whole = piece.kind === "sql" && isWholeServer(piece.content);
  // A dump of the whole server makes its databases itself, where they are not there.
  for (const database of databases) await makeEmpty(engine, container, database);
  const path = `/tmp/shipworthy-${piece.kind}`;
  await engine.copyIn(container, path, piece.content);
  const user = 'u="${POSTGRES_USER:-postgres}"';
  const command =
    piece.kind === "sql"
      ? `${user}; exec psql -U "$u" -d "$1" -X -q -f "$2" 2>&1 >/dev/null`
      : `${user}; exec pg_restore -U "$u" -d "$1" "$2" 2>&1`;
  const into = whole ? "template1" : databases[0]!;
  const { stdout } = await engine.exec(container, ["sh", "-c", command, "sh", into, path], {
    timeoutMs: 300_000,
  });
  const complaints = stdout.split("\n").filter(line => /error/i.test(line));
  return complaints.length === 0
    ? "without a complaint"
    : `with ${complaints.length} complaints, the first: ${complaints[0]!.replace(/^.*?(ERROR|error):\s*/, "").slice(0, 160)}`;
}

import { type Lab, NotSeen, type Scene } from "../../core/drill.ts";
import type { Container } from "../../core/engine.ts";
import { addTo } from "../../core/group.ts";
import { type BackupWay, backupWays } from "../../stack/query-backup-ways.ts";
import { isPostgres } from "../../stack/query-data.ts";
import type { Service } from "../../stack/stack.ts";
import { type DrillStack, defineDrill } from "../drill.ts";
import { containerOf, seconds } from "../targets.ts";
import { failsAloud } from "./backup-fails.ts";
import { type BackupResult, type BackupRunner, serverRunner, serviceRunner } from "./backup-run.ts";
import { restoresItself, tellsSpoiled } from "./backup-spoiled.ts";
import { isWholeServer, type Piece, piecesOf } from "./dump-file.ts";
import {
  type Holdings,
  holdings,
  lost,
  markRows,
  removeMark,
  steadyPart,
  usedDatabases,
  writeMark,
} from "./postgres-server.ts";
import { bringBack, letsIn, marksIn, removeThrowAway, startThrowAway, textOf } from "./throw-away.ts";

export default defineDrill({
  id: "data/backup-restores",
  title: "The project's own backup can be restored, and says so when it fails",
  claim: "backup-restores",
  disturbs:
    "Writes rows, runs the project's own backup, restores it into a new server, and then takes the database away and changes its passwords.",
  needsTargetsOnly: true,
  targets({ stack, project }) {
    return backupWays(stack, project).map(({ name, stores, runs }) => ({
      subject: name,
      services: stores.map(store => store.name),
      // A backup is unwell while there is nothing to save, and until its first run.
      ...("service" in runs ? { beside: [runs.service.name] } : {}),
    }));
  },
  async run(scene, { subject }, view) {
    const way = backupWays(view.stack, view.project).find(({ name }) => name === subject)!;
    const { lab } = scene;
    await scene.steady("the databases are of a kind that the drill knows", async () => {
      const other = way.stores.find(store => !isPostgres(store));
      if (other) throw new NotSeen(`${other.name} is no PostgreSQL`);
      return way.stores.map(({ name }) => name).join(", ");
    });
    const runner = await openRunner(scene, way, view);
    for (const note of runner.notes) scene.note("what its server has and the project does not show", note);
    for (const store of way.stores) {
      await lab.serves(store.name);
      await drillStore(scene, way, store, runner);
    }
  },
});

async function openRunner(scene: Scene, way: BackupWay, view: DrillStack): Promise<BackupRunner> {
  const { lab } = scene;
  if (way.runs.where !== "server") {
    const { service } = way.runs;
    await scene.steady(`${service.name} runs`, async () => {
      const why = lab.missing.get(service.name);
      if (why !== undefined) throw new NotSeen("it is not in the lab", lab.rootOf(service.name));
      const { state } = await containerOf(lab, service.name);
      if (state !== "running") throw new NotSeen(`it is ${state}`);
      return "as far as its process goes";
    });
    return serviceRunner(lab, way.runs);
  }
  let runner: BackupRunner | undefined;
  await scene.steady("a stand-in for the server runs", async () => {
    const server = await lab.server({ places: placesOf(way, view) });
    scene.afterwards("remove the stand-in for the server", () => server.close());
    runner = await serverRunner(lab, view, way, server);
    return server.tree;
  });
  return runner!;
}

/** Paths by which texts of the project call its directory: `0 3 * * * /opt/shop/scripts/backup.sh`. */
function placesOf({ runs }: BackupWay, { stack }: DrillStack): string[] {
  const file = runs.where === "server" ? runs.script?.file : undefined;
  if (file === undefined) return [];
  const called = new RegExp(
    `(?<![\\w})$.])((?:~|/[\\w-][\\w.-]*)(?:/[\\w.-]+)*)/${file.replaceAll(".", "\\.")}(?![\\w.-])`,
    "g",
  );
  const texts = [...stack.sources.values()].map(({ text }) => text);
  return [...new Set(texts.flatMap(text => [...text.matchAll(called)].map(([, place]) => place!)))];
}

async function drillStore(scene: Scene, way: BackupWay, store: Service, runner: BackupRunner): Promise<void> {
  const { lab } = scene;
  const { engine } = lab;
  const server = () => containerOf(lab, store.name);
  let databases: string[] = [];
  let before: Holdings | undefined;
  await scene.steady(`${store.name} lets clients in`, () => letsIn(lab, store.name));
  const markOf = (database: string) => `mark-${lab.id}-${databases.indexOf(database)}-`;
  await scene.steady(`write ${markRows} rows into each database of ${store.name}`, async () => {
    databases = await usedDatabases(engine, await server());
    for (const name of databases) await writeMark(engine, await server(), name, markOf(name));
    before = await holdings(engine, await server(), databases);
    return databases.join(", ");
  });
  scene.afterwards(`remove the rows from ${store.name}`, async () => {
    for (const name of databases) await removeMark(engine, await server(), name);
  });
  let made: BackupResult | undefined;
  await scene.disturb(`run ${way.name}`, async () => {
    made = await runner.run();
    const files = made.written.map(({ path }) => path);
    return `after ${seconds(made.ms)} it ends with ${made.code}, having written ${files.slice(0, 5).join(", ") || "nothing"}`;
  });
  await scene.holds("it reports success", async () => {
    if (made!.code !== 0) throw new NotSeen(`it ends with ${made!.code}, saying: ${made!.words}`);
    return "it ends with 0";
  });
  const wanted = steadyPart(before!, await holdings(engine, await server(), databases));
  let fresh: Container | undefined;
  scene.afterwards("remove the throw-away server", () => removeThrowAway(lab));
  await scene.disturb(`start a new, empty server of ${store.name}`, async () => {
    fresh = await startThrowAway(lab, store);
    return "it is ready";
  });
  const marks = databases.map(markOf);
  const pieces = made!.written.flatMap(({ path, content }) => piecesOf(path, content));
  let found = new Map<string, Piece>();
  await scene.disturb("open what it has written", async () => {
    found = await dumpsFor(lab, fresh!, pieces, marks);
    const closed = pieces.find(({ kind }) => kind === "closed");
    if (closed && found.size < marks.length)
      throw new NotSeen(`${closed.path} is encrypted, or packed in a way that the drill does not know`);
    return `${pieces.length} files, of which ${new Set(found.values()).size} hold rows of the drill`;
  });
  await scene.holds("what it has written holds the rows of every database", async () => {
    for (const name of databases) if (!found.has(markOf(name))) throw new NotSeen(nothingOf(name, pieces));
    return [...new Set([...found.values()].map(({ path }) => path))].join(", ");
  });
  const bring = async (to: Container) => {
    const words: string[] = [];
    for (const [piece, names] of byPiece(found, databases, markOf))
      words.push(await bringBack(lab, to, piece, names));
    return words;
  };
  await scene.holds("the new server has everything back", async () => {
    const since = engine.now();
    const words = await bring(fresh!);
    const took = engine.now() - since;
    const missing = lost(wanted, await holdings(engine, fresh!, await there(lab, fresh!, databases)));
    if (missing.length > 0)
      throw new NotSeen(`${missing.slice(0, 4).join(", ")}; it was restored ${words.join(", ")}`);
    const tables = [...wanted.databases.values()].reduce((sum, held) => sum + held.size, 0);
    return `restored in ${seconds(took)} (RTO of this much data) ${words.join(", ")}: ${tables} tables and sequences, rows and sums as before, ${wanted.roles.length} roles; rows written after the start of a run, ${seconds(made!.ms)} here, wait for the next one (RPO)`;
  });
  const dumps = made!.written.filter(({ path, content }) =>
    piecesOf(path, content).some(piece => [...found.values()].some(one => one.path === piece.path)),
  );
  const [spoiled = []] = await tellsSpoiled(scene, dumps, made!.written, fresh!);
  const [dump] = dumps;
  if (way.restore && dump)
    await restoresItself(scene, {
      ...{ runner, restore: way.restore, dump, spoiled, store, databases, wanted },
      putBack: async () => void (await bring(await server())),
    });
  const isWhole = async ({ written }: BackupResult) => {
    const some = written.flatMap(({ path, content }) => piecesOf(path, content));
    return (await dumpsFor(lab, fresh!, some, marks)).size === marks.length;
  };
  await failsAloud(scene, { way, store, runner, isWhole });
}

/** The piece in which each mark stands. */
async function dumpsFor(
  lab: Lab,
  fresh: Container,
  pieces: readonly Piece[],
  marks: readonly string[],
): Promise<Map<string, Piece>> {
  const found = new Map<string, Piece>();
  for (const piece of pieces) {
    if (piece.kind === "sql") {
      for (const mark of marks) if (piece.content.includes(mark)) found.set(mark, piece);
    } else if (piece.kind === "custom" || piece.kind === "tar") {
      const path = await textOf(lab, fresh, piece);
      if (path === undefined) continue;
      for (const mark of await marksIn(lab, fresh, path, marks)) found.set(mark, piece);
    }
  }
  return found;
}

function nothingOf(database: string, pieces: readonly Piece[]): string {
  const kinds = pieces.map(({ path, kind }) => `${path} (${kind})`).slice(0, 4);
  if (pieces.length === 0) return `it has written nothing: ${database} is not saved`;
  return `nothing of database ${database} is in ${kinds.join(", ")}`;
}

function byPiece(
  found: ReadonlyMap<string, Piece>,
  databases: readonly string[],
  markOf: (name: string) => string,
): Map<Piece, string[]> {
  const pieces = new Map<Piece, string[]>();
  for (const name of databases) {
    const piece = found.get(markOf(name))!;
    addTo(pieces, piece, name);
  }
  // A dump of the whole server makes every database itself.
  for (const [piece, names] of pieces)
    if (names.length > 1 && !isWholeServer(piece.content)) pieces.set(piece, names.slice(0, 1));
  return pieces;
}

async function there(lab: Lab, fresh: Container, databases: readonly string[]): Promise<string[]> {
  const has = await usedDatabases(lab.engine, fresh);
  return databases.filter(name => has.includes(name));
}

import { type Lab, NotSeen } from "../../core/drill.ts";
import type { ComposeService, Container } from "../../core/engine.ts";
import { inside } from "../../core/path.ts";
import { dataDirectories, isPostgres } from "../../stack/query-data.ts";
import type { Service } from "../../stack/stack.ts";
import { keeperOf, type Sql, sqlOf } from "../data/stores.ts";
import { letsIn } from "../data/throw-away.ts";
import { defineDrill } from "../drill.ts";
import { containerOf, eachOf, longRunning } from "../targets.ts";

const mebibyte = 1 << 20;
/** A new PostgreSQL has 40 MB; it is a piece of memory, so it is small. */
const diskBytes = 256 * mebibyte;
/** A full disk is noticed by people, not at once. */
const fullMs = 8_000;

/** A second store of the same image and settings, and whoever holds its disk while it is down. */
const copyName = "shipworthy-full-disk";
const holderName = "shipworthy-disk-holder";
const holderPath = "/shipworthy-disk";

export default defineDrill({
  id: "recovery/survives-full-disk",
  title: "A database comes back by itself when its full disk has room again",
  claim: "survives-kill",
  disturbs:
    "Starts a second database of the same image and settings on a small disk, fills that, goes on writing, and makes room again.",
  targets: stack =>
    eachOf(
      longRunning(stack).filter(service => isPostgres(service) && dataDirectories(service).length === 1),
    ),
  async run(scene, { subject }, { project }) {
    const { lab } = scene;
    const { engine } = lab;
    const store = project.services.find(({ name }) => name === subject)!;
    const keeper = keeperOf(store)!;
    const sql = sqlOf(store)!;
    const copy = () => containerOf(lab, copyName);
    const mark = `mark-${lab.id}`;
    await scene.steady(`${subject} serves`, () => lab.serves(subject));
    scene.afterwards("remove the second database", () => removeBoth(lab));
    await scene.steady(`a second one serves on a disk of ${diskBytes / mebibyte} MB`, async () => {
      await startBoth(lab, store);
      return letsIn(lab, copyName);
    });
    const read = async () => {
      const seen = await keeper.read(engine, await copy());
      if (seen !== mark) throw new NotSeen(seen === undefined ? "they are gone" : `it has ${seen}`);
      return "they are there";
    };
    await scene.steady(`write ${keeper.what}`, async () => {
      await keeper.write(engine, await copy(), mark);
      return read();
    });
    await scene.disturb("fill the disk", () => fill(lab));
    await scene.disturb("go on writing", async () => {
      const words = await writeOn(lab, sql);
      await engine.sleep(fullMs);
      return `${words}; ${stateOf(await copy())}`;
    });
    await scene.disturb("make room", async () => {
      await inHolder(lab, 'rm -f "$0/filler"');
      return "the disk has room";
    });
    await scene.holds("it lets clients in again by itself", async () => {
      const now = await copy();
      if (now.state === "exited" && now.restartPolicy === "no")
        throw new NotSeen(`it has ended with code ${now.exitCode} and stays so: it has no restart policy`);
      return letsIn(lab, copyName);
    });
    await scene.holds("the rows from before are there", read);
    await scene.holds("it takes new rows", async () => {
      await keeper.remove(engine, await copy());
      await keeper.write(engine, await copy(), mark);
      return read();
    });
  },
});

async function startBoth(lab: Lab, store: Service): Promise<void> {
  const { engine, model, project } = lab;
  const from = model.services[store.name]!;
  const disk = `${copyName}-${store.name}`;
  const { labels } = from as { readonly labels?: Readonly<Record<string, string>> };
  const { restartPolicy } = await containerOf(lab, store.name);
  await engine.write(project, {
    ...model,
    services: {
      ...model.services,
      [copyName]: { ...alone(from, store, disk), restart: restartPolicy },
      [holderName]: {
        ...{ image: from.image, labels, network_mode: "none", user: "0", restart: "no" },
        ...{ entrypoint: ["sleep", "86400"], command: [] },
        volumes: [{ type: "volume", source: disk, target: holderPath }],
      } as ComposeService,
    },
    volumes: { ...model.volumes, [disk]: { labels, driver_opts: memoryDisk } },
  });
  try {
    // What is in memory is gone when nobody has it mounted: the holder comes first and leaves last.
    for (const name of [holderName, copyName]) {
      const done = await engine.up(project, { services: [name], alone: true, recreate: true });
      if (!done.ok) throw new NotSeen(done.words);
    }
  } finally {
    await engine.write(project, model);
  }
}

const memoryDisk = { type: "tmpfs", device: "tmpfs", o: `size=${diskBytes}` };

/** Without its own data, its network, and a limit of memory, to which a disk in memory would be charged. */
function alone(from: ComposeService, store: Service, disk: string): ComposeService {
  const [directory] = dataDirectories(store);
  const target = directory!.declared ?? directory!.path;
  const other = (from.volumes ?? []).filter(
    mount => inside(target, mount.target) === undefined && inside(mount.target, target) === undefined,
  );
  const kept = Object.entries(from).filter(([key]) => !notAlone.has(key));
  return {
    ...Object.fromEntries(kept),
    network_mode: "none",
    volumes: [...other, { type: "volume", source: disk, target }],
  };
}

const notAlone = new Set([
  "networks",
  "depends_on",
  "build",
  "deploy",
  "healthcheck",
  "mem_limit",
  "memswap_limit",
]);

async function removeBoth(lab: Lab): Promise<void> {
  for (const name of [copyName, holderName])
    for (const container of await lab.containers(name)) await lab.engine.remove(container);
}

/** Runs a script as root in the holder, with the disk's place as `$0`. */
async function inHolder(lab: Lab, script: string): Promise<string> {
  const argv = ["sh", "-c", script, holderPath];
  const { code, stdout, stderr } = await lab.engine.exec(await containerOf(lab, holderName), argv, {
    timeoutMs: 120_000,
    user: "0",
  });
  if (code !== 0) throw new NotSeen(stderr.trim().split("\n").at(-1) ?? `it ended with ${code}`);
  return stdout.trim();
}

async function fill(lab: Lab): Promise<string> {
  const free = await inHolder(
    lab,
    'cat /dev/zero >"$0/filler" 2>/dev/null; df -k "$0" | tail -n 1 | tr -s " " | cut -d " " -f 4',
  );
  if (free !== "0") throw new NotSeen(`${free} kB are still free`);
  return "nothing is free";
}

/**
 * Writes as clients do, who know nothing of the disk: a table that is too large, and then little things until the
 * write-ahead log needs a new file, which is what ends a server. @throws NotSeen when nothing fails.
 */
async function writeOn(lab: Lab, sql: Sql): Promise<string> {
  const statements = [
    "CREATE TABLE shipworthy_large AS SELECT id, repeat('x', 1000) FROM generate_series(1, 500000) AS id",
    ...Array.from({ length: 3 }, () => [
      "SELECT pg_switch_wal()",
      "UPDATE shipworthy_drill SET mark = mark WHERE id < 10",
    ]).flat(),
  ];
  const failed: string[] = [];
  for (const statement of statements) {
    try {
      await sql(lab.engine, await containerOf(lab, copyName), statement);
    } catch (error) {
      // By then there may be no server to ask, and the engine says so in its own words.
      failed.push(error instanceof NotSeen ? error.message : "nobody answers");
    }
  }
  if (failed.length === 0) throw new NotSeen("it writes on although its disk is full");
  return failed[0]!;
}

function stateOf({ state, restarts }: Container): string {
  return restarts > 0 ? `it is ${state}, restarted ${restarts} times` : `it is ${state}`;
}

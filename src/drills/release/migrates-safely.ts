import { type Lab, NotSeen, type Scene } from "../../core/drill.ts";
import { isPostgres } from "../../stack/query-data.ts";
import { type Migration, migrationOf } from "../../stack/query-migrations.ts";
import type { Service } from "../../stack/stack.ts";
import { type Sql, sqlOf } from "../data/stores.ts";
import { type DrillStack, defineDrill } from "../drill.ts";
import { containerOf, seconds } from "../targets.ts";
import { byWay, type Deploy, released, restore, running } from "./deploy.ts";
import { type Asked, appsOf, askable, frontOf } from "./front.ts";
import { counted, noneLost, startTraffic } from "./traffic.ts";
import { deployWays, type Taken } from "./ways.ts";

export default defineDrill({
  id: "release/migrates-safely",
  title: "A migration changes nothing twice, and one that fails leaves the version before in service",
  claim: "migrates-safely",
  disturbs:
    "Runs the migration again, makes the database forget that it has been done, and brings in a new version whose migration must then fail.",
  targets(stack) {
    const front = frontOf(stack);
    const plan = planOf(stack);
    const apps = appsOf(stack).map(({ name }) => name);
    if (!front || !plan || apps.length === 0) return [];
    const needed = [
      front.name,
      plan.store.name,
      ...(plan.migration.service.oneShot ? [] : [plan.migration.service.name]),
    ];
    return [{ subject: plan.migration.service.name, services: [...new Set(needed)], also: apps }];
  },
  async run(scene, { also: apps = [] }, stack) {
    const { lab } = scene;
    const front = frontOf(stack)!.name;
    const { migration, store, sql } = planOf(stack)!;
    for (const name of new Set([store.name, front, ...apps]))
      await scene.steady(`${name} serves`, () => lab.serves(name));
    let schema = "";
    await scene.steady(`${migration.command} has been run`, async () => {
      if (migration.when === "release") await again(lab, migration);
      schema = await schemaOf(lab, store, sql, migration);
      return `${migration.ledger} has ${await rowsOf(lab, store, sql, migration)} rows`;
    });
    await runAgain(scene, migration);
    await scene.holds("a second run changes nothing", async () => {
      const now = await schemaOf(lab, store, sql, migration);
      if (now !== schema) throw new NotSeen("the schema or the list of migrations is another");
      return "the schema and the list of migrations are as before";
    });
    await failing(scene, stack, { migration, store, sql, front, apps });
  },
});

interface Plan {
  readonly migration: Migration;
  readonly store: Service;
  readonly sql: Sql;
}

function planOf({ stack, project }: DrillStack): Plan | undefined {
  const migration = migrationOf(stack, project);
  const wanted = migration?.service.dependsOn.map(({ service }) => service) ?? [];
  const stores = project.services.filter(service => sqlOf(service) !== undefined);
  const store = stores.find(({ name }) => wanted.includes(name)) ?? stores[0];
  const sql = store && sqlOf(store);
  return migration && store && sql && { migration, store, sql };
}

/** The migration as the stack runs it, once more. */
async function again(lab: Lab, { service, command, when }: Migration): Promise<string> {
  const { engine, project } = lab;
  if (when === "one-shot") {
    const done = await engine.up(project, { services: [service.name], recreate: true, alone: true });
    if (!done.ok) throw new NotSeen(done.words);
    for (const limit = engine.now() + 120_000; engine.now() < limit; await engine.sleep(500)) {
      const { state, exitCode } = await containerOf(lab, service.name);
      if (state === "exited" && exitCode === 0) return "it ends with 0";
      if (state === "exited") throw new NotSeen(`it ends with ${exitCode}`);
    }
    throw new NotSeen("it has not ended after two minutes");
  }
  const container = await containerOf(lab, service.name);
  const { code, stdout, stderr } = await engine.exec(container, ["sh", "-c", command], {
    timeoutMs: 120_000,
  });
  if (code !== 0)
    throw new NotSeen(
      `it ends with ${code}: ${`${stdout}${stderr}`.trim().split("\n").at(-1)?.slice(0, 200)}`,
    );
  return "it ends with 0";
}

async function runAgain(scene: Scene, migration: Migration): Promise<void> {
  let failure: NotSeen | undefined;
  await scene.disturb(`run ${migration.command} again`, async () => {
    try {
      return await again(scene.lab, migration);
    } catch (error) {
      if (!(error instanceof NotSeen)) throw error;
      failure = error;
      return error.message;
    }
  });
  await scene.holds("a second run ends well", async () => {
    if (failure) throw failure;
    return "it ends with 0";
  });
}

/** Columns of every table, and what has been migrated: what a second run must leave as it is. */
async function schemaOf(lab: Lab, store: Service, sql: Sql, { ledger }: Migration): Promise<string> {
  const container = await containerOf(lab, store.name);
  const own = isPostgres(store) ? "NOT IN ('pg_catalog', 'information_schema')" : "= database()";
  const columns = `SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns WHERE table_schema ${own} ORDER BY 1, 2, 3`;
  const done = `SELECT count(*) FROM ${quoted(store, ledger)}`;
  return `${await sql(lab.engine, container, columns)}\n${await sql(lab.engine, container, done)}`;
}

async function rowsOf(lab: Lab, store: Service, sql: Sql, { ledger }: Migration): Promise<string> {
  return sql(lab.engine, await containerOf(lab, store.name), `SELECT count(*) FROM ${quoted(store, ledger)}`);
}

function quoted(store: Service, table: string): string {
  return isPostgres(store) ? `"${table}"` : `\`${table}\``;
}

/** Where the list of migrations is while the database has forgotten it. */
const kept = "shipworthy_migrations";

interface Failing extends Plan {
  readonly front: string;
  readonly apps: readonly string[];
}

/** What has been done is to be done again, and cannot be: its tables are there. */
async function failing(scene: Scene, stack: DrillStack, plan: Failing): Promise<void> {
  const { lab } = scene;
  const { migration, store, sql, front, apps } = plan;
  const names = [...new Set([...apps, migration.service.name])];
  const way = deployWays(stack)[0];
  scene.afterwards("bring back the version before", () => restore(lab, apps));
  const deploy = way ? await byWay(scene, stack, way, names) : byUpOfAll(lab, names);
  let asked: Asked | undefined;
  await scene.steady("the front door answers while nothing happens", async () => {
    asked = await askable(lab, stack, front, apps);
    const traffic = startTraffic(lab, front, asked.kinds);
    await lab.engine.sleep(1_000);
    return noneLost(await traffic.end());
  });
  const table = quoted(store, migration.ledger);
  const tell = async (...statements: readonly string[]) => {
    const container = await containerOf(lab, store.name);
    for (const statement of statements) await sql(lab.engine, container, statement);
  };
  await scene.disturb("the database forgets its migrations", async () => {
    await tell(`CREATE TABLE ${kept} AS SELECT * FROM ${table}`, `DELETE FROM ${table}`);
    scene.afterwards("the database remembers its migrations", () =>
      tell(`DELETE FROM ${table}`, `INSERT INTO ${table} SELECT * FROM ${kept}`, `DROP TABLE ${kept}`),
    );
    return `${migration.ledger} is empty, the tables are there`;
  });
  const before = await running(lab, apps);
  let sent: Awaited<ReturnType<ReturnType<typeof startTraffic>["end"]>> = [];
  let taken: Taken | undefined;
  let serving: readonly string[] = [];
  await scene.disturb(`${deploy.title} brings in a version whose migration fails`, async () => {
    const traffic = startTraffic(lab, front, asked!.kinds);
    try {
      taken = await deploy.bring(1, "none");
      await lab.engine.sleep(5_000);
      sent = await traffic.end();
    } finally {
      await traffic.end();
    }
    const done = await rowsOf(lab, store, sql, migration);
    if (done !== "0") throw new NotSeen(`the migration can be done again (${done} rows): nothing has failed`);
    const looks = await Promise.all(
      apps.map(async name => {
        const fresh = (await lab.containers(name)).some(
          ({ id, state }) => state === "running" && !before.has(id),
        );
        return fresh && (await lab.look(name)).ok ? [name] : [];
      }),
    );
    serving = looks.flat();
    return `${taken.saw}, after ${seconds(taken.ms)}; ${counted(sent)}`;
  });
  await scene.holds("the version before serves when the migration fails", async () => noneLost(sent));
  await scene.holds("no version serves whose migration has failed", async () => {
    if (serving.length > 0) throw new NotSeen(`${serving.join(", ")} is new and serves`);
    return "the new one has not been let in";
  });
}

/** By hand: everything, so that what migrates comes before what waits for it. */
function byUpOfAll(lab: Lab, names: readonly string[]): Deploy {
  const { engine, project, model } = lab;
  return {
    title: "docker compose up -d",
    async bring(release, defect) {
      await engine.write(project, released(model, names, release, defect, new Set(names)));
      const since = engine.now();
      // An application that does not start is waited for no longer than a person would.
      const done = await engine.up(project, { timeoutMs: 90_000 });
      return { ok: done.ok, saw: done.ok ? "it ends with 0" : done.words, ms: engine.now() - since };
    },
  };
}

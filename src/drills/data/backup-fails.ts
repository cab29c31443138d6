import { type Lab, NotSeen, type Scene } from "../../core/drill.ts";
import type { BackupWay } from "../../stack/query-backup-ways.ts";
import { isDump } from "../../stack/query-scripts.ts";
import type { Service } from "../../stack/stack.ts";
import { containerOf } from "../targets.ts";
import type { BackupResult, BackupRunner } from "./backup-run.ts";
import { changePasswords } from "./postgres-server.ts";
import { letsIn } from "./throw-away.ts";

export interface FailCase {
  readonly way: BackupWay;
  readonly store: Service;
  readonly runner: BackupRunner;
  isWhole(result: BackupResult): Promise<boolean>;
}

/** Takes from a backup what it needs, one thing after the other: a run that saves nothing must not report success. */
export async function failsAloud(scene: Scene, { way, store, runner, isWhole }: FailCase): Promise<void> {
  const { lab } = scene;
  const { engine } = lab;
  if (way.runs.where === "start") {
    scene.note("whether it reports a failure", "not seen: the service makes its backup by itself");
    return;
  }
  const run = async (): Promise<BackupResult> => runner.run({ disturbed: true });
  let result: BackupResult | undefined;
  scene.afterwards(`start ${store.name}`, () => startAgain(lab, store.name));
  await scene.disturb(`stop ${store.name}, and run ${way.name}`, async () => {
    await engine.stop(await containerOf(lab, store.name));
    result = await run();
    return ended(result);
  });
  await scene.holds("without the database it reports a failure", async () => failed(result!));
  await scene.disturb(`start ${store.name}, with other passwords, and run ${way.name}`, async () => {
    await startAgain(lab, store.name);
    const changed = await changePasswords(engine, await containerOf(lab, store.name), `other-${lab.id}`);
    try {
      result = await run();
    } finally {
      await changed.back();
    }
    return `${changed.roles.length} roles; ${ended(result)}`;
  });
  await scene.holds("with a wrong password it reports a failure, or needs none", async () => {
    if (result!.code === 0 && (await isWhole(result!))) return "it needs none: what it has written is whole";
    return failed(result!);
  });
  const program = ownProgram(way);
  if (program === undefined) return;
  await scene.disturb(`run ${way.name} on a server without ${program}`, async () => {
    const server = await runner.place();
    const less = 'rm -rf /tmp/less; mkdir /tmp/less; ln -s /usr/bin/* /tmp/less/; rm "/tmp/less/$1"';
    await engine.exec(server, ["sh", "-c", less, "sh", program]);
    result = await runner.run({ disturbed: true, environment: { PATH: "/lab/bin:/tmp/less" } });
    return ended(result);
  });
  await scene.holds(`without ${program} it reports a failure`, async () => failed(result!));
}

async function startAgain(lab: Lab, name: string): Promise<void> {
  await lab.engine.start(await containerOf(lab, name));
  await lab.serves(name);
  await letsIn(lab, name);
}

function ended({ code, written }: BackupResult): string {
  return `it ends with ${code}, having written ${
    written
      .map(({ path }) => path)
      .slice(0, 3)
      .join(", ") || "nothing"
  }`;
}

function failed({ code, words }: BackupResult): string {
  if (code === 0) throw new NotSeen(`it ends with 0, saying: ${words}`);
  return `it ends with ${code}: ${words}`;
}

/** The program that a script of the server dumps with, where it is the server's own. */
function ownProgram({ runs }: BackupWay): string | undefined {
  if (runs.where !== "server") return undefined;
  return runs.script?.calls.find(call => isDump(call) && call.inside === undefined && !call.remote)?.name;
}

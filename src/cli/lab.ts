import { type Engine, EngineError } from "../core/engine.ts";
import type { LabStore } from "../core/lab-files.ts";
import { UserError } from "../core/user-error.ts";
import { dockerEngine } from "../engine/docker.ts";
import { labStore, labsDirectory } from "../workspace/labs.ts";
import { write } from "./output.ts";

/** The store that every command of this user sees. */
export function userLabs(): LabStore {
  return labStore(labsDirectory(process.env));
}

/** The engine, or what keeps us from it as something the user can put right. */
export async function userEngine(signal?: AbortSignal): Promise<Engine> {
  try {
    return await dockerEngine(signal ? { signal } : {});
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const hint = {
      absent: "Install Docker with Compose 2.24 or later and start it, or set DOCKER_HOST.",
      refused: "Join the group docker, or run it as root.",
      old: "Update it.",
    };
    throw new UserError(error.message, hint[error.trouble as keyof typeof hint] ?? "See: docker info");
  }
}

/** `shipworthy lab list`: every lab that has left something, and whether it is at work. */
export async function labList(): Promise<number> {
  const [engine, store] = [await userEngine(), userLabs()];
  const records = await store.list();
  const onEngine = await engine.labs();
  const ids = [...new Set([...records.map(({ lab }) => lab), ...onEngine])].sort();
  for (const id of ids) {
    const record = records.find(({ lab }) => lab === id);
    const state = record?.alive ? "at work" : "left behind";
    write(process.stdout, `${id}  ${state}  ${record?.root ?? "not made by this user"}\n`);
  }
  if (ids.length === 0) write(process.stdout, "There is no lab.\n");
  return 0;
}

/**
 * `shipworthy lab clean`: removes what this user's labs have left behind that no running process owns; with `all`,
 * every lab on the engine, whoever made it.
 */
export async function labClean(all: boolean): Promise<number> {
  const [engine, store] = [await userEngine(), userLabs()];
  const records = await store.list();
  const alive = new Set(records.filter(record => record.alive && !all).map(({ lab }) => lab));
  const ids = new Set([...records.map(({ lab }) => lab), ...(await engine.labs())]);
  let removed = 0;
  for (const id of [...ids].sort()) {
    // The directory of a lab is removed last: a lab without one is of another user, or kept elsewhere.
    const known = all || records.some(({ lab }) => lab === id);
    if (alive.has(id) || !known) {
      write(process.stdout, `${id}: ${known ? "at work" : "not made by this user"}, left alone\n`);
      continue;
    }
    for (const line of await removeLab(engine, store, id)) {
      write(process.stdout, `${id}: removed ${line}\n`);
      removed++;
    }
  }
  write(process.stdout, removed === 0 ? "There was nothing to remove.\n" : `${removed} things removed.\n`);
  return 0;
}

/** Everything of one lab, in the reverse order of its making; the directory last, because it says that there is one. */
export async function removeLab(engine: Engine, store: LabStore, lab: string): Promise<readonly string[]> {
  const removed = [...(await engine.sweep(lab))];
  // The engine may have been at the making of something while it was swept.
  for (let quiet = 0; quiet < 2; ) {
    await engine.sleep(500);
    const more = await engine.sweep(lab);
    quiet = more.length === 0 ? quiet + 1 : 0;
    removed.push(...more);
  }
  const had = (await store.list()).some(record => record.lab === lab);
  await store.remove(lab);
  return had ? [...removed, "its directory"] : removed;
}

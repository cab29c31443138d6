import { gunzipSync, gzipSync } from "node:zlib";
import { NotSeen, type Scene } from "../../core/drill.ts";
import type { Container, ExecResult } from "../../core/engine.ts";
import { inside } from "../../core/path.ts";
import type { RestoreRun } from "../../stack/query-backup-ways.ts";
import type { Service } from "../../stack/stack.ts";
import { containerOf, seconds } from "../targets.ts";
import { type BackupRunner, lastWords, type WrittenFile } from "./backup-run.ts";
import { hasEndMark, piecesOf } from "./dump-file.ts";
import { type Holdings, holdings, loseRows, lost } from "./postgres-server.ts";
import { textOf } from "./throw-away.ts";

export interface Spoiled {
  readonly what: string;
  readonly content: Uint8Array;
}

/** Copies of a file that must never pass for it. */
export function spoiledCopies(content: Uint8Array): Spoiled[] {
  const bytes = Buffer.from(content);
  return [
    { what: "an empty file", content: new Uint8Array() },
    { what: "a file cut in half", content: bytes.subarray(0, bytes.length >> 1) },
    ...(isZipped(bytes) ? [{ what: "half a dump, well packed", content: halfInside(bytes) }] : []),
  ];
}

/** Whether this is noticed depends on the format: a dump in text has no sums at all. */
export function flippedCopy(content: Uint8Array): Spoiled {
  const flipped = Buffer.from(content);
  // Not in the last block, which may be padding.
  flipped[Math.floor(flipped.length * 0.6)]! ^= 0x10;
  return { what: "a file with a flipped bit", content: flipped };
}

function isZipped(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** As a pipe leaves it when the dump ends early: whole for gzip, and half of what it was. */
function halfInside(zipped: Buffer): Buffer {
  const inner = gunzipSync(zipped);
  return gzipSync(inner.subarray(0, inner.length >> 1));
}

/**
 * The formats' own checks tell every spoiled copy: sums, full reads by pg_restore, the end mark of a text. Gives the
 * copies of each file that can be told, for whoever has to refuse them.
 */
export async function tellsSpoiled(
  scene: Scene,
  dumps: readonly WrittenFile[],
  fresh: Container,
): Promise<readonly (readonly Spoiled[])[]> {
  const { lab } = scene;
  const all: Spoiled[][] = [];
  for (const { path, content } of dumps) {
    const copies = spoiledCopies(content);
    await scene.holds(`a spoiled copy of ${path} can be told`, async () => {
      const told: string[] = [];
      for (const copy of copies) {
        const how = await howTold(copy.content);
        if (how === undefined) throw new NotSeen(`${copy.what} looks like a good one`);
        told.push(`${copy.what} by ${how}`);
      }
      return told.join(", ");
    });
    const flipped = flippedCopy(content);
    const how = await howTold(flipped.content);
    scene.note(`${flipped.what} in the place of ${path}`, how ? `it is told by ${how}` : "nothing tells it");
    all.push(how ? [...copies, flipped] : copies);
  }
  return all;

  async function howTold(content: Uint8Array): Promise<string | undefined> {
    for (const piece of piecesOf("copy", content)) {
      if (piece.kind === "empty") return "its size";
      if (piece.kind === "damaged") return "its own sums";
      if (piece.kind === "sql" && !hasEndMark(piece.content)) return "the missing end mark";
      if (
        (piece.kind === "custom" || piece.kind === "tar") &&
        (await textOf(lab, fresh, piece)) === undefined
      )
        return "pg_restore --file=/dev/null";
      if (piece.kind === "file" || piece.kind === "closed") return "its first bytes";
    }
    return undefined;
  }
}

export interface OwnRestore {
  readonly runner: BackupRunner;
  readonly restore: RestoreRun;
  readonly dump: WrittenFile;
  readonly spoiled: readonly Spoiled[];
  readonly store: Service;
  readonly databases: readonly string[];
  readonly wanted: Holdings;
}

/**
 * The project's own restore: brings lost rows back, and refuses spoiled copies. Where the drill cannot make it bring
 * rows back, it may have asked in the wrong way: that is noted, and decides nothing.
 */
export async function restoresItself(
  scene: Scene,
  { runner, restore, dump, spoiled, store, databases, wanted }: OwnRestore,
): Promise<void> {
  const { lab } = scene;
  const { engine } = lab;
  const place = await runner.place();
  const name = (runner.tree === undefined ? undefined : inside(runner.tree, dump.path)) ?? dump.path;
  const missing = async () => {
    const has = await holdings(engine, await containerOf(lab, store.name), databases);
    return lost(wanted, has);
  };
  const tries = async (): Promise<{ ended: ExecResult; ms: number }> => {
    const since = engine.now();
    const ended = await runner.restore(restore, name);
    return { ended, ms: engine.now() - since };
  };
  let works = false;
  await scene.disturb(`delete rows, and run ${restore.name}`, async () => {
    for (const database of databases) await loseRows(engine, await containerOf(lab, store.name), database);
    if ((await missing()).length === 0) throw new NotSeen("no row was lost");
    const { ended, ms } = await tries();
    const still = await missing();
    works = still.length === 0;
    return works
      ? `after ${seconds(ms)} every row is back (RTO of its own way)`
      : `it ends with ${ended.code}, saying: ${lastWords(ended.stderr, ended.stdout)}; ${still[0]}. The drill may have asked it in a wrong way, so that this decides nothing`;
  });
  if (!works) return;
  for (const { what, content } of spoiled) {
    let ended: ExecResult | undefined;
    await scene.disturb(`put ${what} in the place of ${name}, and run ${restore.name}`, async () => {
      await engine.copyIn(place, dump.path, content);
      try {
        ({ ended } = await tries());
      } finally {
        await engine.copyIn(place, dump.path, dump.content);
      }
      return `it ends with ${ended.code}`;
    });
    await scene.holds(`it refuses ${what}`, async () => {
      if (ended!.code === 0)
        throw new NotSeen(
          `it reports success${(await missing())[0] === undefined ? "" : `, and ${(await missing())[0]}`}`,
        );
      return lastWords(ended!.stderr, ended!.stdout);
    });
  }
  await scene.disturb(`bring the good one back by ${restore.name}`, async () => {
    const { ended } = await tries();
    const still = await missing();
    return still.length === 0 ? "every row is back" : `it ends with ${ended.code}; ${still[0]}`;
  });
}

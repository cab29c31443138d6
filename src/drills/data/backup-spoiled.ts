import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { NotSeen, type Scene } from "../../core/drill.ts";
import type { Container, ExecResult } from "../../core/engine.ts";
import { inside } from "../../core/path.ts";
import type { RestoreRun } from "../../stack/query-backup-ways.ts";
import type { Service } from "../../stack/stack.ts";
import { containerOf, seconds } from "../targets.ts";
import { type BackupRunner, lastWords, type WrittenFile } from "./backup-run.ts";
import { hasEndMark, piecesOf } from "./dump-file.ts";
import { type Holdings, holdings, loseRows, lost, makeEmpty } from "./postgres-server.ts";
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

/** The file that was written beside a dump and holds its sum, as `sha256sum dump >dump.sha256` leaves it. */
export function sumFile(content: Uint8Array, written: readonly Pick<WrittenFile, "path" | "content">[]) {
  const sums = ["sha256", "sha512", "sha1", "md5"].map(name =>
    createHash(name).update(content).digest("hex"),
  );
  return written.find(file => {
    if (file.content.length > mostSums) return false;
    const text = Buffer.from(file.content).toString("latin1").toLowerCase();
    return sums.some(sum => text.includes(sum));
  })?.path;
}

/** A list of sums is short. */
const mostSums = 100_000;

/**
 * The formats' own checks tell every spoiled copy: sums, full reads by pg_restore, the end mark of a text. A flipped
 * bit is told by them or by a sum that was written too. Gives the copies of each file that can be told, for whoever
 * has to refuse them.
 */
export async function tellsSpoiled(
  scene: Scene,
  dumps: readonly WrittenFile[],
  written: readonly WrittenFile[],
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
    const sum = sumFile(content, written);
    const how = (await howTold(flipped.content)) ?? (sum && `the sum in ${sum}`);
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
  /** Brings everything back in the drill's own way. */
  putBack(): Promise<void>;
}

/**
 * The project's own restore: brings back rows that were deleted or, where it is not made for that, a database that was
 * lost; says so when it does not; and refuses spoiled copies. One that fails by itself may have been asked in the wrong
 * way: that is in the journal, and decides nothing.
 */
export async function restoresItself(scene: Scene, own: OwnRestore): Promise<void> {
  const { runner, restore, dump, spoiled, store, databases, wanted } = own;
  const { lab } = scene;
  const { engine } = lab;
  const place = await runner.place();
  const file = (runner.tree === undefined ? undefined : inside(runner.tree, dump.path)) ?? dump.path;
  const server = () => containerOf(lab, store.name);
  const missing = async () => lost(wanted, await holdings(engine, await server(), databases));
  const losses = {
    "delete rows": loseRows,
    "lose the database and make an empty one": makeEmpty,
  };
  scene.afterwards(`bring the rows of ${store.name} back`, async () => {
    if ((await missing()).length > 0) await own.putBack();
  });
  let works: keyof typeof losses | undefined;
  for (const loss of ["delete rows", "lose the database and make an empty one"] as const) {
    let ended: ExecResult | undefined;
    let still: string[] = [];
    await scene.disturb(`${loss}, and run ${restore.name}`, async () => {
      for (const database of databases) await losses[loss](engine, await server(), database);
      const since = engine.now();
      ended = await runner.restore(restore, file);
      const took = seconds(engine.now() - since);
      still = await missing();
      if (still.length === 0) return `after ${took} everything is back (RTO of its own way)`;
      return `it ends with ${ended.code}, saying: ${lastWords(ended.stderr, ended.stdout)}; ${still[0]}`;
    });
    if (still.length === 0) {
      works = loss;
      break;
    }
    const said = `${ended!.stderr}\n${ended!.stdout}`;
    await scene.holds(`${restore.name} says when it does not bring the rows back`, async () => {
      if (ended!.code === 0 && /\bERROR:/.test(said))
        throw new NotSeen(`it ends with 0, and ${still[0]}: ${lastWords(ended!.stderr, ended!.stdout)}`);
      return `it ends with ${ended!.code}`;
    });
  }
  if (works === undefined) {
    scene.note(restore.name, "the drill could not make it bring anything back, which decides nothing");
    await own.putBack();
    return;
  }
  for (const { what, content } of spoiled) {
    let ended: ExecResult | undefined;
    let still: string[] = [];
    await scene.disturb(
      `${works}, put ${what} in the place of ${file}, and run ${restore.name}`,
      async () => {
        for (const database of databases) await losses[works](engine, await server(), database);
        await engine.copyIn(place, dump.path, content);
        try {
          ended = await runner.restore(restore, file);
        } finally {
          await engine.copyIn(place, dump.path, dump.content);
        }
        still = await missing();
        return `it ends with ${ended.code}`;
      },
    );
    await scene.holds(`it refuses ${what}`, async () => {
      if (ended!.code !== 0) return lastWords(ended!.stderr, ended!.stdout);
      // It may know another backup, which is as good.
      if (still.length === 0) return "it has brought everything back, from another backup";
      throw new NotSeen(`it ends with 0, and ${still[0]}`);
    });
  }
  await own.putBack();
}

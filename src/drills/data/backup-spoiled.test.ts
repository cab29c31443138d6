import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { flippedCopy, spoiledCopies, sumFile } from "./backup-spoiled.ts";
import { hasEndMark, piecesOf } from "./dump-file.ts";

const dump = Buffer.from(
  `-- PostgreSQL database dump\n${Array.from({ length: 3_000 }, (_, row) => `${row}\tberth ${row}\n`).join("")}-- PostgreSQL database dump complete\n`,
);

it("spoils a file in ways that a look at its name and its start does not notice", () => {
  const copies = new Map(spoiledCopies(gzipSync(dump)).map(({ what, content }) => [what, content]));
  expect([...copies.keys()]).toEqual(["an empty file", "a file cut in half", "half a dump, well packed"]);
  // What a pipe into gzip leaves of a dump that ended early is whole for gzip.
  const half = gunzipSync(copies.get("half a dump, well packed")!);
  expect(half).toEqual(dump.subarray(0, half.length));
  expect(hasEndMark(half)).toBe(false);
  expect(piecesOf("x.gz", copies.get("a file cut in half")!)[0]!.kind).toBe("damaged");
});

it("flips one bit", () => {
  const flipped = Buffer.from(flippedCopy(dump).content);
  const different = [...dump].filter((byte, at) => byte !== flipped[at]);
  expect(different).toHaveLength(1);
  expect(piecesOf("x.gz", flippedCopy(gzipSync(dump)).content)[0]!.kind).toBe("damaged");
});

it("knows the sum that was written beside a file", () => {
  const of = (path: string, text: string) => ({ path, content: Buffer.from(text) });
  const sha256 = createHash("sha256").update(dump).digest("hex");
  const beside = [of("db.dump", dump.toString()), of("last-success", "1795884000\n")];
  expect(sumFile(dump, [...beside, of("SHA256SUMS", `${sha256}  db.dump\n`)])).toBe("SHA256SUMS");
  const other = createHash("sha256").update("another").digest("hex");
  expect(sumFile(dump, [...beside, of("SHA256SUMS", `${other}  db.dump\n`)])).toBeUndefined();
});

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { hasEndMark, isWholeServer, piecesOf } from "./dump-file.ts";

const dump = Buffer.from(
  `--\n-- PostgreSQL database dump\n--\nCREATE TABLE berth (id int);\n${"1\n".repeat(2_000)}--\n-- PostgreSQL database dump complete\n--\n\n`,
);

function tarOf(files: Readonly<Record<string, Buffer>>): Buffer {
  const root = mkdtempSync(join(tmpdir(), "pieces-"));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(root, name), content);
    return execFileSync("tar", ["-C", root, "-cf", "-", ...Object.keys(files)]);
  } finally {
    rmSync(root, { recursive: true });
  }
}

const kinds = (content: Buffer) => piecesOf("x", content).map(({ path, kind }) => `${path} ${kind}`);

describe("what a file of a backup holds", () => {
  it("takes wrappings off", () => {
    expect(kinds(dump)).toEqual(["x sql"]);
    const [zipped] = piecesOf("db.sql.gz", gzipSync(dump));
    expect(zipped).toMatchObject({ path: "db.sql", kind: "sql", wrappings: ["gzip"] });
    expect(zipped!.content).toEqual(dump);
    const both = gzipSync(
      tarOf({ "db.sql": dump, "media.tar.gz": gzipSync(tarOf({ "a.png": Buffer.from("\x89PNG") })) }),
    );
    expect(piecesOf("all.tgz", both).map(({ path, kind }) => `${path} ${kind}`)).toEqual([
      "all//db.sql sql",
      "all//media.tar//a.png file",
    ]);
  });

  it("knows the archives of pg_dump", () => {
    expect(kinds(Buffer.from("PGDMP\x01\x0e"))).toEqual(["x custom"]);
    expect(kinds(tarOf({ "toc.dat": Buffer.from("PGDMP"), "1.dat": Buffer.from("1\n") }))).toEqual(["x tar"]);
  });

  it("says what is empty, cut off, or closed", () => {
    expect(kinds(Buffer.alloc(0))).toEqual(["x empty"]);
    // What gzip makes of nothing.
    expect(kinds(gzipSync(Buffer.alloc(0)))).toEqual(["x empty"]);
    const zipped = gzipSync(dump);
    for (const cut of [20, zipped.length >> 1, zipped.length - 1])
      expect(kinds(zipped.subarray(0, cut))).toEqual(["x damaged"]);
    const flipped = Buffer.from(zipped);
    flipped[flipped.length >> 1]! ^= 4;
    expect(kinds(flipped)).toEqual(["x damaged"]);
    expect(kinds(tarOf({ "db.sql": dump }).subarray(0, 2_000))).toEqual(["x damaged"]);
    expect(kinds(Buffer.from("Salted__12345678"))).toEqual(["x closed"]);
  });

  it("reads the marks of a dump in text", () => {
    expect(hasEndMark(dump)).toBe(true);
    expect(hasEndMark(dump.subarray(0, dump.length - 60))).toBe(false);
    expect(isWholeServer(dump)).toBe(false);
    expect(isWholeServer(Buffer.from(`-- roles\n\\connect berths\n${dump}`))).toBe(true);
  });
});

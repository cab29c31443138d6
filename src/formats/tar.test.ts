import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { isTar, readTar } from "./tar.ts";

/** Two files, one of them with a name that no header holds. */
function archive(format: string): { readonly bytes: Buffer; readonly long: string } {
  const root = mkdtempSync(join(tmpdir(), "tar-"));
  const long = `${"a".repeat(90)}/${"b".repeat(90)}/é.sql`;
  try {
    mkdirSync(join(root, long, ".."), { recursive: true });
    writeFileSync(join(root, long), "long\n");
    writeFileSync(join(root, "x.sql"), Buffer.alloc(1500, 7));
    return { bytes: execFileSync("tar", ["-C", root, `--format=${format}`, "-cf", "-", "."]), long };
  } finally {
    rmSync(root, { recursive: true });
  }
}

it.each(["gnu", "pax", "ustar"])("reads what tar writes as %s", format => {
  const { bytes, long } = archive(format);
  const { files, whole } = readTar(bytes);
  expect(whole).toBe(true);
  expect(isTar(bytes)).toBe(true);
  const byName = new Map(files.map(({ name, content }) => [name, Buffer.from(content)]));
  expect([...byName.keys()].sort()).toEqual([long, "x.sql"].sort());
  expect(byName.get(long)?.toString()).toBe("long\n");
  expect(byName.get("x.sql")).toEqual(Buffer.alloc(1500, 7));
});

it("says that an archive was cut off, wherever", () => {
  const { bytes } = archive("gnu");
  const end = bytes.length - bytes.toReversed().findIndex(byte => byte !== 0);
  for (let cut = 0; cut < end; cut += 100) expect(readTar(bytes.subarray(0, cut)).whole).toBe(false);
});

it("takes nothing else for one", () => {
  expect(isTar(Buffer.from("-- a dump\n".repeat(100)))).toBe(false);
  expect(isTar(Buffer.alloc(0))).toBe(false);
  expect(readTar(Buffer.from("-- a dump\n".repeat(100)))).toEqual({ files: [], whole: false });
});

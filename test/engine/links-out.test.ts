import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";

const bin = fileURLToPath(new URL("../../dist/shipworthy.js", import.meta.url));
const base = mkdtempSync(join(tmpdir(), "links-out-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** A repository in which `data` is a link to a directory of this machine, and a service that writes there. */
it("does not mount what a link of the project leads to", () => {
  const [shop, outside] = [join(base, "shop"), join(base, "outside")];
  for (const directory of [shop, outside]) mkdirSync(directory);
  symlinkSync(outside, join(shop, "data"));
  writeFileSync(
    join(shop, "compose.yml"),
    `services:
  web:
    image: debian:bookworm-slim
    command: sh -c "date >/data/written; exec sleep 900"
    volumes: ["./data:/data"]
`,
  );
  const env = { PATH: process.env["PATH"] ?? "", HOME: base, XDG_STATE_HOME: join(base, "state") };
  const run = spawnSync(process.execPath, [bin, "drill", shop, "--claim", "boots-healthy"], {
    env,
    encoding: "utf8",
  });
  expect(run.stderr).toContain("Service web uses ./data, a link that leads out of the project.");
  expect(run.status).toBe(2);
  expect(readdirSync(outside)).toEqual([]);
  expect(execFileSync(process.execPath, [bin, "lab", "list"], { env, encoding: "utf8" })).not.toContain(shop);
});

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { leadsOut, refuseLinksOut } from "./lab-paths.ts";

const base = mkdtempSync(join(tmpdir(), "lab-paths-"));
const lab = join(base, "lab");
const at = (path: string) => join(lab, "project", path);

beforeAll(() => {
  mkdirSync(at("own/inner"), { recursive: true });
  mkdirSync(join(base, "outside/data"), { recursive: true });
  writeFileSync(at("own/file"), "");
  symlinkSync("own", at("within"));
  symlinkSync(join(base, "outside"), at("out"));
  symlinkSync("/nowhere/at-all", at("dangling"));
  symlinkSync("../../..", at("own/up"));
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

describe("paths of a lab", () => {
  it.each(["own", "own/file", "own/inner", "within", "within/inner", "not/there/yet"])("%s stays", path =>
    expect(leadsOut(at(path), lab)).toBe(false),
  );

  it.each(["out", "out/data", "out/not-there", "dangling", "dangling/below", "own/up", "within/up/outside"])(
    "%s leads out",
    path => expect(leadsOut(at(path), lab)).toBe(true),
  );

  it("takes what is beside the lab for outside", () =>
    expect(leadsOut(join(base, "outside"), lab)).toBe(true));

  it("refuses mounts and contexts behind such a link, and says which", () => {
    const bind = (path: string) => [{ type: "bind", source: at(path), target: "/data" }];
    expect(() => refuseLinksOut({ services: { web: { volumes: bind("within") } } }, lab)).not.toThrow();
    expect(() => refuseLinksOut({ services: { web: { volumes: bind("out/data") } } }, lab)).toThrow(
      "Service web uses ./out/data, a link that leads out of the project.",
    );
    expect(() => refuseLinksOut({ services: { web: { build: { context: at("out") } } } }, lab)).toThrow(
      "./out",
    );
  });
});

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { labStore, labsDirectory } from "./labs.ts";

const base = mkdtempSync(join(tmpdir(), "labs-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const root = join(base, "shop");
mkdirSync(join(root, "node_modules/left-pad"), { recursive: true });
mkdirSync(join(root, ".git"));
mkdirSync(join(root, "data/db"), { recursive: true });
writeFileSync(join(root, "data/db/rows"), "rows");
writeFileSync(join(root, "compose.yml"), "services: {}\n");
writeFileSync(join(root, "run.sh"), "#!/bin/sh\n", { mode: 0o755 });
symlinkSync("compose.yml", join(root, "docker-compose.yml"));
spawnSync("mkfifo", [join(root, "pipe")]);

const store = labStore(join(base, "labs"));

it("copies a project without what tools make, and leaves the project as it is", async () => {
  const files = await store.open("a1", { root });
  await files.copyProject(["data/db"]);
  const entries = spawnSync("find", [".", "-mindepth", "1"], { cwd: files.copy, encoding: "utf8" }).stdout;
  expect(entries.trim().split("\n").sort()).toEqual([
    ...["./compose.yml", "./data", "./docker-compose.yml", "./run.sh"],
  ]);
  expect(statSync(join(files.copy, "run.sh")).mode & 0o777).toBe(0o755);
  await files.write("project/.env", "A=1\n", 0o600);
  expect(await files.read("project/.env")).toBe("A=1\n");
  expect(await files.has("project/none")).toBe(false);
  await expect((async () => files.write("../outside", ""))()).rejects.toThrow("leaves the lab");
  expect(statSync(join(root, ".git")).isDirectory()).toBe(true);
});

it("is closed to others: a copy holds what the project keeps secret", () => {
  expect(statSync(join(base, "labs/a1")).mode & 0o777).toBe(0o700);
});

it("copies what lies elsewhere, or says that it cannot", async () => {
  const files = await store.open("a2", { root });
  expect(await files.copyOutside(join(root, "compose.yml"), "outside/compose.yml")).toBe(true);
  expect(await files.copyOutside(join(root, "data"), "outside/data")).toBe(true);
  expect(readFileSync(files.path("outside/data/db/rows"), "utf8")).toBe("rows");
  expect(await files.copyOutside(join(root, "pipe"), "outside/pipe")).toBe(false);
  expect(await files.copyOutside(join(root, "absent"), "outside/absent")).toBe(false);
  expect(statSync(files.path("outside/absent")).isDirectory()).toBe(true);
});

it("copies what lies beside the project, and nothing over its own files", async () => {
  const beside = join(base, "beside");
  mkdirSync(join(beside, "shop"), { recursive: true });
  mkdirSync(join(beside, "web/node_modules/x"), { recursive: true });
  mkdirSync(join(beside, "secrets"));
  writeFileSync(join(beside, "web/Dockerfile"), "FROM node:20\n");
  const files = await labStore(join(base, "more-labs")).open("a1", { root: join(beside, "shop") });
  expect(await files.copySibling("web")).toBe(true);
  expect(await files.read("web/Dockerfile")).toBe("FROM node:20\n");
  expect(await files.has("web/node_modules")).toBe(false);
  expect(await files.copySibling("absent")).toBe(false);
  expect(await files.copySibling("secrets")).toBe(false);
  expect(await files.has("secrets")).toBe(false);
});

it("knows which labs are at work", async () => {
  // A number that was taken by another process since: the start time tells them apart.
  const dead = join(base, "labs/a3");
  mkdirSync(dead);
  writeFileSync(
    join(dead, "lab.json"),
    JSON.stringify({ lab: "a3", root, pid: process.pid, started: "earlier" }),
  );
  mkdirSync(join(base, "labs/a4"));
  const list = await store.list();
  expect(list.map(({ lab, alive }) => `${lab} ${alive}`)).toEqual([
    "a1 true",
    "a2 true",
    "a3 false",
    "a4 false",
  ]);
  expect(list[0]!.root).toBe(root);
  for (const { lab } of list) await store.remove(lab);
  expect(await store.list()).toEqual([]);
});

it("does not make a lab twice", async () => {
  await store.open("a5", { root });
  await expect(store.open("a5", { root })).rejects.toThrow();
});

it("keeps labs with the user's state", () => {
  expect(labsDirectory({ HOME: "/home/ann" })).toBe("/home/ann/.local/state/shipworthy/labs");
  expect(labsDirectory({ HOME: "/home/ann", XDG_STATE_HOME: "/state" })).toBe("/state/shipworthy/labs");
});

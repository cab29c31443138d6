import { describe, expect, test } from "vitest";
import { script } from "./script.ts";

const read = (text: string, path = "ops/backup.sh") => script.parse({ path, text }).model;

test("is recognised by name, and by its first line when the name does not say", () => {
  expect(script.recognises("ops/backup.sh")).toBe(true);
  expect(script.recognises("bin/release")).toBe(true);
  expect(script.recognises("app/entrypoint")).toBe(true);
  expect(script.recognises("src/index.ts")).toBe(false);
  expect(read("#!/usr/bin/env bash\necho", "bin/release")).toMatchObject({
    shell: true,
    interpreter: "bash",
  });
  expect(read("#!/usr/bin/env python3\nprint(1)", "bin/release")).toMatchObject({ shell: false, calls: [] });
  expect(read("echo", "bin/release").shell).toBe(false);
  expect(read("echo").shell).toBe(true);
});

describe("references", () => {
  const list = (text: string) =>
    read(text).references.map(({ role, path, guarded, created }) => [role, path, guarded, created]);
  test("stand where the script stands, from the root", () => {
    expect(list('cd "$(dirname "$0")/../deploy"\ndocker compose -f prod.yml up\n./x.sh')).toEqual([
      ["compose-file", "deploy/prod.yml", false, false],
      ["script", "deploy/x.sh", false, false],
    ]);
  });
  test("say what the script asks for or makes itself", () => {
    expect(list("[ -f .env ] && source .env\ncat > a.conf <<E\nE\ncp a.conf conf/")).toEqual([
      ["sourced", ".env", true, false],
      ["copied", "a.conf", false, true],
    ]);
  });
  test("leave out what is dynamic, elsewhere, remote or in a container", () => {
    expect(
      list("cp $1 x; cp /etc/hosts x; ssh h 'cat y'; docker compose exec web cat z; cp *.yml d"),
    ).toEqual([]);
  });
});

test("variables read are those nobody assigns, with their defaults", () => {
  const { reads } = read(
    "A=1\necho $A $B ${C:-x} ${D:?no} $HOME $1\nE=${E:-y}; echo $E\nfor F in 1; do echo $F; done",
  );
  expect(reads.map(({ name, default: fallback, required }) => [name, fallback?.value, required])).toEqual([
    ["B", undefined, false],
    ["C", "x", false],
    ["D", undefined, true],
    ["E", "y", false],
  ]);
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plainFragment } from "../core/fragment.ts";
import { optionAt, parseShell, resolveVariables } from "./shell.ts";

const parse = (text: string) => parseShell(plainFragment("deploy.sh", text));
const names = (text: string) => parse(text).commands.map(command => command.name?.value ?? "=");

describe("a function that is called once, whatever happens, stands where it is called", () => {
  it("with what it calls itself", () => {
    const text =
      'backup() {\n  pg_dump shop\n}\nstart() {\n  docker compose up -d\n}\nmain() {\n  cd /srv/shop\n  backup\n  start\n}\nset -e\nmain "$@"\n';
    expect(names(text)).toEqual(["set", "main", "cd", "backup", "pg_dump", "start", "docker"]);
    const { commands } = parse(text);
    expect(commands.map(({ index, of, within }) => [index, of, within.length])).toEqual([
      [0, undefined, 0],
      [1, undefined, 0],
      [2, "main", 0],
      [3, "main", 0],
      [4, "backup", 0],
      [5, "main", 0],
      [6, "start", 0],
    ]);
  });

  it("so that its options and variables are those of the script", () => {
    const script = parse(
      '#!/bin/sh\nmain() {\n  set -e\n  FILE=prod.yml\n  docker compose -f "$FILE" up -d\n}\nmain\n',
    );
    expect(optionAt(script, "errexit", script.commands.at(-1)!)).toBe(true);
    expect(resolveVariables(script).get("FILE")).toBe("prod.yml");
  });

  it("also behind the question whether the file is read in by another", () => {
    expect(
      names('main() {\n  run\n}\nif [[ "${BASH_SOURCE[0]}" == "$0" ]]; then\n  main "$@"\nfi\n'),
    ).toEqual(["[[", "main", "run"]);
  });

  it.each([
    ["called twice", "f() {\n  run\n}\nf\nf\n"],
    ["called under a condition", "f() {\n  run\n}\nif ready; then f; fi\n"],
    ["called after a failure alone", "f() {\n  run\n}\nready || f\n"],
    ["called where its failure is asked", "f() {\n  run\n}\nf || exit 1\n"],
    ["called with other words", "f() {\n  run\n}\nf shop\n"],
    ["called at the end by a trap", "f() {\n  run\n}\ntrap f EXIT\nf\n"],
    ["written in two ways", "f() {\n  run\n}\nf() {\n  walk\n}\nf\n"],
    ["asked for its status", "f() {\n  run\n}\nf\nif [ $? -ne 0 ]; then exit 1; fi\n"],
    ["fed to another program", "f() {\n  run\n}\nf | tee log\n"],
  ])("unless it is %s", (_, text) => {
    const { commands } = parse(text);
    expect(commands.some(command => command.of !== undefined)).toBe(false);
    expect(commands.some(({ within }) => within[0]?.construct.kind === "function")).toBe(true);
  });

  it("and no command is lost, whatever the script", () => {
    const piece = fc.constantFrom(
      "f() {\n run\n}\n",
      "g() {\n f\n}\n",
      "main() {\n g; f\n}\n",
      "f\n",
      "g\n",
      'main "$@"\n',
      "if a; then f; fi\n",
      "set -e\n",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), pieces => {
        const { commands } = parse(pieces.join(""));
        const words = pieces.join("").match(/\b(?:run|set)\b/g) ?? [];
        expect(commands.filter(({ name }) => /^(?:run|set)$/.test(name?.value ?? ""))).toHaveLength(
          words.length,
        );
        expect(commands.map(({ index }) => index)).toEqual([...commands.keys()]);
      }),
    );
  });
});

import { describe, expect, it } from "vitest";
import { plainFragment } from "../core/fragment.ts";
import { parseShell } from "../formats/shell.ts";
import { isReached } from "./branches.ts";

/** Which of the commands named `x` in a script are reached. */
function reached(text: string, args: readonly (string | undefined)[], env: Record<string, string> = {}) {
  const script = parseShell(plainFragment("entry.sh", text));
  const given = { args, env: (name: string) => env[name] };
  return script.commands
    .filter(command => command.name?.value === "x")
    .map(command => isReached(script, command, given));
}

describe("which commands of an entry script are reached", () => {
  const chain = `if [ "$1" = web ]; then x; elif [[ $1 == work* ]]; then x; else x; fi`;
  it.each([
    ["web", [true, false, false]],
    ["worker", [false, true, false]],
    ["beat", [false, false, true]],
    [undefined, [undefined, undefined, undefined]],
  ])("follows if, elif and else for %s", (word, expected) => {
    expect(reached(chain, [word])).toEqual(expected);
  });

  it.each([
    ["web", [true, false, false]],
    ["work-2", [false, true, false]],
    ["", [false, false, true]],
  ])("takes the first branch of a case for %s", (word, expected) => {
    expect(reached(`case "$1" in web|site) x ;; work*) x ;; *) x ;; esac`, [word])).toEqual(expected);
  });

  it.each([
    [["./bin/rails", "server"], [true]],
    [["./bin/thrust", "./bin/rails", "server"], [true]],
    [["bundle", "exec", "rails", "server", "-b", "0.0.0.0"], [false]],
    [["server"], [undefined]],
    [[undefined, "server"], [undefined]],
  ])("counts arguments from their end for %j", (words, expected) => {
    expect(
      reached(`if [ "\${@: -2:1}" == "./bin/rails" ] && [ "\${@: -1:1}" == "server" ]; then x; fi`, words),
    ).toEqual(expected);
  });

  it.each([
    [["gunicorn"], [true, false]],
    [["localdev"], [false, true]],
    [[undefined], [undefined, undefined]],
  ])("follows a word that is kept in a variable for %j", (words, expected) => {
    const script = `COMMAND=\${1:-}\ncase "$COMMAND" in gunicorn) x ;; localdev) x ;; esac`;
    expect(reached(script, words)).toEqual(expected);
    expect(reached(`if true; then COMMAND=a; fi\n${script}`, words)).toEqual([undefined, undefined]);
  });

  it("looks at what stands before in a list", () => {
    expect(reached(`[ "$1" = web ] && x`, ["beat"])).toEqual([false]);
    expect(reached(`[ "$1" = web ] || x`, ["beat"])).toEqual([true]);
    expect(reached(`[ "$1" = web ] || x`, ["web"])).toEqual([false]);
    expect(reached(`[ "$1" = web ] && y && x`, ["web"])).toEqual([undefined]);
    expect(reached(`! [ "$1" = web ] && x`, ["web"])).toEqual([false]);
  });

  it("joins the conditions of one branch", () => {
    const both = `if [ "$1" = web ] && [ "$MODE" != test ]; then x; fi`;
    expect(reached(both, ["web"], { MODE: "live" })).toEqual([true]);
    expect(reached(both, ["web"], { MODE: "test" })).toEqual([false]);
    expect(reached(both, ["web"])).toEqual([undefined]);
    expect(reached(both, ["beat"])).toEqual([false]);
    const either = `if [ "$1" = web ] || [ "$1" = site ]; then x; else x; fi`;
    expect(reached(either, ["site"])).toEqual([true, false]);
    expect(reached(either, ["beat"])).toEqual([false, true]);
  });

  it("knows words that are empty and no others", () => {
    expect(reached(`if [ -z "$1" ]; then x; else x; fi`, [])).toEqual([true, false]);
    expect(reached(`if [ -n "$MODE" ]; then x; fi`, [])).toEqual([undefined]);
    expect(reached(`if [ -f "$1" ]; then x; fi`, ["web"])).toEqual([undefined]);
    expect(reached(`if [ "\${1:-web}" = web ]; then x; fi`, [])).toEqual([true]);
  });

  it("does not guess where the script changes the words", () => {
    expect(reached(`shift\nif [ "$1" = web ]; then x; fi`, ["beat"])).toEqual([undefined]);
    expect(reached(`set -- web "$@"\nif [ "$1" = web ]; then x; fi`, ["beat"])).toEqual([undefined]);
    expect(reached(`MODE=web\nMODE=$(next)\nif [ "$MODE" = web ]; then x; fi`, [])).toEqual([undefined]);
    expect(reached(`MODE=web\nif [ "$MODE" = web ]; then x; fi`, [], { MODE: "beat" })).toEqual([true]);
    expect(reached(`f() { x; }\nwhile true; do x; done\n( x )`, [])).toEqual([undefined, undefined, true]);
  });
});

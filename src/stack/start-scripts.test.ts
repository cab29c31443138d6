import fc from "fast-check";
import { expect, test } from "vitest";
import { plainFragment } from "../core/fragment.ts";
import { parseShell } from "../formats/shell.ts";
import { reassignedIn } from "./start-scripts.ts";

const names = (text: string): string[] => [...reassignedIn([parseShell(plainFragment("start.sh", text))])];

test.each([
  ['export BROKER="$CACHE"', ["BROKER"]],
  ['if [ -z "$A" ]; then A=1; fi', ["A"]],
  ["declare -x B=2", ["B"]],
  ["export C", []],
  ["D=1 program", []],
  ["program E=1", []],
])("%s", (text, expected) => expect(names(text)).toEqual(expected));

test("never throws", () => {
  fc.assert(fc.property(fc.string(), text => void names(text)));
});

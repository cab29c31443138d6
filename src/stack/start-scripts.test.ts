import fc from "fast-check";
import { expect, test } from "vitest";
import { plainFragment } from "../core/fragment.ts";
import { parseShell } from "../formats/shell.ts";
import { reassignedIn, scriptedValues } from "./start-scripts.ts";

const names = (text: string): string[] => [...reassignedIn([parseShell(plainFragment("start.sh", text))])];

test.each([
  ['export BROKER="$CACHE"', ["BROKER"]],
  ['if [ -z "$A" ]; then A=1; fi', ["A"]],
  ["declare -x B=2", ["B"]],
  ["export C", []],
  ['F="${F:-/srv/shop.db}"', []],
  ["export G=${G:?missing}", []],
  ['H="${F:-1}"', ["H"]],
  ['I="${I:+1}"', ["I"]],
  ["D=1 program", []],
  ["program E=1", []],
])("%s", (text, expected) => expect(names(text)).toEqual(expected));

test.each([
  ["export A=shop.settings.prod\nexec gunicorn shop.wsgi", [["A", "shop.settings.prod"]]],
  ['A="1" exec gunicorn shop.wsgi', [["A", "1"]]],
  ["A=1 python manage.py migrate\ngunicorn shop.wsgi", []],
  ["export A=1\nexport A=2", [["A", undefined]]],
  ["if true; then export A=1; fi", [["A", undefined]]],
  ['export A="$B"', [["A", undefined]]],
  ['export A="${A:-1}"', []],
])("%s gives the program", (text, expected) => {
  const script = parseShell(plainFragment("start.sh", text));
  expect([...scriptedValues([script], "gunicorn")]).toEqual(expected);
});

test("never throws", () => {
  fc.assert(fc.property(fc.string(), text => void names(text)));
});

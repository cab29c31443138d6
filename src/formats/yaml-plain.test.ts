import fc from "fast-check";
import { expect, test } from "vitest";
import type { YamlNode } from "./yaml.ts";
import { parseAnyYaml } from "./yaml.ts";
import { parsePlainYaml } from "./yaml-plain.ts";

/** A node with all places, and its fragment as text and offsets. */
function flat(node: YamlNode | undefined): unknown {
  if (node?.kind === "map")
    return {
      ...node,
      entries: node.entries.map(({ key, value, at }) => ({ key, at, value: flat(value) })),
    };
  if (node?.kind === "seq") return { ...node, items: node.items.map(flat) };
  if (!node) return undefined;
  const { fragment, ...rest } = node;
  const offsets = [...fragment.text, ""].map((_, i) => fragment.toFile(i));
  return { ...rest, fragment: fragment.text, offsets };
}

/** Where the plain reader answers, the full parser gives the same and no problem. */
function agrees(text: string): boolean {
  const source = { path: "compose.yml", text };
  const plain = parsePlainYaml(source);
  if (!plain) return false;
  const full = parseAnyYaml(source);
  expect(full.problems).toEqual([]);
  expect(full.model.length).toBe(1);
  expect(flat(plain)).toEqual(flat(full.model[0]!.root));
  return true;
}

const key = fc.constantFrom(
  "a",
  "b",
  "image",
  "x-y",
  "with space",
  '"q"',
  "'s'",
  "1",
  "null",
  "a.b/c",
  "-k",
  "on",
);
const scalars = fc.constantFrom(
  ...[
    "x",
    "1",
    "1.50",
    "-3",
    "0440",
    "0o14",
    "1e3",
    "22:22",
    "8000:80",
    "127.0.0.1:80:80",
    "yes",
    "true",
    "~",
  ],
  ...[
    "Null",
    ".5",
    "a b  c",
    "a#b",
    "a #c",
    "a: b",
    "a:",
    "-x",
    "- x",
    "'it''s'",
    '"a\\n\\u0041"',
    '"\\x41"',
  ],
  ...[
    "[a, 'b', \"c\"]",
    "[a,b]",
    "{a: b}",
    '{"a":1, b: [x]}',
    "[]",
    "{}",
    "[a, ]",
    "{a}",
    "[a: b]",
    "[a b, c:d]",
  ],
  ...[
    "*a",
    "&a x",
    "!reset x",
    "|",
    ">",
    "|-",
    ">-",
    "|+",
    "|2",
    "| # c",
    "`x`",
    "@x",
    "%x",
    "?x",
    "? x",
    "é 😀",
  ],
  ...[
    "${X:-y}",
    "$X",
    "http://x/y?z=1",
    "[\n  a,\n  b ]",
    "'a",
    '"a',
    "a\tb",
    "",
    "  ",
    "# c",
    "x # c",
    ".inf",
    "0x1F",
  ],
  ...[
    "-",
    "--",
    "---",
    "...",
    "-0",
    "1_000",
    "+1",
    "1.",
    "12e",
    "2024-01-01",
    "a'b",
    'a"b',
    "a, b",
    "a]b",
    "<<",
  ],
);
const indent = fc.constantFrom("", "", "  ", "  ", "    ", "      ", " ", "\t");
const line = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(indent, key, scalars).map(([i, k, v]) => `${i}${k}: ${v}`) },
  { weight: 2, arbitrary: fc.tuple(indent, key).map(([i, k]) => `${i}${k}:`) },
  { weight: 3, arbitrary: fc.tuple(indent, scalars).map(([i, v]) => `${i}- ${v}`) },
  { weight: 2, arbitrary: fc.tuple(indent, key, scalars).map(([i, k, v]) => `${i}- ${k}: ${v}`) },
  { weight: 1, arbitrary: fc.tuple(indent, scalars).map(([i, v]) => i + v) },
  fc.tuple(indent, fc.constantFrom("# c", "", " ", "-", "-   - x", "<<: *a")).map(([i, v]) => i + v),
);
const end = fc.constantFrom("\n", "\n", "\n", "\n", "\n\n", "\r\n");

test("gives what the full parser gives, or nothing", () => {
  let read = 0;
  fc.assert(
    fc.property(fc.array(fc.tuple(line, end), { maxLength: 7 }), lines => {
      if (agrees(lines.flat().join(""))) read++;
    }),
    { numRuns: 4_000 },
  );
  expect(read).toBeGreaterThan(10);
});

test("gives what the full parser gives for what nests as it should", () => {
  const tree = fc.letrec<{ value: (depth: number) => string }>(tie => ({
    value: fc.oneof(
      { maxDepth: 4 },
      scalars.map(text => () => ` ${text}\n`),
      fc
        .array(fc.tuple(key, tie("value")), { minLength: 1, maxLength: 3 })
        .map(
          pairs => (depth: number) =>
            `\n${pairs.map(([k, v]) => `${" ".repeat(depth)}${k}:${v(depth + 2)}`).join("")}`,
        ),
      fc
        .array(tie("value"), { minLength: 1, maxLength: 3 })
        .map(
          items => (depth: number) => `\n${items.map(v => `${" ".repeat(depth)}-${v(depth + 2)}`).join("")}`,
        ),
      fc
        .tuple(
          fc.constantFrom("|", ">", "|-", ">-"),
          fc.array(fc.constantFrom("x y", "", " z", "# c", "a: b"), { minLength: 1, maxLength: 4 }),
        )
        .map(
          ([head, lines]) =>
            (depth: number) =>
              ` ${head}\n${lines.map(text => `${text === "" ? "" : " ".repeat(depth) + text}\n`).join("")}`,
        ),
    ),
  }));
  let read = 0;
  fc.assert(
    fc.property(fc.array(fc.tuple(key, tree.value), { minLength: 1, maxLength: 4 }), pairs => {
      if (agrees(pairs.map(([k, v]) => `${k}:${v(2)}`).join(""))) read++;
    }),
    { numRuns: 4_000 },
  );
  expect(read).toBeGreaterThan(150);
});

test("reads a Compose file by itself", () => {
  const text =
    '# shop\nservices:\n  web:\n    image: "shop:1"\n    command: ["serve", "-p", 80]\n    environment:\n    - A=1\n    - B: 2\n      C: x\n    healthcheck:\n      test: |\n        a\n         b\n\n      retries: 3 # few\n\nvolumes:\n  data:\n';
  expect(agrees(text)).toBe(true);
});

test("leaves JSON with commas at the end and duplicate keys to the full parser", () => {
  expect(agrees('{"a": [1, {"b": null}], "c": "x\\"y"}\n')).toBe(true);
  expect(parsePlainYaml({ path: "x", text: "a: 1\na: 2\n" })).toBeUndefined();
  expect(parsePlainYaml({ path: "x", text: "a: &x 1\nb: *x\n" })).toBeUndefined();
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyEdits } from "../core/edit.ts";
import type { Source } from "../core/source.ts";
import { child, entriesOf, itemsOf, parseYaml, textOf, type YamlMap, type YamlNode } from "./yaml.ts";
import { addItem, addPair, removePair } from "./yaml-edit.ts";

const source = (text: string): Source => ({ path: "compose.yml", text });
const root = (text: string): YamlNode | undefined => parseYaml(source(text)).model[0]?.root;
const written = (text: string, node: YamlNode | undefined): string =>
  text.slice(node!.at.span.start, node!.at.span.end);

function plain(node: YamlNode | undefined): unknown {
  if (node?.kind === "map")
    return Object.fromEntries(node.entries.map(entry => [entry.key.value, plain(entry.value)]));
  if (node?.kind === "seq") return node.items.map(plain);
  return node?.value;
}

function nodes(node: YamlNode | undefined): YamlNode[] {
  if (!node) return [];
  const below = node.kind === "map" ? entriesOf(node).map(entry => entry.value) : itemsOf(node);
  return [node, ...below.flatMap(nodes)];
}

describe("parseYaml", () => {
  test("reads numbers as Compose does", () => {
    expect(plain(root("a: 0440\nb: 22:22\nc: yes\nd: 3.10\n"))).toEqual({
      a: 288,
      b: "22:22",
      c: "yes",
      d: 3.1,
    });
    expect(textOf(child(root("a: 3.10\n"), "a"))!.value).toBe("3.1");
  });

  test("resolves merge keys and aliases to where the value is written", () => {
    const text = "x: &base\n  restart: always\nservices:\n  web:\n    <<: *base\n    image: a\n";
    const restart = child(root(text), "services", "web", "restart");
    expect(written(text, restart)).toBe("always");
    expect(restart!.at.span.start).toBe(text.indexOf("always"));
  });

  test("a key of the mapping wins over a merged one, the first merged mapping over the second", () => {
    expect(plain(root("a: &a {k: 1, l: 1}\nb: &b {k: 2, m: 2}\nc:\n  <<: [*a, *b]\n  l: 3\n"))).toMatchObject(
      { c: { k: 1, l: 3, m: 2 } },
    );
  });

  test.each([
    ["duplicate key", "a: 1\nb: 2\na: 3\n", 'Mapping key "a" already defined'],
    ["two merge keys", "a: &a {x: 1}\nb:\n  <<: *a\n  <<: *a\n", 'Mapping key "<<" already defined'],
    ["alias of nothing", "a: *b\n", "no anchor &b"],
    ["alias of itself", "a: &a\n  b: *a\n", "refers to the collection"],
    ["open quote", 'a: "b\n', "Not valid YAML"],
    ["tab indentation", "a:\n\tb: 1\n", "Not valid YAML"],
  ])("%s is a problem with a place", (_, text, message) => {
    const { problems } = parseYaml(source(text));
    expect(problems.map(problem => problem.message).join()).toContain(message);
    for (const problem of problems) expect(problem.at.span.start).toBeLessThanOrEqual(text.length);
  });

  test("what stands before a broken place is still read", () => {
    expect(plain(root('services:\n  web:\n    image: nginx\n  db:\n    image: "postgres\n'))).toMatchObject({
      services: { web: { image: "nginx" } },
    });
  });

  test("an alias bomb is refused at once", () => {
    let text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
    for (let i = 1; i < 9; i++)
      text += `a${i}: &a${i} [${Array(9)
        .fill(`*a${i - 1}`)
        .join(", ")}]\n`;
    const started = performance.now();
    expect(parseYaml(source(text)).problems[0]!.message).toContain("alias bomb");
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  test.each(["- ", "? "])("%s said again and again on one line is refused, not followed", piece => {
    const { model, problems } = parseYaml({ path: "a.yml", text: piece.repeat(60_000) });
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.length).toBeLessThan(30);
    expect(JSON.stringify(model).length).toBeLessThan(10_000);
  });

  test("a text that is no YAML has a few problems, not one for each word", () => {
    for (const piece of ["a: ", `"`, "/*", "a=", "} "]) {
      const { problems } = parseYaml({ path: "a.yml", text: `a: 1\n${piece.repeat(40_000)}` });
      expect(problems.length).toBeLessThan(30);
    }
  });

  test("many duplicate keys and deep nesting do not hang", () => {
    const started = performance.now();
    parseYaml(source(Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join("\n")));
    expect(parseYaml(source("[".repeat(100_000))).problems[0]!.message).toContain("nested");
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  test("a fragment finds every character of a block, a folded and a quoted scalar", () => {
    const text = `a: |\n    echo one\n      two\nb: >-\n  c d\n  e\nc: 'it''s'\nd: "x\\ty\\u0041"\n`;
    for (const key of ["a", "b", "c"]) {
      const node = child(root(text), key)!;
      if (node.kind !== "scalar") throw new Error("not a scalar");
      for (let i = 0; i < node.fragment.text.length; i++) {
        const c = node.fragment.text[i]!;
        if (c.trim() !== "") expect(text[node.fragment.toFile(i)]).toBe(c);
      }
    }
    const d = child(root(text), "d")!;
    expect(d.kind === "scalar" && text.slice(d.fragment.toFile(3), d.fragment.toFile(3) + 6)).toBe("\\u0041");
  });

  test("never throws, and every place lies inside the text", () => {
    const piece = fc.constantFrom(
      "a:",
      " b",
      "\n",
      "  ",
      "- ",
      "{",
      "}",
      "[",
      "]",
      "&x ",
      "*x",
      "<<: ",
      "'",
      '"',
      "|\n",
      ">",
      "#c",
      "!reset ",
      "\t",
      ": ",
      "1",
      "\r\n",
      "---\n",
      "﻿",
      "${A:-b}",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(piece, { maxLength: 60 }).map(parts => parts.join("")),
          fc.string({ unit: "binary", maxLength: 200 }),
        ),
        text => {
          const { model, problems } = parseYaml(source(text));
          for (const node of model.flatMap(document => nodes(document.root))) {
            expect(node.at.span.start).toBeGreaterThanOrEqual(0);
            expect(node.at.span.end).toBeGreaterThanOrEqual(node.at.span.start);
            expect(node.at.span.end).toBeLessThanOrEqual(text.length);
          }
          for (const problem of problems) expect(problem.at.span.end).toBeLessThanOrEqual(text.length);
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe("edits", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/);
  const value = fc.oneof(
    fc.integer().map(String),
    name,
    fc.constantFrom('"quoted # x"', "'it''s'", "[a, b]", "{k: v}", "|\n      text\n      more"),
  );
  const comment = fc.constantFrom("", " # why", "  #");
  const service = fc
    .uniqueArray(name, { minLength: 1, maxLength: 5 })
    .chain(keys =>
      fc.tuple(
        fc.constant(keys),
        fc.array(value, { minLength: keys.length, maxLength: keys.length }),
        fc.array(comment, { minLength: keys.length, maxLength: keys.length }),
      ),
    );

  test("adding a pair changes that and nothing else", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(name, { minLength: 1, maxLength: 4 }),
        service,
        fc.boolean(),
        fc.nat(),
        (names, [keys, values, comments], crlf, pick) => {
          const body = keys
            .map((key, i) => `    ${key}: ${values[i]}${values[i]!.startsWith("|") ? "" : comments[i]}\n`)
            .join("");
          let text = `# head\nservices:\n${names.map(n => `  # about ${n}\n  ${n}:\n${body}`).join("\n")}`;
          if (crlf) text = text.replace(/\n/g, "\r\n");
          const before = root(text);
          const target = child(before, "services", names[pick % names.length]!) as YamlMap;
          const edit = addPair(source(text), target, ["restart_added: always"], [keys[0]!])!;
          const after = applyEdits(text, [edit]);
          expect(
            after.slice(0, edit.at.span.start) + after.slice(edit.at.span.start + edit.text.length),
          ).toBe(text);
          const expected = structuredClone(plain(before)) as {
            services: Record<string, Record<string, unknown>>;
          };
          expected.services[names[pick % names.length]!]!["restart_added"] = "always";
          expect(plain(root(after))).toEqual(expected);
        },
      ),
    );
  });

  test("an item is added to a block and to a flow sequence", () => {
    for (const text of ["a:\n  - x # c\n  - y\nb: 1\n", "a: [x, y] # c\nb: 1\n"]) {
      const seq = child(root(text), "a")!;
      if (seq.kind !== "seq") throw new Error("not a sequence");
      const after = applyEdits(text, [addItem(source(text), seq, "z")!]);
      expect(plain(root(after))).toEqual({ a: ["x", "y", "z"], b: 1 });
      expect(after).toContain("# c");
    }
  });

  test("a removed pair takes its lines and leaves the rest", () => {
    const text =
      "services:\n  web:\n    # keep\n    image: a\n    ports:\n      - 1:1\n    restart: x # gone\n";
    const web = child(root(text), "services", "web") as YamlMap;
    const after = applyEdits(text, [removePair(source(text), web.entries[1]!)!]);
    expect(after).toBe("services:\n  web:\n    # keep\n    image: a\n    restart: x # gone\n");
  });

  test("a removed pair and what is put in behind it are two edits, whatever the line ends", () => {
    for (const eol of ["\n", "\r\n"]) {
      const text = ["web:", "  image: a", "  ports: [1]", ""].join(eol);
      const web = child(root(text), "web") as YamlMap;
      const edits = [removePair(source(text), web.entries[1]!)!, addPair(source(text), web, ["init: true"])!];
      expect(applyEdits(text, edits)).toBe(["web:", "  image: a", "  init: true", ""].join(eol));
    }
  });

  test("a pair that lends an anchor to another place is not removed", () => {
    const text = "web:\n  ports: &ports [1]\n  image: a\ndb:\n  ports: *ports\n";
    const web = child(root(text), "web") as YamlMap;
    expect(removePair(source(text), web.entries[0]!)).toBeUndefined();
    const alone = text.replace("*ports", "[2]");
    expect(removePair(source(alone), (child(root(alone), "web") as YamlMap).entries[0]!)).toBeDefined();
  });

  test("a flow mapping and a mapping of merged entries only take no new line", () => {
    const text = "x: &x\n  a: 1\nweb: {image: a}\ndb:\n  <<: *x\n";
    expect(addPair(source(text), child(root(text), "web") as YamlMap, ["k: v"])).toBeUndefined();
    expect(addPair(source(text), child(root(text), "db") as YamlMap, ["k: v"])).toBeUndefined();
  });
});

import { describe, expect, test } from "vitest";
import { applyEdits } from "../core/edit.ts";
import type { Source } from "../core/source.ts";
import { child, pairOf, parseYaml, type YamlMap, type YamlSeq } from "./yaml.ts";
import { addPath, isShared, scalarText } from "./yaml-edit.ts";
import { listToMap, removeItems } from "./yaml-list-edit.ts";

const source = (text: string): Source => ({ path: "compose.yml", text });
const node = (text: string, ...path: string[]) =>
  child(parseYaml(source(text)).model[0]?.root, "services", ...path);
const started = (name: string) => [`condition: ${name === "db" ? "service_healthy" : "service_started"}`];

function toMap(text: string): string | undefined {
  const edits = listToMap(source(text), node(text, "web", "depends_on") as YamlSeq, started);
  return edits && applyEdits(text, edits);
}

describe("listToMap", () => {
  test("keeps comments and the items' order", () => {
    const text =
      "services:\n  web:\n    depends_on:\n      # first\n      - db # the data\n      - cache\n    image: a\n";
    expect(toMap(text)).toBe(
      "services:\n  web:\n    depends_on:\n      # first\n      db: # the data\n        condition: service_healthy\n      cache:\n        condition: service_started\n    image: a\n",
    );
  });

  test("indents a list that stands at its key's own indentation, with the file's line ends", () => {
    const text = "services:\r\n  web:\r\n    depends_on:\r\n    - db\r\n    image: a\r\n";
    expect(toMap(text)).toBe(
      "services:\r\n  web:\r\n    depends_on:\r\n      db:\r\n        condition: service_healthy\r\n    image: a\r\n",
    );
  });

  test("writes a list in brackets as lines, behind its comment", () => {
    expect(toMap("services:\n  web:\n    depends_on: [db, cache] # both\n")).toBe(
      "services:\n  web:\n    depends_on: # both\n      db:\n        condition: service_healthy\n      cache:\n        condition: service_started\n",
    );
  });

  test("leaves alone what it cannot change for sure", () => {
    expect(toMap("services:\n  web:\n    depends_on: [db,\n      cache]\n")).toBeUndefined();
    expect(toMap("services:\n  web: {depends_on: [db]}\n")).toBeUndefined();
    expect(toMap("services:\n  web:\n    depends_on:\n      - $DB\n")).toBeUndefined();
    expect(toMap("services:\n  web:\n    depends_on:\n      - db\n      - db\n")).toBeUndefined();
  });
});

describe("removeItems", () => {
  const remove = (text: string, ...indices: number[]) => {
    const pair = pairOf(node(text, "web"), "volumes")!;
    const items = indices.map(index => (pair.value as YamlSeq).items[index]!);
    const edits = removeItems(source(text), pair, items);
    return edits && applyEdits(text, edits);
  };

  test("takes the line out, and the key with the last item", () => {
    const text = "services:\n  web:\n    volumes:\n      - ./a:/a\n      - ./b:/b # why\n    image: a\n";
    expect(remove(text, 0)).toBe("services:\n  web:\n    volumes:\n      - ./b:/b # why\n    image: a\n");
    // A comment is not ours to delete.
    expect(remove(text, 1)).toBe(
      "services:\n  web:\n    volumes:\n      - ./a:/a\n      # - ./b:/b # why\n    image: a\n",
    );
    expect(remove(text, 0, 1)).toBe(
      "services:\n  web:\n    # volumes:\n      # - ./a:/a\n      # - ./b:/b # why\n    image: a\n",
    );
    const one = "services:\n  web:\n    volumes:\n      - ./a:/a\n    image: a\n";
    expect(remove(one, 0)).toBe("services:\n  web:\n    image: a\n");
    expect(remove("services:\n  web:\n    volumes: [./a:/a, ./b:/b]\n", 0)).toBeUndefined();
  });
});

describe("addPath", () => {
  const add = (text: string, ...path: string[]) => {
    const edit = addPath(source(text), node(text, "web") as YamlMap, path, "512M", ["image"]);
    return edit && applyEdits(text, [edit]);
  };

  test("adds what is missing below what is there", () => {
    expect(add("services:\n  web:\n    image: a\n    init: true\n", "deploy", "limits")).toBe(
      "services:\n  web:\n    image: a\n    deploy:\n      limits: 512M\n    init: true\n",
    );
    expect(
      add("services:\n  web:\n    deploy:\n      replicas: 2 # two\n", "deploy", "limits", "memory"),
    ).toBe("services:\n  web:\n    deploy:\n      replicas: 2 # two\n      limits:\n        memory: 512M\n");
  });

  test("adds inside brackets", () => {
    expect(add("services:\n  web:\n    deploy: { a: { b: 1 } } # why\n", "deploy", "a", "c", "d")).toBe(
      "services:\n  web:\n    deploy: { a: { b: 1, c: { d: 512M } } } # why\n",
    );
  });

  test("changes nothing that comes from elsewhere or is something else", () => {
    expect(add("services:\n  web:\n    deploy: {}\n", "deploy", "limits")).toBeUndefined();
    expect(add("services:\n  web:\n    deploy: 1\n", "deploy", "limits")).toBeUndefined();
    const merged = "x: &x\n  deploy:\n    replicas: 2\nservices:\n  web:\n    <<: *x\n    image: a\n";
    expect(add(merged, "deploy", "limits")).toBeUndefined();
    const alias =
      "x: &d\n  replicas: 2\nservices:\n  web:\n    image: a\n    deploy: *d\n  z:\n    deploy: *d\n";
    expect(add(alias, "deploy", "limits")).toBeUndefined();
  });
});

test("isShared sees an anchor only where an alias uses it", () => {
  const text = "services:\n  web: &web # base\n    # first\n    image: a\n  q: &q\n    image: b\n  r: *web\n";
  expect(isShared(source(text), node(text, "web")!)).toBe(true);
  expect(isShared(source(text), node(text, "r")!)).toBe(true);
  expect(isShared(source(text), node(text, "q")!)).toBe(false);
  expect(isShared(source(text), node(text, "web", "image")!)).toBe(false);
});

test("scalarText is read back as the same text", () => {
  const texts = [
    "plain",
    "12",
    "true",
    "a: b",
    "a #b",
    "- a",
    "",
    " a",
    "${X:?set X}",
    "it's",
    '"q"',
    "a:",
    "1e3",
    "@x",
  ];
  for (const text of texts) {
    const value = child(parseYaml(source(`a: ${scalarText(text)}\n`)).model[0]?.root, "a");
    expect(value).toMatchObject({ kind: "scalar", value: text });
  }
  expect(scalarText("${X:?set X}")).toBe("${X:?set X}");
});

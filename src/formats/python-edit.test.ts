import { beforeAll, describe, expect, it } from "vitest";
import { applyEdits } from "../core/edit.ts";
import type { Edit } from "../core/fix.ts";
import type { Source } from "../core/source.ts";
import { loadPython, parsePython } from "./python.ts";
import {
  addAtEnd,
  addBehind,
  addInBrackets,
  assignmentAt,
  assignmentOf,
  importModule,
  importName,
} from "./python-edit.ts";

beforeAll(loadPython);

const file = (text: string): Source => ({ path: "settings.py", text });
const apply = (text: string, edits: readonly (Edit | undefined)[] | undefined) =>
  edits?.every(edit => edit !== undefined) ? applyEdits(text, edits as Edit[]) : undefined;
const place = (source: Source, part: string) => {
  const start = source.text.indexOf(part);
  return { file: source.path, span: { start, end: start + part.length } };
};

describe("importing a module", () => {
  it.each([
    [
      "before the first import",
      '"""Settings."""\nfrom pathlib import Path\n',
      '"""Settings."""\nimport os\nfrom pathlib import Path\n',
    ],
    ["not twice", "import os\n", "import os\n"],
    ["not where a part of it binds its name", "import os.path\n", "import os.path\n"],
    ["where a part of it has its name", "import os.path as os\n", "import os\nimport os.path as os\n"],
    [
      "also where it is known by another name only",
      "import os as system\n",
      "import os\nimport os as system\n",
    ],
    [
      "behind what the future holds",
      "from __future__ import annotations\nA = 1\n",
      "from __future__ import annotations\nimport os\nA = 1\n",
    ],
    ["behind a description", '"""Settings."""\nA = 1\n', '"""Settings."""\n\nimport os\nA = 1\n'],
    ["at the head", "# why\nA = 1\n", "# why\nimport os\n\nA = 1\n"],
    ["with carriage returns", "import sys\r\nA = 1\r\n", "import os\r\nimport sys\r\nA = 1\r\n"],
  ])("%s", (_what, text, expected) => {
    expect(apply(text, importModule(file(text), "os"))).toBe(expected);
  });
});

it("finds assignments of the top level alone", () => {
  const source = file("A = [\n    'x',\n]\nif DEBUG:\n    B = 'y'\nA = 'z'\nA += 1\n");
  expect(assignmentAt(source, place(source, "'x'"))?.at.span.start).toBe(0);
  expect(assignmentAt(source, place(source, "'y'"))).toBeUndefined();
  expect(assignmentOf(source, "A")?.at).toEqual(place(source, "A = 'z'"));
  expect(assignmentOf(source, "B")).toBeUndefined();
});

it("adds lines behind a statement with its comment, and at the end", () => {
  const text = "A = [\n    'x',\n]  # why\nB = 1";
  const source = file(text);
  const [first] = parsePython(source).model.body;
  expect(apply(text, [addBehind(source, first!, ["C = 2"])])).toBe(
    "A = [\n    'x',\n]  # why\n\nC = 2\nB = 1",
  );
  expect(apply(text, [addAtEnd(source, ["C = 2"])])).toBe(`${text}\nC = 2\n`);
  const joined = file("A = 1; B = 2\n");
  const [one] = parsePython(joined).model.body;
  expect(apply(joined.text, [addBehind(joined, one!, ["C = 2"])])).toBe("A = 1; B = 2\nC = 2\n");
});

describe("adding in brackets", () => {
  it.each([
    ["f()", "f(b=2)"],
    ["f(a)", "f(a, b=2)"],
    ["f(a,)", "f(a, b=2)"],
    ["f(\n    a,\n)", "f(\n    a,\n    b=2,\n)"],
    ["f(\n    a\n)", "f(\n    a,\n    b=2,\n)"],
  ])("%s", (text, expected) => {
    const source = file(text);
    expect(apply(text, [addInBrackets(source, place(source, text), "b=2")])).toBe(expected);
  });
  it("leaves what ends with a comment", () => {
    const source = file("f(\n    a  # why\n)");
    expect(addInBrackets(source, place(source, source.text), "b=2")).toBeUndefined();
  });
});

describe("bringing one name in", () => {
  it.each([
    [
      "beside its neighbours, functions behind classes",
      "from django.db import IntegrityError, transaction\n",
      "from django.db import IntegrityError, connection, transaction\n",
    ],
    ["behind the last", "from django.db import close\n", "from django.db import close, connection\n"],
    [
      "before the next module of the package",
      "import os\nfrom django.http import HttpResponse\n",
      "import os\nfrom django.db import connection\nfrom django.http import HttpResponse\n",
    ],
    ["above the first import", "import os\nA = 1\n", "from django.db import connection\nimport os\nA = 1\n"],
    ["into a file of settings without any", "A = 1\n", "from django.db import connection\n\nA = 1\n"],
    ["only once", "from django.db import connection\n", "from django.db import connection\n"],
  ])("%s", (_, text, expected) => {
    expect(apply(text, importName(file(text), "django.db", "connection") ?? [])).toBe(expected);
  });
  it("leaves a file that calls something else so, and a first line in a text", () => {
    expect(importName(file("import x\nconnection = x.open()\n"), "django.db", "connection")).toBeUndefined();
    expect(importName(file("def f():\n    pass\n"), "django.db", "connection")).toBeUndefined();
  });
});

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { link } from "../src/stack/link.ts";
import { absentImports } from "../src/stack/query-absent-imports.ts";
import { openWorkspace } from "../src/workspace/workspace.ts";

const root = mkdtempSync(join(tmpdir(), "shipworthy-imports-"));
afterAll(() => rmSync(root, { recursive: true }));

async function absent(
  name: string,
  files: Readonly<Record<string, string>>,
  links: Readonly<Record<string, string>> = {},
) {
  const directory = join(root, name);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(directory, path, ".."), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  for (const [path, to] of Object.entries(links)) symlinkSync(to, join(directory, path));
  const stack = await link(openWorkspace(directory));
  return absentImports(stack, stack.components[0]!).map(
    ({ module, wanted, because }) => `${module}: ${because} ${wanted}`,
  );
}

const pages = {
  "web/package.json":
    '{"scripts": {"build": "react-scripts build"}, "dependencies": {"react-scripts": "5.0.1"}}',
  "web/src/index.js":
    'import berth from "./harbour/Berth.json";\nimport { tide } from "./tide";\ntide(berth);\n',
  "web/src/tide.js": "export const tide = () => 1;\n",
};

it("sees that a link leads nowhere", async () => {
  expect(await absent("nowhere", pages, { "web/src/harbour": "../../submodule/exports" })).toEqual([
    "./harbour/Berth.json: link web/src/harbour",
  ]);
});

it("follows a link that leads somewhere", async () => {
  const all = { ...pages, "shared/Berth.json": "{}" };
  expect(await absent("somewhere", all, { "web/src/harbour": "../../shared" })).toEqual([]);
});

it("asks for a package only where a lock file says what is there", async () => {
  const all = { ...pages, "web/src/index.js": 'import chart from "harbour-charts";\nchart();\n' };
  expect(await absent("unlocked", all)).toEqual([]);
  expect(await absent("locked", { ...all, "web/package-lock.json": "{}" })).toEqual([
    "harbour-charts: package harbour-charts",
  ]);
  const brought = '{"packages": {"node_modules/harbour-charts": {}}}';
  expect(await absent("brought", { ...all, "package-lock.json": brought })).toEqual([]);
});

it("says nothing where a script may write sources first", async () => {
  const manifest =
    '{"scripts": {"prebuild": "node tools/make.js", "build": "react-scripts build"}, "dependencies": {"react-scripts": "5.0.1"}}';
  expect(await absent("made", { ...pages, "web/package.json": manifest })).toEqual([]);
});

it("ends with files that import each other", async () => {
  const all = {
    ...pages,
    "web/src/index.js": 'import { tide } from "./tide";\ntide();\n',
    "web/src/tide.js": 'import "./index";\nimport "./gone";\n',
  };
  expect(await absent("circle", all)).toEqual(["./gone: absent web/src/gone"]);
});

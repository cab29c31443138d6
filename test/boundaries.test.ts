import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { checkBoundaries } from "../tools/boundaries.ts";

const trees: string[] = [];
afterEach(() => {
  for (const tree of trees.splice(0)) rmSync(tree, { recursive: true });
});

function check(files: Record<string, string>): readonly string[] {
  const tree = mkdtempSync(join(tmpdir(), "boundaries-"));
  trees.push(tree);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  }
  return checkBoundaries(tree).violations;
}

it("holds for this project", () => {
  const { modules, violations } = checkBoundaries(new URL("../src", import.meta.url).pathname);
  expect(violations).toEqual([]);
  expect(modules).toBeGreaterThan(50);
});

it("accepts arrows that point down", () => {
  expect(
    check({
      "core/a.ts": "export const a = 1;",
      "formats/yaml.ts":
        'import { parse } from "yaml";\nimport { a } from "../core/a.ts";\nexport const b = parse(String(a));',
      "rules/rule.ts": "export type R = 1;",
      "rules/x/z.ts": 'import type { R } from "../rule.ts";\nexport default 1 as R;',
      "rules/x/y.ts": 'import type { A } from "../../core/a.ts";\nexport default 1 as unknown as A;',
      "rules/registry.generated.ts": 'import y from "./x/y.ts";\nexport const rules = [y];',
      "cli/main.ts":
        'import { readFile } from "node:fs/promises";\nconst m = () => import("../rules/registry.generated.ts");\nexport { m, readFile };',
    }),
  ).toEqual([]);
});

it.each([
  [
    "an arrow that runs back",
    "core/a.ts",
    'import "../formats/yaml.ts";',
    "core stands below or beside formats",
  ],
  ["a back arrow of types", "core/a.ts", 'import type { X } from "../stack/stack.ts";', "core stands below"],
  [
    "a back arrow by export",
    "formats/a.ts",
    'export { x } from "../stack/stack.ts";',
    "formats stands below",
  ],
  [
    "a back arrow by dynamic import",
    "formats/a.ts",
    'export const x = () => import("../stack/x.ts");',
    "formats stands below",
  ],
  ["a rule that imports a rule", "rules/a/b.ts", 'import "../c/d.ts";', "a rule imports no rule"],
  [
    "a rule that reads files",
    "rules/a/b.ts",
    'import { readFileSync } from "node:fs";',
    "node:fs belongs to",
  ],
  [
    "a reporter that knows the stack",
    "reporters/a.ts",
    'import "../stack/stack.ts";',
    "reporters may import core alone",
  ],
  [
    "a runner that knows the rules",
    "audit/a.ts",
    'import "../rules/registry.generated.ts";',
    "audit takes rules as an argument",
  ],
  ["a second door", "stack/a.ts", 'import { parse } from "yaml";', "the door of yaml is another module"],
  ["a library without a door", "formats/a.ts", 'import x from "left-pad";', "left-pad has no door"],
  ["a library in core", "core/a.ts", 'import x from "yaml";', "core has no dependency"],
  ["a folder of no layer", "helpers/a.ts", 'import "../core/a.ts";', "helpers has no layer"],
  ["a way out", "core/a.ts", 'import "../../elsewhere.ts";', "it leaves src"],
  ["a module that cannot be read", "core/a.ts", "import {", "core/a.ts cannot be read"],
])("refuses %s", (_, path, text, complaint) => {
  expect(check({ [path]: text }).join("\n")).toContain(complaint);
});

it("does not pass for having read nothing", () => {
  expect(check({ "core/readme.md": "" })).toEqual(["there are no modules to read"]);
});

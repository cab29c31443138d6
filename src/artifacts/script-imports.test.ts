import { expect, test } from "vitest";
import { scriptImports } from "./script-imports.ts";

const kept = (path: string, text: string) =>
  scriptImports({ path, text }).flatMap(each => (each.isKept() ? [each.module] : []));

test("statements of every form, each with its place", () => {
  const text = `'use client'
import "./styles.css";
import a from './a';
import b, { c as d, type E } from "./b";
import * as f from "./f";
import {
  g, // the first
  h,
} from "./g";
export * from "./i";
export { j } from "./j";
import type { K } from "./k";
export type { L } from "./l";
const m = lazy(() => import(/* webpackChunkName: "m" */ "./m"));
`;
  const all = scriptImports({ path: "src/x.js", text });
  expect(all.map(each => each.module)).toEqual([
    "./styles.css",
    "./a",
    "./b",
    "./f",
    "./g",
    "./i",
    "./j",
    "./m",
  ]);
  for (const { module, at } of all) expect(text.slice(at.span.start, at.span.end)).toBe(module);
});

test("comments, texts and declarations are none", () => {
  const text = `// import a from "./a";
/*
import b from "./b";
*/
  import c from "./c";
const d = 'import e from "./e"';
// lazy(() => import("./f"));
declare module "./g" {}
export const h = "./h";
type I = typeof import("./i");
let j: import("./j").J;
const shown = \`
import { l } from "./l";
\`;
`;
  expect(kept("src/x.ts", text)).toEqual([]);
  expect(kept("src/x.d.ts", 'import k from "./k";\nk();\n')).toEqual([]);
});

test.each([
  ["called", "price(3)", true],
  ["asked for a member", "price.of(3)", true],
  ["an element", "return <price />", true],
  ["handed to an element", "return <Row of={price} />", true],
  ["a type", "let a: price;", false],
  ["an argument of a type", "useState<price>(1); let a: Array<price>;", false],
  ["a member of something else", "shop.price(3)", false],
  ["never used", "", false],
])("TypeScript keeps what is %s: %s is %s", (_, use, wanted) => {
  const text = `import { price } from "./price";\n${use}\n`;
  expect(kept("src/x.tsx", text)).toEqual(wanted ? ["./price"] : []);
  expect(kept("src/x.jsx", text)).toEqual(["./price"]);
});

test("a long line without an end is read in no time", () => {
  const text = `import {${" a,".repeat(200_000)}\n`.repeat(3);
  const since = performance.now();
  scriptImports({ path: "src/x.ts", text });
  expect(performance.now() - since).toBeLessThan(2_000);
});

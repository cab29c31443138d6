import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { claims } from "../src/claims/claims.ts";
import { parsePage } from "../src/pages/page.ts";
import { rules } from "../src/rules/registry.generated.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter(path =>
  path.endsWith(".ts"),
);

/** Programs are written as they are called. */
const start = "(?:[A-Z`]|\\.?(?:nginx|npm|curl|dockerignore)\\b)";

describe.each(rules.map(rule => [rule.id, rule] as const))("%s", (id, rule) => {
  it("says what it promises and what breaks", () => {
    expect(rule.title).toMatch(new RegExp(`^${start}.*[^.]$`));
    expect(rule.why).toMatch(new RegExp(`^${start}[\\s\\S]*\\.$`));
    expect(claims.map(claim => claim.id)).toContain(rule.claim);
  });

  it("has a page with bad and good examples", () => {
    const path = join(root, `src/rules/${id}.md`);
    expect(existsSync(path), `${path} is missing`).toBe(true);
    const page = parsePage(readFileSync(path, "utf8"));
    expect(page.title).not.toBe("");
    expect(new Set(page.sections.map(section => section.verdict))).toEqual(new Set(["bad", "good"]));
  });

  it("is short", () => {
    expect(linesOf(`rules/${id}.ts`)).toBeLessThanOrEqual(150);
  });
});

it("has one rule per id, in an area that is a plain word", () => {
  expect(new Set(rules.map(rule => rule.id)).size).toBe(rules.length);
  for (const { id } of rules) expect(id).toMatch(/^[a-z]+\/[a-z0-9-]+$/);
});

it("has a rule for every claim that paper can refute", () => {
  // How much load a stack carries is for a drill alone.
  const unruled = claims.filter(claim => !rules.some(rule => rule.claim === claim.id)).map(claim => claim.id);
  expect(unruled.filter(id => id !== "meets-its-load")).toEqual([]);
});

it("states claims as sentences, once each", () => {
  expect(new Set(claims.map(claim => claim.id)).size).toBe(claims.length);
  for (const { promise, decidedBy } of claims) {
    expect(promise).toMatch(/^[A-Z].*\.$/);
    expect(decidedBy).toMatch(/^[A-Z].*\.$/);
  }
});

it("holds a claim on paper by rules of that claim that can see it kept", () => {
  const cannot = claims.flatMap(({ id, onPaper = [] }) =>
    onPaper.filter(name => {
      const rule = rules.find(each => each.id === name);
      return (
        rule?.claim !== id || !readFileSync(join(root, `src/rules/${name}.ts`), "utf8").includes("kept:")
      );
    }),
  );
  expect(cannot).toEqual([]);
});

it("keeps every file short, and the runners shorter", () => {
  const long = sources.filter(path => linesOf(path) > (/\.generated\.ts$/.test(path) ? Infinity : 400));
  expect(long).toEqual([]);
  expect(linesOf("audit/audit.ts")).toBeLessThanOrEqual(100);
});

it("has no page without a rule", () => {
  const pages = readdirSync(join(root, "src/rules"), { recursive: true, encoding: "utf8" }).filter(path =>
    path.endsWith(".md"),
  );
  expect(pages.filter(path => !existsSync(join(root, "src/rules", path.replace(/\.md$/, ".ts"))))).toEqual(
    [],
  );
});

it("exports what is promised, and no more", async () => {
  const api = await import("../src/index.ts");
  expect(Object.keys(api).sort()).toEqual([
    "UserError",
    "auditProject",
    "claims",
    "openWorkspace",
    "projectFiles",
    "rules",
  ]);
});

it("has changelog fragments of one sentence", () => {
  for (const name of readdirSync(join(root, "changelog"))) {
    if (name === "README.md") continue;
    expect(name).toMatch(/^(new|changed|fixed|removed)-[a-z0-9-]+\.md$/);
    expect(readFileSync(join(root, "changelog", name), "utf8").trim()).toMatch(/^\S.*\.$/);
  }
});

it("numbers its decisions", () => {
  const names = readdirSync(join(root, "docs/adr"));
  for (const name of names) {
    expect(name).toMatch(/^\d{4}-[a-z0-9-]+\.md$/);
    const text = readFileSync(join(root, "docs/adr", name), "utf8");
    expect(text.split("\n").length, `${name} is longer than a page`).toBeLessThan(70);
  }
  expect(new Set(names.map(name => name.slice(0, 4))).size).toBe(names.length);
});

function linesOf(path: string): number {
  return readFileSync(join(root, "src", path), "utf8").split("\n").length - 1;
}

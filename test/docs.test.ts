import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { formats } from "../src/cli/formats.ts";
import { severities } from "../src/core/finding.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const pages = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter(path => path.endsWith(".md"))
    .map(path => join("docs", path)),
];
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const links = (path: string): string[] =>
  [...read(path).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(found => found[1]!);

it("has no link that leads nowhere", () => {
  const broken = pages.flatMap(page =>
    links(page)
      .filter(link => !/^[a-z]+:/.test(link))
      .filter(link => !existsSync(join(root, dirname(page), link)))
      .map(link => `${page}: ${link}`),
  );
  expect(broken).toEqual([]);
});

it("has an index that leads to every page", () => {
  const top = readdirSync(join(root, "docs")).filter(name => name !== "index.md");
  const named = links("docs/index.md").map(link => link.split("/")[0]);
  expect(top.filter(name => !named.includes(name))).toEqual([]);
});

it("documents every format and severity", () => {
  const index = read("docs/index.md");
  for (const name of [...formats, ...severities])
    expect(index).toMatch(new RegExp(`^\\| \`?${name}\`? \\|`, "m"));
});

import { describe, expect, it } from "vitest";
import { parsePage } from "./page.ts";
import { pageFiles } from "./page-files.ts";
import { renderPage } from "./render.ts";

const page = `# A crashed service comes back

Prose with a fence that is no file:

\`\`\`yaml
restart: always
\`\`\`

## Bad (high): no restart policy

Words.

\`\`\`yaml compose.yml
services:
  web:
  ^^^ no \`restart\` key
    image: web
           ^^^
\`\`\`
\`\`\`yaml compose.yml fixed
services:
  web:
    restart: unless-stopped
    image: web
\`\`\`
\`\`\`text .env ignored
A=1
\`\`\`
\`\`\`text media/
\`\`\`

## When to accept it

\`\`\`yaml other.yml
not: part
\`\`\`

## Good: it has one

\`\`\`yaml compose.yml untracked
services: {}
\`\`\`
`;

describe("parsePage", () => {
  const { title, sections } = parsePage(page);

  it("reads sections, files and flags", () => {
    expect(title).toBe("A crashed service comes back");
    expect(
      sections.map(({ verdict, title: about, severity, line }) => [verdict, about, severity, line]),
    ).toEqual([
      ["bad", "no restart policy", "high", 9],
      ["good", "it has one", undefined, 38],
    ]);
    expect(sections[0]!.files.map(({ path, ignored, directory }) => [path, ignored, directory])).toEqual([
      ["compose.yml", false, false],
      [".env", true, false],
      ["media/", false, true],
    ]);
    expect(sections[1]!.files[0]).toMatchObject({ untracked: true });
  });

  it("reads that all places are one finding", () => {
    const text = "## Bad (high, one finding): x\n```yaml a.yml\na\n^\n```\n";
    expect(parsePage(text).sections[0]).toMatchObject({ severity: "high", once: true, title: "x" });
    expect(sections[0]!.once).toBeUndefined();
  });

  it("takes the carets out and reads what they mark", () => {
    expect(sections[0]!.files[0]!.text).toBe("services:\n  web:\n    image: web\n");
    expect(sections[0]!.files[0]!.fixed).toContain("restart: unless-stopped");
    expect(sections[0]!.expected).toEqual([
      { file: "compose.yml", line: 2, column: 3, endColumn: 6, words: "no `restart` key" },
      { file: "compose.yml", line: 3, column: 12, endColumn: 15, words: "" },
    ]);
  });

  it.each([
    ["## Bad: x\n```yaml a.yml\na: 1\n", "does not end"],
    ["## Bad: x\n", "names no file"],
    ["## Bad: x\n```yaml a.yml\na: 1\n```\n", "marks no evidence"],
    ["## Good: x\n```yaml a.yml\na: 1\n^\n```\n", "has no evidence"],
    ["## Bad: x\n```yaml a.yml\n^\n```\n", "stand under no line"],
    ["## Bad (huge): x\n```yaml a.yml\na\n^\n```\n", "is no severity"],
    ["## Bad x\n", 'write "## Bad: ..."'],
    ["## Good: x\n```yaml a.yml fxied\na\n```\n", "is none of"],
    ["## Good: x\n```yaml a.yml\na\n```\n```yaml a.yml\na\n```\n", "is there already"],
  ])("refuses %j", (text, message) => expect(() => parsePage(text)).toThrow(message));
});

it("makes a project in memory", () => {
  const files = pageFiles(parsePage(page).sections[0]!.files);
  expect(files.paths).toEqual([".env", "compose.yml"]);
  expect([files.has("media"), files.has("./compose.yml"), files.has("absent"), files.has("")]).toEqual([
    "directory",
    "file",
    undefined,
    "directory",
  ]);
  expect([files.tracked("compose.yml"), files.tracked(".env"), files.ignored(".env")]).toEqual([
    true,
    false,
    true,
  ]);
  expect(files.list("")).toEqual([".env", "compose.yml", "media"]);
  expect("problem" in files.read("absent")).toBe(true);
});

it("prints as written for a pipe, and lightly for a terminal", () => {
  expect(renderPage(page, false)).toBe(page);
  const drawn = renderPage(page, true);
  expect(drawn).not.toContain("```");
  expect(drawn).toContain("\u001b[1mA crashed service comes back\u001b[0m");
});

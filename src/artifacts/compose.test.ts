import { describe, expect, it } from "vitest";
import { composeFile } from "./compose.ts";

const parse = (path: string, text: string) => composeFile.parse({ path, text });

describe("recognises", () => {
  it.each([
    "docker-compose.yml",
    "compose.yaml",
    "a/docker-compose.prod.yml",
    "compose.override.yml",
    "app.compose.yml",
    "docker-stack.yml",
    "production.yml",
  ])("%s", path => {
    expect(composeFile.recognises(path)).toBe(true);
  });
  it.each([
    "compose.json",
    ".github/workflows/production.yml",
    "config/locales/production.yml",
    "composer.yml",
    "decompose.yml.md",
  ])("not %s", path => {
    expect(composeFile.recognises(path)).toBe(false);
  });
});

describe("a name that may mean anything is judged by its content", () => {
  it("is Compose when services have an image or a build", () => {
    expect(parse("production.yml", "services:\n  web:\n    build: .\n").model.isCompose).toBe(true);
  });
  it("is not for another use of the word, and then nothing is said of its syntax", () => {
    const other = parse("staging.yml", "services:\n  - name: {{ broken\n");
    expect([other.model.isCompose, other.problems]).toEqual([false, []]);
  });
});

it("says what is wrong with the top level and with services", () => {
  expect(parse("compose.yml", "- a\n").problems[0]!.message).toContain("mapping");
  expect(parse("compose.yml", "services: [a]\n").problems[0]!.message).toContain("mapping of service names");
});

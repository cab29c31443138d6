import { describe, expect, it } from "vitest";
import { applyEdits } from "../core/edit.ts";
import { evaluateEnv, parseDotenv } from "./dotenv.ts";
import { appendLines, appendParagraph, assignment } from "./dotenv-edit.ts";

const appended = (text: string | undefined, ...lines: string[]) => {
  const source = text === undefined ? undefined : { path: ".env", text };
  return applyEdits(text ?? "", [appendLines(".env", source, lines)]);
};

describe("appendLines", () => {
  it("keeps the file's line ends and creates what is absent", () => {
    expect(appended(undefined, "A=1")).toBe("A=1\n");
    expect(appended("A=1\n", "B=2")).toBe("A=1\nB=2\n");
    expect(appended("A=1", "B=2", "C=3")).toBe("A=1\nB=2\nC=3\n");
    expect(appended("A=1\r\n", "B=2")).toBe("A=1\r\nB=2\r\n");
  });
});

it("appends a paragraph behind a blank line, and behind one only", () => {
  const after = (text: string) =>
    applyEdits(text, [appendParagraph(".env", { path: ".env", text }, ["B=2"])]);
  expect(after("")).toBe("B=2\n");
  expect(after("A=1\n")).toBe("A=1\n\nB=2\n");
  expect(after("A=1\n\n")).toBe("A=1\n\nB=2\n");
  expect(after("A=1")).toBe("A=1\n\nB=2\n");
  expect(after("A=1\r\n")).toBe("A=1\r\n\r\nB=2\r\n");
});

describe("assignment", () => {
  it.each(["plain", "p4$$w0rd", "a b", 'say "x"', "with#hash", "$HOME", ""])("is read back: %s", value => {
    const { model } = parseDotenv({ path: ".env", text: `${assignment("A", value)}\n` });
    expect(evaluateEnv(model, () => undefined).get("A")).toBe(value);
  });

  it("gives up on what quotes cannot hold", () => {
    expect(assignment("A", "it's")).toBeUndefined();
    expect(assignment("A", "a\nb")).toBeUndefined();
  });
});

import { expect, it } from "vitest";
import { applyEdits } from "../core/edit.ts";
import { addPair, rootOf } from "./yaml-edit.ts";

/** The text with a key more. */
function added(text: string): string | undefined {
  const source = { path: "compose.yml", text };
  const root = rootOf(source);
  const edit = root?.kind === "map" ? addPair(source, root, ["new: 1"]) : undefined;
  return edit && applyEdits(text, [edit]);
}

it("leaves a comment with the value that it is about", () => {
  expect(added("volumes:\n  - data:/data\n  # or a folder:\n  # - ./data:/data\n# The end.\n")).toBe(
    "volumes:\n  - data:/data\n  # or a folder:\n  # - ./data:/data\nnew: 1\n# The end.\n",
  );
});

it("stands before a comment that is about what follows", () => {
  expect(added("a: 1\n# About b.\n")).toBe("a: 1\nnew: 1\n# About b.\n");
  expect(added("a:\n  b: 1\n\n  # Apart.\n")).toBe("a:\n  b: 1\nnew: 1\n\n  # Apart.\n");
  expect(added("a:\r\n  b: 1\r\n  # Of b.\r\n")).toBe("a:\r\n  b: 1\r\n  # Of b.\r\nnew: 1\r\n");
});

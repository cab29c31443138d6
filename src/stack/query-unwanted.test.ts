import { expect, test } from "vitest";
import { unwanted } from "./query-unwanted.ts";
import type { Build, Stack } from "./stack.ts";

/** A tree in which git ignores every `.env`, and none stands. */
function stack(directory: string): Stack {
  const files = { ignored: (path: string) => path.endsWith(".env"), has: () => undefined };
  return { files, services: [], envFiles: [], projects: [{ directory }] } as unknown as Stack;
}

const build = { context: "api", caller: { kind: "compose", name: "api" } } as unknown as Build;

test("an ignored .env where Compose reads one is there by design", () => {
  expect(unwanted(stack("api"), [build])).toEqual([{ name: "api/.env", secret: true }]);
});

test("an ignored .env elsewhere is there for nobody to know", () => {
  expect(unwanted(stack(""), [build])).toEqual([{ name: "any api/.env", secret: false }]);
});

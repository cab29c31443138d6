import { expect, it } from "vitest";
import { runbooks } from "./runbooks.ts";

it("takes the README of the root and the pages on operating", () => {
  expect(
    runbooks([
      "README.md",
      "docs/README.md",
      "docs/deployment.md",
      "docs/deploy/overview.md",
      "docs/colours.md",
      "ops/Restore.md",
      "deploy.sh",
    ]),
  ).toEqual(["README.md", "docs/deployment.md", "ops/Restore.md", "docs/deploy/overview.md"]);
});

it("reads a dozen pages at most", () => {
  expect(runbooks(Array.from({ length: 40 }, (_, n) => `docs/deploy-${n}.md`))).toHaveLength(12);
});

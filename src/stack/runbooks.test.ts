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

it("takes the page on self-hosting", () => {
  expect(runbooks(["SELF-HOSTING.md", "docs/selfhost.md", "docs/hosts.md"])).toEqual([
    "SELF-HOSTING.md",
    "docs/selfhost.md",
  ]);
});

it("reads translations of the README last", () => {
  const translations = ["de", "fr", "ko-KR", "zh_CN"].map(name => `README.${name}.md`);
  expect(
    runbooks(["README.md", ...translations, "docs/DEPLOYMENT.md", "ops/restore/all.md"]).slice(0, 3),
  ).toEqual(["README.md", "docs/DEPLOYMENT.md", "ops/restore/all.md"]);
});

it("reads a dozen pages at most", () => {
  expect(runbooks(Array.from({ length: 40 }, (_, n) => `docs/deploy-${n}.md`))).toHaveLength(12);
});

it("reads the pages on setting a server up before the others that speak of production", () => {
  const others = Array.from({ length: 20 }, (_, n) => `docs/modules/${n}-production-readiness.md`);
  expect(runbooks([...others, "docs/INSTALL_DEBIAN.md", "docs/runbooks/00-deploy.md"]).slice(0, 2)).toEqual([
    "docs/INSTALL_DEBIAN.md",
    "docs/runbooks/00-deploy.md",
  ]);
});

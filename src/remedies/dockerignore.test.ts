import fc from "fast-check";
import { expect, it } from "vitest";
import { isIgnored, parseDockerignore } from "../formats/dockerignore.ts";
import { pageFiles } from "../pages/page-files.ts";
import { dockerignoreText } from "./dockerignore.ts";

const file = (path: string, ignored = false) => ({
  path,
  text: "",
  ignored,
  untracked: false,
  directory: false,
});
const rulesOf = (text: string) => parseDockerignore({ path: ".dockerignore", text }).model;

it("hides secrets, history and what a build makes", () => {
  const rules = rulesOf(
    dockerignoreText(pageFiles([file("package.json"), file("app/main.py"), file("web/index.js")]), ""),
  );
  for (const path of [
    ".git/config",
    "api/.env",
    ".env.production",
    "node_modules/x/y.js",
    "web/node_modules/x",
    "key.pem",
    "app/__pycache__/a.pyc",
  ])
    expect([path, isIgnored(rules, path).ignored]).toEqual([path, true]);
});

it("keeps the settings of a bundle that git tracks", () => {
  const files = pageFiles([file("package.json"), file(".env.production")]);
  expect(isIgnored(rulesOf(dockerignoreText(files, "", { bundles: true })), ".env.production").ignored).toBe(
    false,
  );
  expect(isIgnored(rulesOf(dockerignoreText(files, "")), ".env.production").ignored).toBe(true);
});

it("never hides source that git tracks, whatever it is called", () => {
  const name = fc.constantFrom(
    "dist",
    "build",
    "coverage",
    "venv",
    "src",
    "a.log",
    "backups",
    "x.dump",
    "staticfiles",
    "main.py",
    "package.json",
    "index.js",
  );
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map(parts => parts.join("/"));
  fc.assert(
    fc.property(fc.uniqueArray(path, { minLength: 1, maxLength: 8 }), paths => {
      const rules = rulesOf(dockerignoreText(pageFiles(paths.map(each => file(each))), ""));
      for (const each of paths) expect([each, isIgnored(rules, each).ignored]).toEqual([each, false]);
    }),
  );
});

it("lets in what a Dockerfile names", () => {
  const files = pageFiles([file("api/compose.yml"), file("api/certs/ca.pem")]);
  const rules = rulesOf(dockerignoreText(files, "api", { needed: ["api/certs/ca.pem", "api/compose.yml"] }));
  expect(isIgnored(rules, "certs/ca.pem").ignored).toBe(false);
  expect(isIgnored(rules, "compose.yml").ignored).toBe(false);
});

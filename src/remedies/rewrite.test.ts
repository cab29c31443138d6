import { expect, test } from "vitest";
import { applyFixes } from "../fix/apply.ts";
import { pageFiles } from "../pages/page-files.ts";
import { link } from "../stack/link.ts";
import { rewriteDockerfile } from "./rewrite.ts";

const file = (path: string, text: string) => ({
  path,
  text,
  ignored: false,
  untracked: false,
  directory: false,
});

const project = (dockerfile: string) => [
  file("compose.yml", "services:\n  api:\n    build: .\n    ports: ['80:4000']\n"),
  file("Dockerfile", dockerfile),
  file(
    "package.json",
    '{"name":"api","scripts":{"start":"node server.js"},"dependencies":{"express":"5.1.0"}}',
  ),
  file(
    "package-lock.json",
    '{"name":"api","lockfileVersion":3,"packages":{"":{"dependencies":{"express":"5.1.0"}},"node_modules/express":{"version":"5.1.0"}}}',
  ),
  file(
    "server.js",
    'import express from "express";\nexpress().get("/health", (q, r) => r.send("ok")).listen(4000);\n',
  ),
];

async function rewritten(dockerfile: string): Promise<string | undefined> {
  const files = project(dockerfile);
  const stack = await link(pageFiles(files));
  const [build] = stack.builds;
  const fix = build && rewriteDockerfile(stack, [build]);
  return (
    fix && applyFixes(path => files.find(each => each.path === path)?.text, [fix]).changed.get("Dockerfile")
  );
}

const old =
  "# syntax=docker/dockerfile:1\nFROM node:24-slim\n# ask Ada before you change this\nCOPY absent /app\n";

test("a Dockerfile that is written anew keeps what people noted", async () => {
  const text = await rewritten(old);
  expect(text).toContain("# ask Ada before you change this\n");
});

test("a Dockerfile that is written anew keeps its program for signals and its line for the builder", async () => {
  const text = await rewritten(`${old}ENTRYPOINT ["/usr/bin/dumb-init", "--"]\nCMD ["node", "server.js"]\n`);
  expect(text).toMatch(/^# syntax=docker\/dockerfile:1\n/);
  expect(text).toContain("--no-install-recommends dumb-init ");
  expect(text).toContain('ENTRYPOINT ["dumb-init", "--"]\nCMD ["node", "server.js"]\n');
});

test("a Dockerfile that is written anew keeps its line ends", async () => {
  const text = await rewritten(old.replaceAll("\n", "\r\n"));
  expect(
    text
      ?.split("\n")
      .slice(0, -1)
      .filter(line => !line.endsWith("\r")),
  ).toEqual([]);
});

test("the browser's code is built with what the service had for the program alone", async () => {
  const files = [
    file(
      "compose.yml",
      "services:\n  web:\n    build:\n      context: .\n    environment:\n      NEXT_PUBLIC_API_URL: https://api.shop.example\n      LOG_LEVEL: info\n",
    ),
    file("Dockerfile", "FROM node:24-slim\nCOPY absent /app\n"),
    file(
      "package.json",
      '{"name":"web","scripts":{"build":"next build","start":"next start"},"dependencies":{"next":"15.5.4","react":"19.1.1"}}',
    ),
    file("package-lock.json", '{"name":"web","lockfileVersion":3,"packages":{"":{}}}'),
    file("pages/index.js", "export default () => process.env.NEXT_PUBLIC_API_URL;\n"),
  ];
  const stack = await link(pageFiles(files));
  const fix = rewriteDockerfile(stack, [stack.builds[0]!]);
  const { changed } = applyFixes(path => files.find(each => each.path === path)?.text, [fix!]);
  expect(changed.get("Dockerfile")).toContain("ARG NEXT_PUBLIC_API_URL\n");
  expect(changed.get("compose.yml")).toContain(
    "      context: .\n      args:\n        NEXT_PUBLIC_API_URL: https://api.shop.example\n    environment:",
  );
});

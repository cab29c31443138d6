import { describe, expect, test } from "vitest";
import { buildsIn, scriptsIn, workflow } from "./workflow.ts";

const path = ".github/workflows/release.yml";
const parse = (text: string) => workflow.parse({ path, text });
const steps = (text: string) =>
  parse(`on: push\njobs:\n  j:\n    runs-on: x\n    steps:\n${text.replace(/^/gm, "      ")}\n`).model
    .jobs[0]!.steps;

test("knows its triggers, permissions, concurrency and jobs", () => {
  const { model, problems } = parse(`name: Release
on:
  push: { branches: [main, 'rel/**'], paths-ignore: docs }
  workflow_dispatch: { inputs: { host: { required: true } } }
  schedule: [{ cron: '0 3 * * *' }]
permissions: read-all
concurrency: { group: "deploy-\${{ github.ref }}", cancel-in-progress: true }
jobs:
  test:
    runs-on: [self-hosted, linux]
    services:
      db: { image: 'postgres:16', ports: ['5432:5432'], env: { POSTGRES_PASSWORD: ci } }
    permissions: { contents: read, packages: write }
  ship:
    needs: test
    environment: { name: production, url: https://shop.example }
    uses: ./.github/workflows/ship.yml
    secrets: inherit
  far: { uses: acme/flows/.github/workflows/scan.yml@v2, with: { level: high } }
`);
  expect(problems).toEqual([]);
  expect(model.triggers.map(({ event, branches }) => [event, ...branches.map(({ value }) => value)])).toEqual(
    [["push", "main", "rel/**"], ["workflow_dispatch"], ["schedule"]],
  );
  expect(model.triggers[1]!.inputs.map(({ value }) => value)).toEqual(["host"]);
  expect(model.permissions?.all).toBe("read-all");
  expect(model.concurrency).toMatchObject({ cancelInProgress: true });
  const [check, ship, far] = model.jobs;
  expect(check).toMatchObject({
    id: { value: "test" },
    services: [{ name: { value: "db" }, image: { value: "postgres:16" } }],
    checksOut: false,
  });
  expect(check!.permissions!.scopes.get("packages")?.value).toBe("write");
  expect(ship).toMatchObject({
    needs: [{ value: "test" }],
    environment: { name: { value: "production" } },
    secrets: "inherit",
    uses: { kind: "local", path: ".github/workflows/ship.yml" },
  });
  expect(far!.uses).toMatchObject({
    kind: "remote",
    repository: "acme/flows",
    path: ".github/workflows/scan.yml",
    ref: "v2",
    pinned: false,
  });
  expect(parse("on: push\njobs: {}").model.triggers).toMatchObject([{ event: "push" }]);
  expect(parse("on: [push, pull_request]\njobs: {}").model.triggers).toHaveLength(2);
});

describe("steps", () => {
  test("commands keep their places, expressions do not disturb", () => {
    const text = `on: push
env: { FILE: prod.yml }
jobs:
  j:
    defaults: { run: { working-directory: app } }
    steps:
      - run: |
          if [ \${{ job.status }} == 'ok' ]; then
            docker compose -f \${{ env.FILE }} -f $FILE up -d
          fi
      - run: echo "\${{ github.event.issue.title }}" '\${{ secrets['TOKEN'] }}'
        working-directory: \${{ inputs.dir }}
        shell: bash
`;
    const { model, problems } = parse(text);
    expect(problems).toEqual([]);
    const [up, echo] = [...scriptsIn(model)];
    const compose = up!.calls.find(call => call.kind === "compose")!;
    expect(text.slice(compose.at.span.start)).toMatch(/^docker compose/);
    expect(compose).toMatchObject({ cwd: "app", files: [{ value: "prod.yml" }, { value: "prod.yml" }] });
    expect(echo!.cwd).toBeUndefined();
    expect([up!.step.run!.errexit, up!.step.run!.pipefail, echo!.step.run!.pipefail]).toEqual([
      true,
      false,
      true,
    ]);
    expect(echo!.step.run!.expressions.flatMap(({ contexts }) => contexts)).toEqual([
      "github.event.issue.title",
      "secrets.TOKEN",
    ]);
    expect(text.slice(echo!.step.run!.expressions[1]!.at.span.start)).toMatch(/^\$\{\{ secrets/);
  });

  test("scripts in another language are not read as shell", () => {
    const [step] = steps("- run: print(1)\n  shell: python");
    expect(step).toMatchObject({ calls: [], run: { script: undefined } });
  });

  test("a heredoc that an indented delimiter never ends is a problem of the file", () => {
    const { problems } = parse(
      "on: push\njobs:\n  j:\n    steps:\n      - run: |\n          case $1 in\n          a)\n            ssh h <<'EOF'\n              up\n            EOF\n            ;;\n          esac\n",
    );
    expect(problems[0]?.message).toContain("EOF never ends");
  });

  test("actions that deploy or build stand for calls", () => {
    const all = steps(`- uses: acme/checkout@0123456789012345678901234567890123456789
- uses: appleboy/ssh-action@v1
  with:
    host: x
    script: |
      cd /srv/app
      docker compose up -d
- uses: appleboy/scp-action@v0.1.7
  with: { source: "compose.yml,conf", target: /srv/app, rm: true }
- uses: docker/build-push-action@v6
  with: { context: ./app, file: app/Dockerfile.prod, target: run, push: "\${{ github.ref == 'x' }}", tags: "a:1\\nb:2" }
- uses: docker/build-push-action@v6`);
    expect(all[0]!.uses?.pinned).toBe(true);
    expect(all[1]!.calls.at(-1)).toMatchObject({
      kind: "compose",
      remote: true,
      via: "ssh-action",
      cwd: "/srv/app",
    });
    expect(all[2]!.calls).toMatchObject([
      { kind: "remote-copy", sources: [{ value: "compose.yml" }, { value: "conf" }], deletes: true },
    ]);
    expect(all[3]!.calls).toMatchObject([
      {
        kind: "docker-build",
        context: { value: "./app" },
        file: { value: "app/Dockerfile.prod" },
        push: true,
        tags: [{ value: "a:1" }, { value: "b:2" }],
      },
    ]);
    expect(all[4]!.calls).toMatchObject([{ context: { value: "." }, push: false }]);
  });

  test("builds of commands and actions are found alike", () => {
    const { model } = parse(
      "on: push\njobs:\n  j:\n    steps:\n      - uses: docker/build-push-action@v6\n      - run: docker build -f a/Dockerfile .\n",
    );
    expect([...buildsIn(model)].map(({ call }) => call.file?.value)).toEqual([undefined, "a/Dockerfile"]);
  });

  test.each([
    ["- uses: actions/checkout@v4\n- run: ls", ""],
    ["- uses: actions/checkout@v4\n  with: { path: src }\n- run: ls\n  working-directory: src/app", "app"],
    ["- uses: actions/checkout@v4\n  with: { path: src }\n- run: ls", undefined],
    [
      "- uses: actions/checkout@v4\n  with: { repository: a/b, path: b }\n- uses: actions/checkout@v4\n  with: { repository: a/c, path: c }\n- run: ls",
      undefined,
    ],
  ])("the directory is seen from the root of the repository: %j", (text, cwd) => {
    expect(steps(text).at(-1)!.cwd).toBe(cwd);
  });
});

test.each([
  "",
  "on:",
  "jobs: 1",
  "jobs: {a: }",
  "jobs: {a: [1]}",
  "on: {push: 1}\njobs: {a: {steps: [1, {run: 2}, {uses: 3}]}}",
  "- 1",
  "a: [",
  "\uFEFFjobs:\r\n  a:\r\n    steps: [{run: 'x'}]",
])("never throws: %j", text => {
  expect(() => parse(text)).not.toThrow();
});

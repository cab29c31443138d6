import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gitlabFile, gitlabPipeline } from "./gitlab-ci.ts";
import type { Job } from "./workflow.ts";

const file = (text: string, path = ".gitlab-ci.yml") => gitlabFile.parse({ path, text }).model;
const pipeline = (...texts: string[]) =>
  gitlabPipeline(
    texts.map((text, i) => file(text, i === texts.length - 1 ? ".gitlab-ci.yml" : `ci/${i}.yml`)),
    false,
  )!;
const job = (text: string, id: string): Job =>
  pipeline(text).workflow.jobs.find(each => each.id.value === id)!;
const needs = (each: Job) => each.needs.map(({ value }) => value);
const lines = (each: Job) => each.steps.map(step => step.run!.fragment.text);

test("jobs of earlier stages are what a job waits for", () => {
  const { workflow, problems } = pipeline(`
stages: [check, ship]
unit: { stage: check, script: pytest }
lint: { stage: check, script: ruff check }
image: python:3.12
deploy: { stage: ship, script: ./deploy.sh }
early: { stage: ship, needs: [], script: ls }
named: { stage: ship, needs: [{ job: unit }, lint], script: ls }
.hidden: { script: ls }
note: text
`);
  expect(problems).toEqual([]);
  expect(workflow.jobs.map(each => [each.id.value, ...needs(each)])).toEqual([
    ["unit"],
    ["lint"],
    ["deploy", "unit", "lint"],
    ["early"],
    ["named", "unit", "lint"],
  ]);
  expect(workflow.jobs[0]!.container?.image?.value).toBe("python:3.12");
});

test("before_script and script are one shell that stops at a failure, after_script is another", () => {
  const text = `
default:
  before_script: [cd app]
variables: { FILE: prod.yml, TAG: $CI_COMMIT_SHA }
deploy:
  script:
    - docker compose -f $FILE up -d
    - |
      cd "$CI_PROJECT_DIR"
      docker build -t shop:$TAG .
  after_script:
    - docker compose logs
`;
  const ship = job(text, "deploy");
  expect(lines(ship)).toEqual([
    'cd app\ndocker compose -f $FILE up -d\ncd "$CI_PROJECT_DIR"\ndocker build -t shop:$TAG .\n\n',
    "docker compose logs\n",
  ]);
  expect(ship.steps[0]!.run).toMatchObject({ errexit: true, pipefail: true });
  const [up, build] = ship.steps[0]!.calls.filter(call => call.name !== "cd");
  expect(up).toMatchObject({ kind: "compose", cwd: "app", files: [{ value: "prod.yml" }] });
  expect(text.slice(up!.at.span.start, up!.at.span.end)).toBe("docker compose -f $FILE up -d");
  expect(build).toMatchObject({ kind: "docker-build", cwd: "" });
  expect(text.slice(build!.at.span.start, build!.at.span.end)).toBe("docker build -t shop:$TAG .");
  expect(ship.steps[1]).toMatchObject({ continueOnError: true, cwd: "" });
});

test("extends, anchors and references give a job its lines", () => {
  const text = `
.setup: { before_script: [login], variables: { A: one, B: one } }
.deploy: { extends: .setup, stage: deploy, variables: { B: two }, script: [up] }
.lines: &lines [first, second]
plain: { extends: .deploy }
over: { extends: [.deploy], script: [!reference [.deploy, script], *lines, last] }
none: { extends: .elsewhere, script: ls }
nothing: { extends: .elsewhere, stage: deploy }
`;
  const { workflow } = pipeline(text);
  expect(workflow.incomplete).toBe(true);
  expect(workflow.jobs.map(each => each.id.value)).toEqual(["plain", "over", "none"]);
  // When it runs is told by what lies elsewhere.
  expect(workflow.jobs[2]!.triggers).toEqual([]);
  expect(lines(workflow.jobs[0]!)).toEqual(["login\nup\n"]);
  expect(lines(workflow.jobs[1]!)).toEqual(["login\nup\nfirst\nsecond\nlast\n"]);
  expect([...workflow.jobs[0]!.env].map(([name, { value }]) => [name, value])).toEqual([
    ["A", "one"],
    ["B", "two"],
  ]);
  expect(workflow.jobs[0]!.stage?.value).toBe("deploy");
});

test("lines of several files are several steps, each with places in its own", () => {
  const { workflow } = pipeline(".base: { before_script: [cd app] }", "a: { extends: .base, script: [ls] }");
  const [first, second] = workflow.jobs[0]!.steps;
  expect([first!.run!.fragment.file, first!.cwd]).toEqual(["ci/0.yml", ""]);
  expect([second!.run!.fragment.file, second!.cwd]).toEqual([".gitlab-ci.yml", undefined]);
});

describe("what starts a job", () => {
  const events = (text: string) =>
    job(`a:\n  script: ls\n${text.replace(/^/gm, "  ")}`, "a").triggers!.map(({ event, branches, tags }) =>
      [event, ...branches.map(each => each.value), ...tags.map(each => `tag ${each.value}`)].join(" "),
    );
  test.each([
    ["tags: [x]", ["push"]],
    ["when: manual", ["workflow_dispatch"]],
    ["only: [main, tags, schedules]", ["push main", "push tag *", "schedule"]],
    ["only: { refs: [merge_requests] }", ["pull_request"]],
    ["only: { variables: [$SHIP] }", ["unknown"]],
    ['rules: [{ if: $CI_COMMIT_BRANCH == "main" }]', ["push main"]],
    [
      "rules:\n  - if: $CI_PIPELINE_SOURCE == 'merge_request_event'\n    when: never\n  - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH\n    when: manual\n  - if: $CI_COMMIT_TAG || $CI_PIPELINE_SOURCE == 'schedule'",
      ["workflow_dispatch", "push tag *", "schedule"],
    ],
    ['rules: [{ if: $CI_COMMIT_BRANCH == "main" && $SHIP == "yes" }]', ["unknown"]],
    ["rules: [{ when: on_success }]", ["push"]],
    ["when: on_failure", ["on_failure"]],
  ])("%s", (text, expected) => expect(events(text)).toEqual(expected));

  test("rules of the whole pipeline hold for jobs without any", () => {
    const { workflow } = pipeline(
      "workflow: { rules: [{ if: $CI_PIPELINE_SOURCE == 'merge_request_event' }] }\na: { script: ls }",
    );
    expect(workflow.triggers.map(each => each.event)).toEqual(["pull_request"]);
  });
});

test("resource_group, environment, services, allow_failure and the checkout", () => {
  const text = `
deploy:
  script: ls
  resource_group: production
  environment: { name: production, url: https://shop.example }
  services: [postgres:16, { name: docker:dind, alias: docker }]
  allow_failure: true
  variables: { GIT_STRATEGY: none }
  artifacts: { paths: [dist/] }
  cache: [{ paths: [node_modules] }]
stop:
  script: ls
  environment: { name: production, action: stop }
`;
  expect(job(text, "deploy")).toMatchObject({
    concurrency: { group: { value: "production" }, cancelInProgress: false },
    environment: { name: { value: "production" } },
    services: [{ image: { value: "postgres:16" } }, { image: { value: "docker:dind" } }],
    continueOnError: true,
    checksOut: false,
    kept: [{ value: "dist/" }, { value: "node_modules" }],
  });
  expect(job(text, "stop").environment).toBeUndefined();
});

test.each([
  ["include: /ci/a.yml", [["local", "ci/a.yml"]]],
  [
    "include: [{ local: a.yml }, { template: X.yml }]",
    [
      ["local", "a.yml"],
      ["template", "X.yml"],
    ],
  ],
  ["include: { project: a/b, file: c.yml }", [["elsewhere", "a/b"]]],
  ["include: https://x.example/a.yml", [["elsewhere", "https://x.example/a.yml"]]],
])("%s", (text, expected) => {
  expect(file(text).includes.map(({ kind, path }) => [kind, path])).toEqual(expected);
});

test("a header that declares inputs is no pipeline", () => {
  expect(pipeline("spec: { inputs: { a: } }\n---\nx: { script: ls }").workflow.jobs).toHaveLength(1);
});

const words = fc.constantFrom(
  ..."a: |.b: |script: |  - |extends: .b|!reference [.b, script]|&x |*x|stages: [|]|needs: |rules: |if: $CI_COMMIT_BRANCH|\n|\n  |{|}|'|\"|ls|when: manual|include: |\uFEFF|\r\n|<<: ".split(
    "|",
  ),
);

test("never throws, and every place lies in the text", () => {
  fc.assert(
    fc.property(fc.array(words, { maxLength: 40 }), parts => {
      const text = parts.join("");
      const found = gitlabPipeline([file(text)], false);
      for (const each of found?.workflow.jobs ?? [])
        for (const { calls } of each.steps)
          for (const { at } of calls) {
            expect(at.span.start).toBeGreaterThanOrEqual(0);
            expect(at.span.end).toBeGreaterThanOrEqual(at.span.start);
            expect(at.span.end).toBeLessThanOrEqual(text.length);
          }
    }),
    // A byte order mark in the middle once pushed a place past the end.
    { numRuns: 300, examples: [[["a: ", "script: ", "\ufeff", "'"]]] },
  );
});

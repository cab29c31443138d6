import { expect, test } from "vitest";
import { locate } from "../core/source.ts";
import { gitlabPipelines } from "./gitlab.ts";
import { createReader } from "./reader.ts";

const read = (contents: Record<string, string>) =>
  gitlabPipelines(
    createReader({
      root: "/srv/shop",
      paths: Object.keys(contents),
      has: path => (path in contents ? "file" : undefined),
      read: path =>
        path in contents
          ? { source: { path, text: contents[path]! } }
          : { problem: { at: locate({ path, text: "" }, 0, 0), message: "absent" } },
      list: () => [],
      tracked: () => true,
      ignored: () => false,
    }),
  );

test("included files of the repository are part of the pipeline, the main file wins", () => {
  const { workflows, gaps } = read({
    ".gitlab-ci.yml": "include: [{ local: 'ci/*.yml' }]\na: { script: [mine] }",
    "ci/a.yml": "include: /more/b.yml\na: { script: [theirs], stage: build }",
    "more/b.yml": "include: ci/a.yml\nb: { script: [ls] }",
    "ci/deep/c.yml": "c: { script: [ls] }",
  });
  expect(gaps).toEqual([]);
  expect(workflows[0]).toMatchObject({ incomplete: false, file: ".gitlab-ci.yml" });
  expect(workflows[0]!.jobs.map(job => [job.id.value, job.steps[0]!.run!.fragment.text])).toEqual([
    ["b", "ls\n"],
    ["a", "mine\n"],
  ]);
});

test("what stands elsewhere is a gap, a template of GitLab is not", () => {
  const { workflows, gaps } = read({
    ".gitlab-ci.yml":
      "include: [{ project: x/y, file: a.yml }, { template: SAST.yml }, gone.yml]\na: { script: ls }",
  });
  expect(gaps.map(gap => gap.why)).toEqual([
    "it stands outside of this repository",
    "no such file was found in this repository",
  ]);
  expect(workflows[0]!.incomplete).toBe(true);
});

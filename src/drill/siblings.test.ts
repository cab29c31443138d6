import { expect, it } from "vitest";
import type { ComposeModel } from "../core/engine.ts";
import type { LabFiles } from "../core/lab-files.ts";
import { copySiblings, siblingTrouble } from "./siblings.ts";

const there: Readonly<Record<string, string>> = {
  "web/Dockerfile": "FROM node:20\n",
  "odd/Dockerfile": "ARG A\n",
};
const files = {
  ...{ directory: "/labs/a1", copy: "/labs/a1/project" },
  copySibling: async (path: string) => path !== "absent",
  read: async (path: string) => there[path],
} as unknown as LabFiles;

const build = (context: string) => ({ build: { context } });

it("copies what is built or mounted beside the project, once, and says what is not there", async () => {
  const mount = (source: string) => ({ type: "bind", source, target: "/x" });
  const model: ComposeModel = {
    services: {
      web: { ...build("/labs/a1/web"), volumes: [mount("/labs/a1/web/conf"), mount("/labs/a1/project/x")] },
      again: build("/labs/a1/web"),
      own: build("/labs/a1/project"),
      gone: { ...build("/labs/a1/absent"), volumes: [mount("/srv/uploads")] },
      up: build("/labs/a1"),
    },
  };
  expect(await copySiblings(model, files)).toEqual([
    "../web: a copy",
    "../web/conf: a copy",
    "../absent: not there",
  ]);
});

it("knows what of it can be built", async () => {
  const of = (context: string) => siblingTrouble(build(context), files);
  expect(await of("/labs/a1/web")).toEqual({ words: undefined });
  expect((await of("/labs/a1/odd"))!.words).toBe("../odd has no FROM");
  expect((await of("/labs/a1/absent"))!.words).toMatch(/^its build context \.\.\/absent is not beside/);
  expect(await of("/labs/a1/project/api")).toBeUndefined();
  expect(await of("https://example.org/x.git")).toBeUndefined();
});

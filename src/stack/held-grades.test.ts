import { expect, test } from "vitest";
import { pageFiles } from "../pages/page-files.ts";
import { link } from "./link.ts";

const compose = (name: string, more = "") =>
  `services:\n  ${name}:\n    image: registry.example.com/${name}:1\n    ports: ["80:80"]\n${more}`;

const files = (more = "") =>
  pageFiles(
    [
      { path: "north/compose.yml", text: compose("north", more) },
      { path: "south/compose.yml", text: compose("south") },
    ].map(file => ({ ...file, ignored: false, untracked: false, directory: false })),
  );

test("a change that is tried makes no server of a project that was only presumed to be one", async () => {
  const gradesOf = ({ projects }: Awaited<ReturnType<typeof link>>) => projects.map(({ grade }) => grade);
  const before = await link(files());
  expect(gradesOf(before)).toEqual(["presumed", "presumed"]);
  const restarts = files("    restart: unless-stopped\n");
  expect(gradesOf(await link(restarts))).toContain("deployed");
  expect(gradesOf(await link(restarts, { like: before }))).toEqual(["presumed", "presumed"]);
});

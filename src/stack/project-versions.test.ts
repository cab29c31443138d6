import { expect, it } from "vitest";
import { newerVersion } from "./project-versions.ts";

const among = (...folders: string[]) => {
  const all = folders.map(folder => [`${folder}/compose.yml`]);
  return folders.filter(folder => newerVersion(`${folder}/compose.yml`, all) === undefined);
};

it.each([
  [["4.0.0-alpha.1", "4.0.0", "4.2.9", "4.2.10"], ["4.2.10"]],
  [["v2", "v10", "v9"], ["v10"]],
  [["8.0.0-rc.2", "8.0.0-rc.10", "7.9.1"], ["8.0.0-rc.10"]],
  [["images/3.10/alpine", "images/3.9/alpine", "images/3.8/alpine"], ["images/3.10/alpine"]],
  // Two may be two servers, numbers may be lessons, and another file is another thing.
  [
    ["1.0", "2.0"],
    ["1.0", "2.0"],
  ],
  [
    ["1", "2", "3"],
    ["1", "2", "3"],
  ],
  [
    ["1.0/web", "2.0/api", "3.0/db"],
    ["1.0/web", "2.0/api", "3.0/db"],
  ],
])("%j", (folders, newest) => {
  expect(among(...folders)).toEqual(newest);
});

it("counts a file that one old version alone has", () => {
  const all = ["4.0", "4.1", "4.2"].map(folder => [`${folder}/compose.yml`]);
  expect(newerVersion("4.1/compose.extra.yml", [...all, ["4.1/compose.extra.yml"]])).toBe("4.2/compose.yml");
  expect(newerVersion("4.2/compose.extra.yml", [...all, ["4.2/compose.extra.yml"]])).toBeUndefined();
});

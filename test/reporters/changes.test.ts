import { describe, expect, it } from "vitest";
import { reportFix } from "../../src/audit/excerpt.ts";
import type { Edit } from "../../src/core/fix.ts";
import { pageFiles } from "../../src/pages/page-files.ts";
import { changesOf } from "../../src/reporters/changes.ts";

const line = "  URL: redis://:${P_PASSWORD:-moonlight}@cache:6379 # the cache";
const source = { path: "compose.yml", text: `web:\n${line}\n` };
const stack = {
  files: pageFiles([]),
  sources: new Map([["compose.yml", source]]),
  problems: [],
  gaps: [],
  secrets: new Set(["moonlight"]),
};

function changed(from: string, text: string) {
  const start = source.text.indexOf(from);
  const edit: Edit = { at: { file: "compose.yml", span: { start, end: start + from.length } }, text };
  return changesOf(reportFix(stack, { title: "t", grade: "safe", edits: [edit] }));
}

describe("the lines that a fix changes", () => {
  it("are whole beside a secret, and the secret stays masked", () => {
    expect(changed("${P_PASSWORD:-moonlight}", "${P_PASSWORD:?set P_PASSWORD}")).toEqual([
      {
        file: "compose.yml",
        line: 2,
        removed: ["  URL: redis://:${P_PASSWORD:-‹masked›}@cache:6379 # the cache"],
        added: ["  URL: redis://:${P_PASSWORD:?set P_PASSWORD}@cache:6379 # the cache"],
      },
    ]);
    expect(changed("cache:6379", "cache:6380")[0]!.added).toEqual([
      "  URL: redis://:${P_PASSWORD:-‹masked›}@cache:6380 # the cache",
    ]);
  });

  it("show no part of a secret that the edit cuts", () => {
    const [change] = changed("light}@cache", "ship}@cache");
    expect(JSON.stringify(change)).not.toMatch(/moon|light/);
    expect(change!.added).toEqual(["  URL: redis://:${P_PASSWORD:-‹masked›ship}@cache:6379 # the cache"]);
  });
});

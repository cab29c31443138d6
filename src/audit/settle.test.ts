import { expect, it } from "vitest";
import { defaultConfig } from "../config/config.ts";
import type { Rule } from "../core/rule.ts";
import { locate } from "../core/source.ts";
import { pageFiles } from "../pages/page-files.ts";
import { audit } from "./audit.ts";
import type { Examined } from "./examined.ts";

const text = "# shipworthy: accept test/bad -- known\nkey = bad\n";
const stack: Examined = {
  files: pageFiles([{ path: "app/keys.py", text, ignored: false, untracked: false, directory: false }]),
  sources: new Map(),
  problems: [],
  gaps: [],
};

/** Reads a file that the model was not made from. */
const rule: Rule<Examined> = {
  id: "test/bad",
  title: "No bad",
  claim: "survives-kill",
  severity: "high",
  why: "It breaks.",
  *check({ files }) {
    const read = files.read("app/keys.py");
    if (!("source" in read)) return;
    const start = text.lastIndexOf("bad");
    const at = locate(read.source, start, start + 3);
    yield { subject: "key", message: "There is bad.", evidence: [{ at, shows: "here" }] };
  },
};

const run = (ignoreInline: boolean) =>
  audit(stack, [rule], {
    ...{ config: defaultConfig, claims: [], version: "1.2.3", ignoreInline },
    now: new Date("2026-05-01T12:00:00Z"),
  });

it("shows a file that only the rule has read, and takes the acceptance that stands in it", () => {
  const [accepted] = run(false).accepted;
  expect(accepted).toMatchObject({ reason: "known", by: "inline" });
  expect(accepted!.finding.evidence[0]).toMatchObject({ line: 2, excerpt: "key = bad" });
  expect(run(true).findings.map(({ subject }) => subject)).toEqual(["key"]);
});

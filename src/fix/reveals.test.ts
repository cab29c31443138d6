import { expect, it } from "vitest";
import { defaultConfig } from "../config/config.ts";
import { pageFiles } from "../pages/page-files.ts";
import { rules } from "../rules/registry.generated.ts";
import { link } from "../stack/link.ts";
import { describeFixes } from "./describe-fixes.ts";
import { fixProject } from "./fix.ts";

const now = new Date("2026-11-21T12:00:00Z");

function project(start: string) {
  const files = {
    "compose.yml": "services:\n  api:\n    build: ./api\n    restart: unless-stopped\n",
    "api/Dockerfile": `FROM node:24-alpine\nWORKDIR /app\nCOPY package.json ./\nRUN npm ci --omit=dev\nCOPY index.js ./\nUSER node\nCMD ["node", "index.js"]\n`,
    "api/package.json": start,
    "api/index.js": 'console.log("hello");\n',
  };
  return pageFiles(
    Object.entries(files).map(([path, text]) => ({
      ...{ path, text },
      ...{ ignored: false, untracked: false, directory: false },
    })),
  );
}

const options = {
  ...{ rules, config: defaultConfig, now },
  link: (tree: ReturnType<typeof project>) => link(tree, { now }),
  level: "needs-testing" as const,
  only: ["build/lock-file"],
};

it("takes a fix whose result can be told more of, while that weighs less", async () => {
  const { made, refused, end } = await fixProject(
    project('{"dependencies": {"express": "^4.21.0"}}'),
    options,
  );
  expect(refused.map(each => each.reasons)).toEqual([]);
  expect(made.map(each => each.finding.rule)).toEqual(["build/lock-file"]);
  expect(end.examination.findings.map(each => each.rule)).toContain("build/unlocked-dependencies");
});

it("tells what is left of the mended finding, and nothing that was told before", async () => {
  const files = project('{"dependencies": {"express": "^4.21.0"}}');
  const outcome = await fixProject(files, options);
  const { changes } = describeFixes(files, outcome, { ...options, version: "0.0.0" });
  expect(changes.map(({ leaves }) => leaves.map(each => `${each.rule} ${each.severity}`))).toEqual([
    ["build/unlocked-dependencies medium"],
  ]);
  const [one] = outcome.made;
  const other = { ...outcome, made: [{ ...one!, fix: { ...one!.fix, reveals: [] } }] };
  const silent = describeFixes(files, other, { ...options, version: "0.0.0" });
  expect(silent.changes.map(each => each.leaves)).toEqual([[]]);
});

it("refuses the same fix where what it reveals was not named", async () => {
  const silent = rules.map(rule =>
    rule.id !== "build/lock-file"
      ? rule
      : {
          ...rule,
          *check(stack: Parameters<typeof rule.check>[0]) {
            for (const outcome of rule.check(stack)) {
              if (!("fix" in outcome) || !outcome.fix) yield outcome;
              else {
                const { reveals: _, ...fix } = outcome.fix()!;
                yield { ...outcome, fix: () => fix };
              }
            }
          },
        },
  );
  const outcome = await fixProject(project('{"dependencies": {"express": "^4.21.0"}}'), {
    ...options,
    rules: silent,
  });
  expect(outcome.made).toEqual([]);
  expect(outcome.refused.flatMap(each => each.reasons).join()).toContain("build/unlocked-dependencies");
});

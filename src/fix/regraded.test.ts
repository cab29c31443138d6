import { expect, test } from "vitest";
import { now, project, rule } from "../../test/fix/projects.ts";
import { defaultConfig } from "../config/config.ts";
import restartPolicy from "../rules/recovery/restart-policy.ts";
import { link } from "../stack/link.ts";
import { weigh } from "../stack/query.ts";
import type { Stack } from "../stack/stack.ts";
import type { FixOptions } from "./fix.ts";
import { fixProject } from "./fix.ts";

const service = (name: string, more = "") =>
  `services:\n  ${name}:\n    image: registry.example.com/${name}:1\n    ports: ["80:80"]\n${more}`;

/** Any fix that makes a server of it. */
const restarts = (name: string) =>
  rule(`a/${name}`, {
    ...{ word: ":1\n    ports", into: ":1\n    restart: always\n    ports", file: `${name}/compose.yml` },
    grade: "needs-testing",
  });

/** What weighs as much as the project lets it. */
const grave = {
  ...({ id: "a/grave", title: "t", claim: "c", severity: "high", why: "w" } as const),
  *check({ projects }: Stack) {
    for (const each of projects)
      yield {
        subject: each.name,
        message: "Grave.",
        severity: weigh(each, "high"),
        evidence: [{ at: each.services[0]!.at, shows: "here" }] as const,
      };
  },
};

async function fixed(files: Record<string, string>, level: FixOptions["level"]) {
  return await fixProject(project(files), {
    ...{
      rules: [restartPolicy, grave, restarts("north"), restarts("south")],
      config: defaultConfig,
      now,
      level,
    },
    link: (tree, like) => link(tree, { now, ...(like ? { like } : {}) }),
  });
}

test("says that a presumed project reads like a server's once its services restart, and what weighs more then", async () => {
  const files = { "north/compose.yml": service("north"), "south/compose.yml": service("south") };
  const outcome = await fixed(files, "needs-testing");
  expect(outcome.made).toHaveLength(2);
  const graves = outcome.end.examination.findings.filter(each => each.rule === "a/grave");
  expect(graves.map(({ severity }) => severity)).toEqual(["medium", "medium"]);
  expect(outcome.regraded).toEqual([
    { file: "north/compose.yml", was: "presumed", is: "deployed", heavier: 2 },
    { file: "south/compose.yml", was: "presumed", is: "deployed", heavier: 2 },
  ]);
});

test("changes nothing of a presumed project among the safe fixes", async () => {
  const files = { "north/compose.yml": service("north"), "south/compose.yml": service("south") };
  const outcome = await fixed(files, "safe");
  expect(outcome.made).toEqual([]);
  expect(outcome.regraded).toEqual([]);
});

test("says nothing of a project that was a server's before", async () => {
  const outcome = await fixed({ "compose.prod.yml": service("north") }, "safe");
  expect(outcome.made).toHaveLength(1);
  expect(outcome.regraded).toEqual([]);
});

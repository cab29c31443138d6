import { evidence, listPlain, weigh } from "../../stack/query.ts";
import { swarmConfigs } from "../../stack/query-swarm.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "release/swarm-config",
  title: "A stack of Swarm takes a configuration that has changed",
  claim: "pipeline-gates",
  severity: "medium",
  why: 'Swarm never changes a config: `docker stack deploy` ends with "only updates to Labels are allowed" and updates no service, until somebody removes the stack.',
  *check(stack) {
    for (const { project, said, isTold, fixed, versioned } of swarmConfigs(stack)) {
      const [first, ...more] = fixed;
      if (!first) {
        yield { subject: project.name, kept: evidence(versioned[0]!.at, "a new name for each release") };
        continue;
      }
      const paths = fixed.map(({ path }) => path!.value);
      yield {
        subject: project.name,
        message: `Swarm deploys "${project.name}", and refuses a release that changes ${listPlain(paths)}: the name of the config stays the same.`,
        severity: weigh(project, "medium"),
        ...(isTold ? { confidence: "likely" as const } : {}),
        evidence: [
          evidence(first.at, "one name for every version of the file"),
          ...more.map(({ at }) => evidence(at, "one name for every version of the file")),
          evidence(said, "deploys it as a stack"),
        ],
      };
    }
  },
});

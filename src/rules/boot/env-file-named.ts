import { evidence, listNames, weigh } from "../../stack/query.ts";
import { unnamedEnvFiles } from "../../stack/query-env-named.ts";
import { defineRule } from "../rule.ts";

const shown = 4;

export default defineRule({
  id: "boot/env-file-named",
  title: "Compose is given the env file in which the values are",
  claim: "configured-completely",
  severity: "high",
  why: "Compose puts nothing in place of the variables: containers are made again with empty passwords, or an image has no name and nothing starts.",
  *check(stack) {
    for (const { project, file, named, namedBy, asked, starts, isGrave } of unnamedEnvFiles(stack)) {
      const names = asked.map(({ name }) => name);
      const [first, ...more] = starts.map(at => evidence(at, "Compose is not told to read it"));
      yield {
        subject: project.files.join(", "),
        message: `The values for ${project.files.join(" and ")} are in ${file}, and a command that starts it does not name that file: Compose reads ".env" alone, and ${listNames(names)} ${names.length === 1 ? "is" : "are"} empty there.`,
        severity: weigh(project, isGrave ? "high" : "medium"),
        confidence: "likely",
        evidence: [
          first!,
          ...more.slice(0, shown - 1),
          evidence(
            named,
            namedBy === "containers" ? "only the containers get it" : "the file with the values",
          ),
          ...asked.slice(0, shown).map(({ at }) => evidence(at, "nothing else sets it here")),
        ],
      };
    }
  },
});

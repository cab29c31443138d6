import { evidence, isOptional, listNames, weigh } from "../../stack/query.ts";
import { undocumentedVariables } from "../../stack/query-missing-variables.ts";
import { oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/variable-undocumented",
  title: "The example of the env file names every variable that the program cannot start without",
  claim: "configured-completely",
  severity: "medium",
  why: "Whoever sets up a server, or builds a lost one again, copies the example: the program ends with an error at its first start, and only a reader of its code learns what is missing.",
  *check(stack) {
    const first = oncePerPlace();
    for (const service of worstFirst(stack.services)) {
      if (isOptional(service) || service.project.grade === "development") continue;
      const found = undocumentedVariables(stack, service);
      const missing = (found?.missing ?? []).filter(({ place }) => first(place.at));
      if (!found || missing.length === 0) continue;
      const names = missing.map(({ name }) => name);
      yield {
        subject: `${service.name} ${names[0]}`,
        message: `"${service.name}" cannot start without ${listNames(names)}: neither ${found.example.file} nor any page of the repository names ${names.length === 1 ? "it" : "them"}.`,
        severity: weigh(service, "medium"),
        confidence: "likely",
        evidence: [
          ...missing.map(({ place }) => place),
          evidence({ file: found.example.file, span: { start: 0, end: 0 } }, `has no ${names[0]}`),
          evidence(service.envFiles[0]!.path.at, "the file that has to bring it"),
        ],
      };
    }
  },
});

import { evidence, isOptional, weigh } from "../../stack/query.ts";
import { insistedFile } from "../../stack/query-insisted.ts";
import { oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/env-file-present",
  title: "An env file that a program insists on is in its container",
  claim: "boots-healthy",
  severity: "critical",
  why: "The program looks for the file and not for its values, so that it ends at once though Compose has set every variable.",
  *check(stack) {
    const first = oncePerPlace();
    for (const service of worstFirst(stack.services)) {
      if (isOptional(service) || service.project.grade === "development") continue;
      const found = insistedFile(stack, service);
      if (!found || !first(found.at)) continue;
      const copied = service.model?.stage.copies.at(-1)?.at;
      yield {
        subject: service.name,
        message: `"${service.name}" ends at its start: it insists on a .env beside it, and no step of its build and no mount brings one.`,
        severity: weigh(service, "critical"),
        confidence: "likely",
        evidence: [
          evidence(found.at, found.shows),
          ...(copied ? [evidence(copied, "this is what the image gets")] : []),
        ],
      };
    }
  },
});

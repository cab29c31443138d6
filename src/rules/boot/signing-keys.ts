import { evidence, weigh } from "../../stack/query.ts";
import { absentKeys } from "../../stack/query-signing-keys.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/signing-keys",
  title: "The keys that sign tokens are in the container",
  claim: "configured-completely",
  severity: "high",
  why: "The program starts and answers, and nobody can log in: every token that it has to sign or to check ends with an error.",
  *check(stack) {
    for (const { service, path, at } of absentKeys(stack)) {
      yield {
        subject: service.name,
        message: `"${service.name}" signs its tokens with ${path}, which git does not have, no step of its image makes, and no mount brings.`,
        severity: weigh(service, "high"),
        confidence: "likely",
        evidence: [evidence(at, "looks for its key here"), evidence(service.at, "nothing brings it")],
      };
    }
  },
});

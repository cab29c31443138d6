import { evidence, weigh } from "../../stack/query.ts";
import { losesLoginKeys } from "../../stack/query-login-keys.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "data/login-keys",
  title: "A new container accepts the logins of the one before",
  claim: "data-survives-redeploy",
  severity: "medium",
  why: "The keys lie in the container and go with it: each release signs everybody out, and a form that was open is refused when it is sent.",
  *check(stack) {
    for (const { service, at } of losesLoginKeys(stack))
      yield {
        subject: service.name,
        message: `"${service.name}" makes the keys of its cookies anew in every container: nothing keeps the key ring of ASP.NET.`,
        severity: weigh(service, "medium"),
        confidence: "likely",
        evidence: [
          evidence(at, "protected with keys of the key ring"),
          evidence(service.at, "no volume holds the key ring"),
        ],
      };
  },
});

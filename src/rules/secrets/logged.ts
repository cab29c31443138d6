import { evidence, listNames, weigh } from "../../stack/query.ts";
import { loggedSecrets } from "../../stack/query-logged-secrets.ts";
import { worstFirst } from "../../stack/query-process.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "secrets/logged",
  title: "Programs write no credentials into their logs",
  claim: "no-secret-leaks",
  severity: "high",
  why: "Logs are read by more people than the secrets, are copied to other services, and are kept for longer than a password should be.",
  *check(stack) {
    const told = new Set<string>();
    for (const service of worstFirst(stack.services)) {
      const found = loggedSecrets(stack, service).filter(({ at }) => {
        const key = `${at.file}:${at.span.start}`;
        return !told.has(key) && told.add(key);
      });
      if (found.length === 0) continue;
      const names = [...new Set(found.flatMap(each => each.name ?? []))];
      const what = found.some(each => each.name === undefined) ? "all of its settings" : listNames(names);
      yield {
        subject: service.name,
        message: `The code of "${service.name}" writes ${what} into its log, credentials and all.`,
        evidence: found.map(each => evidence(each.at, "goes into the log")),
        severity: weigh(service, found.every(each => each.isAddress) ? "medium" : "high"),
        confidence: "likely",
      };
    }
  },
});

import { evidence, isOptional, listNames, weigh } from "../../stack/query.ts";
import { absentKey } from "../../stack/query-application-keys.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/application-key",
  title: "A framework gets the key that it does not serve without",
  claim: "configured-completely",
  severity: "critical",
  why: "Sessions and encrypted values are made with this key: without it Rails ends at its start in production, and Laravel answers every request with an error.",
  *check(stack) {
    if (!stack.components.some(({ kind }) => kind === "rails" || kind === "laravel")) return;
    for (const project of stack.projects) {
      if (project.grade === "development") continue;
      const found = project.services.flatMap(service => {
        const absent = isOptional(service) ? undefined : absentKey(stack, service);
        return absent ? [{ service, absent }] : [];
      });
      const [first] = found;
      if (!first) continue;
      const names = listNames(found.map(({ service }) => service.name));
      yield {
        subject: first.service.name,
        message: `${names} ${found.length === 1 ? "gets" : "get"} ${first.absent.says}.`,
        severity: weigh(project, "critical"),
        confidence: "likely",
        evidence: [
          ...found.map(({ service, absent }) => evidence(service.at, `no ${absent.name} is set`)),
          ...found.flatMap(({ absent }) => absent.instead),
        ],
      };
    }
  },
});

import { evidence, listNames, serverServices, weigh } from "../../stack/query.ts";
import { credential, withheldVariables } from "../../stack/query-withheld.ts";
import { defineRule } from "../rule.ts";

const shown = 6;

export default defineRule({
  id: "boot/variable-withheld",
  title: "What the env file is to bring reaches the program",
  claim: "configured-completely",
  severity: "medium",
  why: "Compose reads the file for `${…}` alone. Whoever fills it in believes that a key, a mail server or a switch is set, and the program runs on its default, or fails where it needs the value.",
  *check(stack) {
    const told = new Set<string>();
    for (const service of serverServices(stack)) {
      const found = withheldVariables(stack, service).filter(each => {
        const key = `${each.asked.file}:${each.asked.span.start}`;
        return !told.has(key) && told.add(key);
      });
      const [first] = found;
      if (!first) continue;
      const one = found.length === 1;
      yield {
        subject: service.name,
        message: `${first.asked.file} asks for ${listNames(found.map(each => each.name))}, which the code of "${service.name}" reads, and Compose hands ${one ? "it" : "them"} to no container: what people set there has no effect.`,
        evidence: [
          ...found.slice(0, shown).map(each => evidence(each.asked, "is to be set here")),
          ...found.slice(0, shown).map(each => evidence(each.at, "is read here")),
          evidence(service.at, `does not get ${one ? "it" : "them"}`),
        ],
        severity: weigh(service, found.some(each => credential.test(each.name)) ? "high" : "medium"),
        confidence: "likely",
      };
    }
  },
});

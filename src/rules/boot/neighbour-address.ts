import { evidence, listNames, serverServices, weigh } from "../../stack/query.ts";
import { neighbourFallbacks } from "../../stack/query-neighbour-address.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/neighbour-address",
  title: "A program is told where the services are that it calls",
  claim: "configured-completely",
  severity: "high",
  why: "What the code falls back to is right on the workstation alone: in its container the program calls itself, at a port where nobody answers, and every page or job that needs the other service fails.",
  *check(stack) {
    const told = new Set<string>();
    for (const service of serverServices(stack)) {
      const found = neighbourFallbacks(stack, service).filter(each => {
        const key = `${service.project.grade} ${each.at.file}:${each.at.span.start}`;
        return !told.has(key) && told.add(key);
      });
      const [first] = found;
      if (!first) continue;
      const names = [...new Set(found.map(each => each.name))];
      const others = [...new Set(found.map(each => each.other))];
      yield {
        subject: service.name,
        message: `"${service.name}" is not given ${listNames(names)}, so its code looks for ${listNames(others.map(each => each.name))} at ${first.address}, which is its own container.`,
        evidence: [
          ...found.map(each => evidence(each.at, "used for want of another address")),
          evidence(service.at, `does not get ${names.length === 1 ? "it" : "them"}`),
          ...others.map(each => evidence(each.at, "is another container")),
        ],
        severity: weigh(service, "high"),
        confidence: "likely",
      };
    }
  },
});

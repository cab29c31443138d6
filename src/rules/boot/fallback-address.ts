import { evidence, listNames, weigh } from "../../stack/query.ts";
import { replacesAtRunTime, servesBuiltBundle } from "../../stack/query-bundles.ts";
import { fallbackAddresses } from "../../stack/query-fallback-address.ts";
import { worstFirst } from "../../stack/query-process.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/fallback-address",
  title: "Pages are built with the address of their API",
  claim: "configured-completely",
  severity: "high",
  why: "What the code falls back to is right on the workstation alone: the pages open, and every visitor's browser looks for the API on the visitor's own computer.",
  *check(stack) {
    const told = new Set<string>();
    for (const service of worstFirst(stack.services)) {
      const where = service.component?.dir;
      if (where === undefined || told.has(where) || !servesBuiltBundle(service)) continue;
      const found = fallbackAddresses(stack, service);
      const [first, ...more] = found;
      if (!first || replacesAtRunTime(stack, service)) continue;
      told.add(where);
      const sure = found.every(each => each.sure);
      yield {
        subject: service.name,
        message: `"${service.name}" is built without ${listNames(found.map(each => each.name))}, so its pages call ${first.address}${sure ? "" : " unless an env file on the machine that builds says otherwise"}.`,
        severity: weigh(service, sure ? "high" : "medium"),
        confidence: "likely",
        evidence: [
          evidence(first.at, "built in for want of another address"),
          ...more.map(each => evidence(each.at, "built in for want of another address")),
          evidence(service.build!.at, "the build gets no argument of that name"),
        ],
      };
    }
  },
});

import { evidence, listNames, serverServices } from "../../stack/query.ts";
import { loopbackUrls } from "../../stack/query-loopback-code.ts";
import { defineRule } from "../rule.ts";

const mostPlaces = 8;

export default defineRule({
  id: "boot/loopback-in-code",
  title: "Deployed code calls no port of a workstation",
  claim: "boots-healthy",
  severity: "low",
  why: "On the workstation another program answers at that port; in the container nobody does, and the call fails each time.",
  *check(stack) {
    const told = new Set<string>();
    for (const service of serverServices(stack)) {
      const found = loopbackUrls(stack, service).filter(each => {
        const key = `${each.at.file}:${each.at.span.start}`;
        return !told.has(key) && told.add(key);
      });
      if (found.length === 0) continue;
      const ports = [...new Set(found.map(each => `localhost:${each.port}`))];
      const places = found
        .slice(0, mostPlaces)
        .map(({ at }) => evidence(at, "nothing in the container listens there"));
      yield {
        subject: service.name,
        message: `The code of service "${service.name}" calls ${listNames(ports)}, where nothing in its container listens.`,
        evidence: places,
        confidence: "possible",
      };
    }
  },
});

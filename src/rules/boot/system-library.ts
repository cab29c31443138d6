import type { Evidence } from "../../core/finding.ts";
import { evidence, listNames, serverServices, weigh } from "../../stack/query.ts";
import { oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import { missingLibraries } from "../../stack/query-system-libraries.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/system-library",
  title: "The libraries that packages load are in the image",
  claim: "boots-healthy",
  severity: "high",
  why: "The install of the package ends well, and the import fails in the container: the program ends, or the first request that needs it does.",
  *check(stack) {
    const first = oncePerPlace();
    for (const service of worstFirst(serverServices(stack))) {
      const missing = missingLibraries(stack, service).filter(each => first(each.at));
      if (missing.length === 0) continue;
      const names = listNames(missing.map(each => each.package));
      yield {
        subject: service.name,
        message: `The code of "${service.name}" imports ${names}, and its image has no ${missing.map(each => each.library).join(", no ")}: nothing installs ${missing.map(each => each.bringer).join(" or ")}.`,
        severity: weigh(service, "high"),
        confidence: "likely",
        evidence: [
          ...missing.map(each => evidence(each.at, each.shows)),
          evidence(missing[0]!.image, "a small image, without it"),
        ] as [Evidence],
      };
    }
  },
});

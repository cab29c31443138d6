import { evidence, isOptional, listNames, weigh } from "../../stack/query.ts";
import { hasUnseenEnvironment } from "../../stack/query-environment.ts";
import { imageNeeds, isFilledIn } from "../../stack/query-image-needs.ts";
import { missingVariables } from "../../stack/query-missing-variables.ts";
import { oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/variable-missing",
  title: "Every variable that a program cannot start without is set",
  claim: "configured-completely",
  severity: "high",
  why: "The program stops with an error as soon as it is started, again after every restart.",
  *check(stack) {
    const first = oncePerPlace();
    for (const service of worstFirst(stack.services)) {
      if (isOptional(service) || hasUnseenEnvironment(service)) continue;
      const image = imageNeeds(service);
      if (image && !isFilledIn(stack, service, image)) {
        yield {
          subject: `${service.name} ${image[0]!}`,
          message: `Service "${service.name}" is given none of ${listNames(image)}, and its image refuses to start without ${image.length === 1 ? "it" : "one of them"}.`,
          evidence: [evidence(service.at, `${image[0]} is not set`)],
          severity: weigh(service, "critical"),
        };
      }
      // Colours and variants run the same code without the same variables.
      const missing = missingVariables(stack, service);
      if (missing.filter(({ place }) => first(place.at)).length === 0) continue;
      const names = [...new Set(missing.map(each => each.name))];
      yield {
        subject: service.name,
        message: `Service "${service.name}" cannot start without ${listNames(names)}, and ${missing.some(each => each.documented) ? `its project does not hand ${names.length === 1 ? "it" : "them"} on` : `nothing in the repository sets ${names.length === 1 ? "it" : "them"}`}.`,
        evidence: [...missing.map(each => each.place), evidence(service.at, "does not get it")],
        severity: weigh(service, "high"),
        ...(missing.some(each => each.likely) ? { confidence: "likely" as const } : {}),
      };
    }
  },
});

import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { djangoOf } from "../../stack/query-frameworks.ts";
import type { Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/framework-end-of-life",
  title: "The web framework still gets security fixes",
  claim: "builds-reproducibly",
  severity: "medium",
  why: "Holes of a web framework are public and easy to find from outside; after the end of support nobody repairs them for this version.",
  *check(stack) {
    const seen = new Set<string>();
    // The gravest use of a manifest tells of it; the others are the same cause.
    const services = [...serverServices(stack)].sort((a, b) => rank(a) - rank(b));
    for (const service of services) {
      const django = service.component?.django && djangoOf(stack, service.component.manifest);
      if (!django || seen.has(django.manifest)) continue;
      seen.add(django.manifest);
      if (django.ended >= stack.today) {
        yield { subject: "Django", kept: evidence(django.at, `Django ${django.series} is supported`) };
        continue;
      }
      yield {
        subject: `Django in ${django.manifest}`,
        message: `Service "${service.name}" runs Django ${django.series}, which has had no security fixes since ${django.ended} (table of ${django.asOf}); ${django.manifest} allows nothing newer.`,
        evidence: [evidence(django.at, `Django ${django.series} ended on ${django.ended}`)],
        severity: weigh(service, "medium"),
      };
    }
  },
});

function rank({ project }: Service): number {
  return project.grade === "deployed" ? 0 : 1;
}

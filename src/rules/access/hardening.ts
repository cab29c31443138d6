import { giveUpRights } from "../../remedies/rights.ts";
import { evidence, listNames } from "../../stack/query.ts";
import { deployedProjects, isHardened } from "../../stack/query-policies.ts";
import { defineRule } from "../rule.ts";

const mostPlaces = 8;

export default defineRule({
  id: "access/hardening",
  title: "Containers give up the rights that they do not need",
  claim: "runs-unprivileged",
  severity: "low",
  why: "Who breaks into one of the programs can write to its whole file system and keeps every capability that the engine gives by default.",
  *check(stack) {
    const deployed = deployedProjects(stack);
    const hardened = deployed.flatMap(({ services }) => services).filter(isHardened);
    for (const service of hardened)
      yield { subject: service.name, kept: evidence(service.at, "gives up rights that it does not need") };
    // Who does it for one service knows it; the rest is that team's choice.
    const [first] = deployed;
    if (hardened.length > 0 || !first) return;
    const services = first.services.filter(service => service.build ?? service.component);
    if (services.length === 0) return;
    yield {
      subject: first.project.name,
      message: `No service of "${first.project.name}" asks for less than the engine gives: ${listNames(services.map(service => service.name))} and what they use run without \`read_only\`, \`cap_drop\` and \`no-new-privileges\`.`,
      evidence: services.slice(0, mostPlaces).map(service => evidence(service.at, "every default right")),
      confidence: "possible",
      fix: () =>
        giveUpRights(
          stack,
          services,
          first.services.filter(service => !services.includes(service)),
        ),
    };
  },
});

import { evidence, weigh } from "../../stack/query.ts";
import { routersOf, traefikNetwork, traefikOf, traefikStatic } from "../../stack/query-traefik.ts";
import { networksOf } from "../../stack/query-upstreams.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "proxy/traefik-network",
  title: "Traefik shares the network by which it reaches a service",
  claim: "boots-healthy",
  severity: "high",
  why: "Requests for the service wait until Traefik gives up with 504 Gateway Timeout: always, or after some restarts and not after others.",
  *check(stack) {
    for (const project of stack.projects) {
      const traefik = traefikOf(project);
      if (!traefik || traefik.networkMode) continue;
      const doors = networksOf(traefik);
      for (const service of project.services) {
        const [router] = routersOf(service);
        if (!router || service === traefik || service.networkMode) continue;
        const mine = networksOf(service);
        const common = mine.filter(name => doors.includes(name));
        if (common.length === 0) {
          yield {
            subject: service.name,
            message: `Traefik ("${traefik.name}") shares no network with "${service.name}", which its labels send requests to.`,
            severity: weigh(service, "high"),
            evidence: [
              evidence(service.networks[0]?.at ?? service.at, "on none of Traefik's networks"),
              evidence(traefik.networks[0]?.at ?? traefik.at, "Traefik is here"),
              evidence(router.at, "asks Traefik for requests"),
            ],
          };
          continue;
        }
        const settings = traefikStatic(stack, traefik);
        if (!settings || traefikNetwork(service, settings.options) !== undefined) continue;
        const other = service.networks.find(each => !doors.includes(each.value));
        if (!other) {
          yield { subject: service.name, kept: evidence(router.at, "reached by a network that both share") };
          continue;
        }
        yield {
          subject: service.name,
          message: `"${service.name}" is on the networks ${mine.join(" and ")}, and nothing tells Traefik which to use: it takes any, also "${other.value}", which it is not on.`,
          severity: weigh(service, "medium"),
          evidence: [
            evidence(other.at, "Traefik is not on this network"),
            evidence(router.at, "no `traefik.docker.network` beside it"),
          ],
        };
      }
    }
  },
});

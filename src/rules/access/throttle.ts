import { evidence, weigh } from "../../stack/query.ts";
import { loginRoutes, seesProxies, speaksOfLimits } from "../../stack/query-logins.ts";
import { isReached } from "../../stack/query-settings.ts";
import type { Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const mostPlaces = 8;

export default defineRule({
  id: "access/throttle",
  title: "Passwords cannot be tried without a limit",
  claim: "exposes-only-the-front-door",
  severity: "low",
  why: "A list of leaked passwords is tried against the login at full speed, and nothing slows it down.",
  *check(stack) {
    const isOpen = (service: Service) =>
      isReached(service) &&
      seesProxies(stack, service) &&
      service.component !== undefined &&
      !speaksOfLimits(stack, service.component);
    for (const { service, routes } of loginRoutes(stack, isOpen)) {
      const places = routes
        .slice(0, mostPlaces)
        .map(({ at }) => evidence(at, "a login without a rate limit"));
      const pattern = routes[0]!.pattern.replace(/^\/?/, "/");
      const more = routes.length === 1 ? "" : ` and ${routes.length - 1} more`;
      yield {
        subject: service.name,
        message: `Nothing limits how often passwords are tried at ${pattern}${more} of service "${service.name}": neither its code nor the proxy in front counts requests.`,
        evidence: places,
        severity: weigh(service, "low"),
        // A service in front of the server may count.
        confidence: "likely",
      };
    }
  },
});

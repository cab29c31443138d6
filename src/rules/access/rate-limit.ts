import { evidence, serverServices } from "../../stack/query.ts";
import { loginRoutes, seesProxies, speaksOfLimits } from "../../stack/query-logins.ts";
import { isReached } from "../../stack/query-settings.ts";
import { defineRule } from "../rule.ts";

const servers = new Set(["django", "fastapi", "flask", "express", "nest", "fastify", "koa", "hono"]);

export default defineRule({
  id: "access/rate-limit",
  title: "One client cannot use up the service for all",
  claim: "meets-its-load",
  severity: "low",
  why: "One script in a loop, meant or not, takes every worker and every connection of the database.",
  *check(stack) {
    for (const service of serverServices(stack)) {
      const { component } = service;
      if (!component || !servers.has(component.kind) || !isReached(service)) continue;
      if (!seesProxies(stack, service)) continue;
      if (speaksOfLimits(stack, component)) continue;
      // A login without a limit is told as such.
      if (loginRoutes(stack, each => each === service).length > 0) continue;
      yield {
        subject: service.name,
        message: `Nothing counts the requests of one client to service "${service.name}": neither its code nor a proxy of the project.`,
        evidence: [evidence(service.at, "every request is served")],
        // A service in front of the server may count.
        confidence: "possible",
      };
      return;
    }
  },
});

import { askDatabase } from "../../remedies/database-question.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import { claimedStates } from "../../stack/query-claimed-state.ts";
import { worstFirst } from "../../stack/query-process.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "health/probe-shallow",
  title: "A health view asks a dependency before it calls it healthy",
  claim: "health-is-truthful",
  severity: "medium",
  why: "Monitoring, and people in an incident, read that the database is fine while every request fails for want of it.",
  *check(stack) {
    for (const component of stack.components) {
      const [service] = worstFirst(stack.services.filter(each => each.component === component));
      if (!service) continue;
      const claims = claimedStates(component);
      const views = new Set(claims.map(claim => `${claim.at.file} ${claim.view}`));
      for (const key of views) {
        const own = claims.filter(claim => `${claim.at.file} ${claim.view}` === key);
        const [first, ...more] = own;
        if (!first) continue;
        const says = [...new Set(own.map(claim => `${claim.name}: ${claim.says}`))];
        yield {
          subject: key,
          message: `The health view ${first.view} in ${first.at.file} answers ${listNames(says)} and never asks: it says so while the dependency is down.`,
          evidence: [
            evidence(first.at, "a constant"),
            ...more.map(claim => evidence(claim.at, "a constant")),
          ],
          severity: weigh(service, "medium"),
          fix: () => askDatabase(stack, component, own),
        };
      }
    }
  },
});

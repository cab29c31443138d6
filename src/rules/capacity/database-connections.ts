import { poolConnections } from "../../remedies/pooling-fix.ts";
import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { connectionLimit, demandsOn } from "../../stack/query-pools.ts";
import { defineRule } from "../rule.ts";

/** `superuser_reserved_connections` of PostgreSQL: nobody else gets them. */
const reserved = 3;

export default defineRule({
  id: "capacity/database-connections",
  title: "The database takes as many connections as its programs may open",
  claim: "meets-its-load",
  severity: "medium",
  why: "Under load the database refuses every further connection: requests and jobs fail, also those that have nothing to do with what is slow.",
  *check(stack) {
    for (const store of serverServices(stack)) {
      const limit = connectionLimit(stack, store);
      const demands = limit ? demandsOn(store) : [];
      if (!limit || demands.length === 0) continue;
      const sum = demands.reduce((total, each) => total + each.connections, 0);
      const free = limit.value - reserved;
      if (sum <= free) {
        yield { subject: store.name, kept: evidence(limit.at, `${free} connections for ${sum}`) };
        continue;
      }
      yield {
        subject: store.name,
        message: `The programs that use "${store.name}" may hold ${sum} connections, and it takes ${free} (\`max_connections\` ${limit.value}, of which ${reserved} are kept for its administrator).`,
        severity: weigh(store, "medium"),
        confidence: "likely",
        evidence: [...demands.map(each => evidence(each.at, each.says)), evidence(limit.at, `takes ${free}`)],
        fix: () => poolConnections(stack, store, demands, limit.value),
      };
    }
  },
});

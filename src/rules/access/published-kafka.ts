import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { openListeners } from "../../stack/query-kafka.ts";
import { portNumbers } from "../../stack/query-ports.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "access/published-kafka",
  title: "A listener of Kafka that the internet reaches asks who is there",
  claim: "exposes-only-the-front-door",
  severity: "critical",
  why: "Docker opens a published port to every network of the server, past the rules of ufw: whoever finds it reads every topic, writes into it, and deletes it.",
  *check(stack) {
    for (const service of serverServices(stack))
      for (const { name, port, named, mapped } of openListeners(service))
        yield {
          subject: `${service.name} ${name}`,
          message: `Kafka "${service.name}" takes everybody on ${portNumbers([port])} of the server: its listener ${name} speaks PLAINTEXT, which knows no login.`,
          severity: weigh(service, "critical"),
          evidence: [
            evidence(port.at, "published on every address"),
            evidence(named.at, `${name} listens there`),
            ...(mapped ? [evidence(mapped.at, `${name} is PLAINTEXT`)] : []),
          ],
        };
  },
});

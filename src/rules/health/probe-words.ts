import { basename } from "../../core/path.ts";
import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "health/probe-words",
  title: "A health check without a shell has no words for one",
  claim: "health-is-truthful",
  severity: "high",
  why: "The program takes the words for more addresses or options, and fails on them: the service is never healthy, and whoever waits for it does not start.",
  *check(stack) {
    const first = oncePerPlace();
    for (const service of worstFirst(serverServices(stack))) {
      const command = service.healthcheck?.disabled ? undefined : service.healthcheck?.command;
      if (command?.form !== "exec") continue;
      const [program, ...rest] = command.words;
      const sign = rest.find(word => word.value !== undefined && shellWord.test(word.value));
      const name = basename(program?.value ?? "");
      if (!sign || !strict.test(name) || !first(sign.at)) continue;
      yield {
        subject: service.name,
        message: `The health check of "${service.name}" hands "${sign.value}" to ${name} as an argument: it is written as a list, which no shell reads, and ${name} fails on it.`,
        severity: weigh(service, "high"),
        evidence: [evidence(sign.at, `an argument of ${name}`)],
      };
    }
  },
});

const shellWord = /^(?:\|\|?|&&|;)$/;
/** Programs that take every word for something to ask, and fail when it is not there. */
const strict = /^(?:curl|wget|pg_isready|mysqladmin|mariadb-admin)$/;

import { evidence, isOptional, weigh } from "../../stack/query.ts";
import { endsAtOnce } from "../../stack/query-daemons.ts";
import { oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/foreground",
  title: "The program of a container stays in its foreground",
  claim: "boots-healthy",
  severity: "critical",
  why: "A container ends with its first process, and takes along what went to the background: with a restart policy it starts again and again, without one it is gone after a second.",
  *check(stack) {
    const first = oncePerPlace();
    for (const service of worstFirst(stack.services)) {
      if (isOptional(service) || service.oneShot || service.text("tty")?.text === "true") continue;
      const ended = endsAtOnce(stack, service);
      if (!ended || !first(ended.at)) continue;
      yield {
        subject: service.name,
        message: `"${service.name}" ends as soon as it has started: \`${ended.command}\` is its last command, and goes to the background.`,
        severity: weigh(service, "critical"),
        confidence: "likely",
        evidence: [evidence(ended.at, ended.instead)],
      };
    }
  },
});

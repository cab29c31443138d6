import { evidence, weigh } from "../../stack/query.ts";
import { oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "recovery/scale-blocked",
  title: "A service with several replicas claims nothing that exists once",
  claim: "boots-healthy",
  severity: "high",
  why: "Only the first replica starts: the others find the container name or the port taken.",
  *check(stack) {
    const first = oncePerPlace();
    const swarm = stack.calls.some(
      ({ call }) => call.kind === "docker" && call.verb.startsWith("stack deploy"),
    );
    for (const service of worstFirst(stack.services)) {
      const { replicas, containerName } = service;
      // A swarm ignores container names and shares a published port between replicas.
      if (!replicas || replicas.value < 2 || swarm || !first(replicas.at)) continue;
      const fixed = service.ports.filter(
        port => port.published !== undefined && port.published > 0 && !isRange(port.raw),
      );
      const blocks = [
        ...(containerName ? [evidence(containerName.at, "a container name exists once")] : []),
        ...fixed.map(port => evidence(port.at, `port ${port.published} of the server exists once`)),
      ];
      if (blocks.length === 0) continue;
      const what = containerName ? "a fixed container name" : `port ${fixed[0]!.published} of the server`;
      yield {
        subject: service.name,
        message: `"${service.name}" asks for ${replicas.value} replicas but claims ${what}, which only one of them can have.`,
        severity: weigh(service, "high"),
        evidence: [evidence(replicas.at, `${replicas.value} replicas`), ...blocks],
      };
    }
  },
});

/** `8000-8003:8000` gives each replica a port of its own. */
function isRange(raw: string): boolean {
  return /\d-\d/.test(raw);
}

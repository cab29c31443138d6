import type { Evidence } from "../../core/finding.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { type LostRoute, lostRoute, type Passage, passages } from "../../stack/query-stripping.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "proxy/path-prefix",
  title: "The path that the proxy hands on is one that the service serves",
  claim: "boots-healthy",
  severity: "high",
  why: "The proxy takes a prefix off that the routes have, or leaves one on that they do not have: every call of that part of the site answers 404, while all containers are healthy.",
  *check(stack) {
    const seen = new Set<string>();
    for (const passage of passages(stack)) {
      const key = `${passage.at.file}:${passage.at.span.start}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const lost = lostRoute(stack, passage);
      if (!lost) continue;
      const { proxy, target, prefix } = passage;
      const arrives = passage.arrives(lost.asked)!;
      yield {
        subject: `${proxy.name} to ${target.name} ${prefix}`,
        message: `The proxy "${proxy.name}" hands ${lost.asked} on to "${target.name}" as ${arrives}, which it does not serve${lost.doubled ? `: its routes begin with ${prefix}` : ""}.`,
        severity: weigh(target, "high"),
        evidence: [evidence(passage.at, says(passage, arrives)), ...shown(lost)],
        ...(lost.doubled ? { confidence: "likely" as const } : {}),
      };
    }
  },
});

function says({ strips, prefix }: Passage, arrives: string): string {
  if (arrives.startsWith("//")) return "two slashes arrive";
  return strips ? `takes ${prefix} off` : `leaves ${prefix} on`;
}

function shown({ answer }: LostRoute): Evidence[] {
  return answer.at ? [evidence(answer.at, answer.because)] : [];
}

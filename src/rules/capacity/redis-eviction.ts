import type { Edit } from "../../core/fix.ts";
import { type Location, locate } from "../../core/source.ts";
import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { pointsAt } from "../../stack/query-environment.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "capacity/redis-eviction",
  title: "A Redis that carries jobs never drops them to make room",
  claim: "stays-within-limits",
  severity: "high",
  why: "When memory runs out Redis deletes whatever key its policy picks: queued jobs vanish without an error, and nobody is told.",
  *check(stack) {
    for (const service of serverServices(stack)) {
      const policy = policyOf(service);
      if (!policy || !/^allkeys-/.test(policy.value)) continue;
      const broker = service.project.services
        .flatMap(other => other.environment)
        .find(
          variable =>
            /(^|_)(BROKER|QUEUE|BULL\w*|JOBS?|RQ|DRAMATIQ|SIDEKIQ)(_|$)/i.test(variable.name) &&
            pointsAt(service.project, variable) === service,
        );
      if (!broker) continue;
      const edit = keepJobs(stack, policy.at);
      yield {
        subject: service.name,
        message: `Service "${service.name}" carries the jobs that \`${broker.name}\` puts there, and deletes any key (\`${policy.value}\`) when its memory is full.`,
        severity: weigh(service, "high"),
        evidence: [
          evidence(policy.at, "any key may be deleted"),
          evidence(broker.at, `${broker.name} keeps jobs there`),
        ],
        ...(edit
          ? {
              fix: {
                title: `Let ${service.name} drop only keys that expire`,
                grade: "needs-testing" as const,
                edits: [edit],
                test: `Look for keys of the queue that expire (\`redis-cli ttl\`), and see under load that the cache's keys do: with none of them, writes are refused when ${service.name} is full. Give jobs a Redis of their own with noeviction.`,
              },
            }
          : {}),
      };
    }
  },
});

function keepJobs(stack: Stack, at: Location): Edit | undefined {
  const source = stack.sources.get(at.file);
  const found = source && /allkeys(?=-\w)/.exec(source.text.slice(at.span.start, at.span.end));
  if (!found) return undefined;
  const start = at.span.start + found.index;
  return { at: locate(source, start, start + found[0].length), text: "volatile" };
}

function policyOf(service: Service) {
  const words = service.process?.argv ?? service.command?.words ?? [];
  const index = words.findIndex(word => word.value === "--maxmemory-policy");
  const policy = index === -1 ? undefined : words[index + 1];
  return policy?.value === undefined ? undefined : { value: policy.value, at: policy.at };
}

import type { Edit } from "../../core/fix.ts";
import { join } from "../../core/path.ts";
import { sourceOf } from "../../core/project-files.ts";
import { type Location, locate } from "../../core/source.ts";
import { offer } from "../../remedies/offer.ts";
import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { pointsAt, protocolOf } from "../../stack/query-environment.ts";
import { runningCommand } from "../../stack/query-process.ts";
import { workerName } from "../../stack/query-workers.ts";
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
      const only = broker ? undefined : (keptInOnlyOne(service) ?? supervisedQueue(service));
      if (!broker && !only) continue;
      const who = broker
        ? `carries the jobs that \`${broker.name}\` puts there`
        : `is the only Redis beside programs that keep jobs in one (${only!.what})`;
      yield {
        subject: service.name,
        message: `Service "${service.name}" ${who}, and deletes any key (\`${policy.value}\`) when its memory is full.`,
        severity: weigh(service, "high"),
        ...(broker ? {} : { confidence: "likely" as const }),
        evidence: [
          evidence(policy.at, "any key may be deleted"),
          broker
            ? evidence(broker.at, `${broker.name} keeps jobs there`)
            : evidence(only!.at, `${only!.what} ${only!.keeps}`),
        ],
        fix: () =>
          offer(
            {
              title: `Let ${service.name} drop only keys that expire`,
              grade: "needs-testing",
              test: `Look for keys of the queue that expire (\`redis-cli ttl\`), and see under load that the cache's keys do: with none of them, writes are refused when ${service.name} is full. Give jobs a Redis of their own with noeviction.`,
            },
            keepJobs(stack, policy.at),
          ),
      };
    }
  },
});

function keepJobs(stack: Stack, at: Location): Edit | undefined {
  const source = sourceOf(stack, at.file);
  const found = source && /allkeys(?=-\w)/.exec(source.text.slice(at.span.start, at.span.end));
  if (!found) return undefined;
  const start = at.span.start + found.index;
  return { at: locate(source, start, start + found[0].length), text: "volatile" };
}

const queues = ["bullmq", "bull", "bee-queue", "@nestjs/bullmq", "@nestjs/bull"];

interface Keeper {
  readonly what: string;
  readonly keeps: string;
  readonly at: Location;
}

/** A package or a worker that keeps jobs in Redis, where this is the only Redis that its program can mean. */
function keptInOnlyOne(service: Service): Keeper | undefined {
  const { services } = service.project;
  const stores = services.filter(other => protocolOf(other) === "redis");
  if (stores.length !== 1) return undefined;
  for (const { component } of services) {
    const found = component?.package?.dependencies.find(
      each => each.group === "dependencies" && queues.includes(each.name),
    );
    if (found) return { what: found.name, keeps: "keeps jobs in Redis", at: found.at };
  }
  // What is told where its jobs are, and not here, has them elsewhere.
  if (services.some(other => other.environment.some(each => /(?:^|_)BROKER(?:_|$)/i.test(each.name))))
    return undefined;
  // Celery and its kin can keep their jobs in a queue of their own.
  if (services.some(other => protocolOf(other) === "amqp" || other.kind === "queue")) return undefined;
  for (const other of services) {
    const name = workerName(runningCommand(other)?.words ?? []);
    // Others of its kind keep their jobs in the database.
    const isSidekiq = runningCommand(other)?.words.some(word => /^(?:\S*\/)?sidekiq$/.test(word ?? ""));
    if (isSidekiq) return { what: "Sidekiq", keeps: "takes its jobs from Redis", at: other.at };
    if (name && /Celery|RQ|Dramatiq/.test(name))
      return { what: name, keeps: "takes its jobs from Redis", at: other.at };
  }
  return undefined;
}

const supervised = /^command\s*=.*\bartisan (?:horizon\b|queue:(?:work|listen) redis\b).*$/m;

/** Supervisor starts Laravel's worker for the connection "redis" in an image that is built from its folder. */
function supervisedQueue({ project: { services } }: Service): Keeper | undefined {
  if (services.filter(other => protocolOf(other) === "redis").length !== 1) return undefined;
  for (const { build, component } of services) {
    if (component?.kind !== "laravel" || build?.context === undefined) continue;
    const copied =
      build.dockerfile?.stages.flatMap(stage => stage.copies.flatMap(copy => copy.sources)) ?? [];
    for (const { value } of copied) {
      const path = join(build.context, value.replace(/^\.?\/+/, ""));
      const source = /\.(?:conf|ini)$/.test(path) ? component.files.read(path) : undefined;
      const found = source && supervised.exec(source.text);
      if (found)
        return {
          what: "Laravel's queue",
          keeps: "takes its jobs from Redis",
          at: locate(source, found.index, found.index + found[0].length),
        };
    }
  }
  return undefined;
}

function policyOf(service: Service) {
  const words = service.process?.argv ?? service.command?.words ?? [];
  const index = words.findIndex(word => word.value === "--maxmemory-policy");
  const policy = index === -1 ? undefined : words[index + 1];
  return policy?.value === undefined ? undefined : { value: policy.value, at: policy.at };
}

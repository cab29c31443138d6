import { addPair } from "../../formats/yaml-edit.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { httpProbe } from "../../stack/query-health.ts";
import { runningCommand, worstFirst } from "../../stack/query-process.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "health/inherited-probe",
  title: "A worker is not probed as if it were the web server",
  claim: "health-is-truthful",
  severity: "high",
  why: "The worker is unhealthy for ever although it works: alerts about it are ignored, and whatever waits for it or restarts unhealthy containers breaks it.",
  *check(stack) {
    for (const service of worstFirst(stack.services)) {
      const check = service.healthcheck;
      if (check?.from !== "dockerfile" || service.process?.from !== "compose") continue;
      const probe = httpProbe(service);
      const running = runningCommand(service);
      const worker = running && workerName(running.words);
      if (!probe || !worker) continue;
      const source = stack.sources.get(service.at.file);
      const edit =
        source && !service.get("healthcheck")
          ? addPair(source, service.node, ["healthcheck:", "  disable: true"])
          : undefined;
      yield {
        subject: service.name,
        message: `"${service.name}" runs ${worker}, which serves no HTTP, but inherits the image's health check of port ${probe.port}: it is unhealthy for ever.`,
        severity: weigh(service, "high"),
        evidence: [
          evidence(running.at, `runs ${worker}`),
          evidence(check.command?.at ?? check.at, "the image's health check asks a web server"),
        ],
        ...(edit
          ? {
              fix: {
                title: "Switch the image's health check off",
                grade: "needs-testing" as const,
                edits: [edit],
                test: `Start it, and see that \`docker compose ps\` no longer calls ${service.name} unhealthy.`,
              },
            }
          : {}),
      };
    }
  },
});

/** Programs that never listen for HTTP requests, by their command line. */
const workers: readonly (readonly [RegExp, string])[] = [
  [/(^|\/| )celery (.* )?worker( |$)/, "a Celery worker"],
  [/(^|\/| )celery (.* )?beat( |$)/, "Celery's scheduler"],
  [/^(\S*\/)?(dramatiq|python3? -m dramatiq) /, "a Dramatiq worker"],
  [/(^|\/| )rundramatiq( |$)/, "a Dramatiq worker"],
  [/(^|\/| )(rq|rqworker) worker( |$)|(^| )rqworker( |$)|(^| )rqscheduler( |$)/, "an RQ worker"],
  [/(^|\/)(huey_consumer(\.py)?|arq|taskiq|procrastinate) /, "a task worker"],
  [/(^|\/| )(run_huey|qcluster|db_worker|process_tasks|runworker|run_worker|crontab)( |$)/, "a task worker"],
  [/(^|\/| )(sidekiq|good_job|solid_queue|resque|que)( |$)/, "a job worker"],
  [/(^|\/| )artisan (queue:work|queue:listen|schedule:work|horizon)( |$)/, "a queue worker"],
  [
    /^(node|python3?|bun|tsx|ts-node) (-\S+ )*\S*\b(worker|scheduler|consumer|beat|cron)s?\b[\w.-]*\.(py|[cm]?[jt]s)( |$)/i,
    "a worker",
  ],
  [/^(python3?) (-\S+ )*\S*(worker|scheduler|consumer)\.py( |$)/i, "a worker"],
];

function workerName(words: readonly (string | undefined)[]): string | undefined {
  const line = words.map(word => word ?? "?").join(" ");
  return workers.find(([pattern]) => pattern.test(line))?.[1];
}

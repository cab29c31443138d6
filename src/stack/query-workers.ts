import { runningCommand } from "./query-process.ts";
import type { Service } from "./stack.ts";

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

/** How to call what a command line starts, when that is a worker: "a Celery worker". */
export function workerName(words: readonly (string | undefined)[]): string | undefined {
  const line = words.map(word => word ?? "?").join(" ");
  return workers.find(([pattern]) => pattern.test(line))?.[1];
}

/** Runs a worker, surely: nobody sends it requests. */
export function isWorker(service: Service): boolean {
  const running = runningCommand(service);
  return running !== undefined && workerName(running.words) !== undefined;
}

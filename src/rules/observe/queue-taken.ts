import { evidence, listNames, weigh } from "../../stack/query.ts";
import { untakenQueues } from "../../stack/query-queue-names.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "observe/queue-taken",
  title: "Some worker takes the jobs of every queue",
  claim: "failure-is-noticed",
  severity: "high",
  why: "Jobs are put into the queue, nothing fails, and nobody ever does them: mails are not sent and files not made, while all containers look healthy.",
  *check(stack) {
    for (const { queues, workers, taken } of untakenQueues(stack)) {
      const names = listNames(queues.map(({ name }) => name));
      const who = `${workers.length === 1 ? "worker" : "workers"} ${listNames(workers.map(({ name }) => name))} ${workers.length === 1 ? "takes" : "take"}`;
      const [first, ...rest] = queues.map(({ at, name }) => evidence(at, `puts jobs into "${name}"`));
      yield {
        subject: `${workers[0]!.name} ${queues.map(({ name }) => name).join(", ")}`,
        message: `Jobs are put into ${names}, and the ${who} those of ${listNames(taken)} alone.`,
        severity: weigh(workers[0]!, "high"),
        confidence: "likely",
        evidence: [
          first!,
          ...rest,
          ...workers.map(each => evidence(each.process!.at, `takes ${listNames(taken)}`)),
        ],
      };
    }
  },
});

import { evidence, weigh } from "../../stack/query.ts";
import { queuedJobs } from "../../stack/query-queued.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "observe/worker-missing",
  title: "Something takes the jobs out of the queue",
  claim: "failure-is-noticed",
  severity: "high",
  why: "Each job is written into the queue and stays there, without an error or a line in a log: mails are not sent, files not worked on, and the queue fills the memory of its store.",
  *check(stack) {
    for (const { service, worker, start, job, call } of queuedJobs(stack)) {
      yield {
        subject: `${service.name} ${start}`,
        message: `The code of "${service.name}" puts jobs into a queue, and nothing runs ${worker} (\`${start}\`): they wait for ever.`,
        severity: weigh(service, "high"),
        confidence: "likely",
        evidence: [
          evidence(call, "put into the queue"),
          ...(job.file === call.file && job.span.start === call.span.start
            ? []
            : [evidence(job, "made for it")]),
          evidence(service.at, "no service beside it takes them out"),
        ],
      };
    }
  },
});

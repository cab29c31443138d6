import { evidence, weigh } from "../../stack/query.ts";
import { logFiles } from "../../stack/query-log-files.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "observe/log-file",
  title: "A framework's log goes where its lines are bounded and read",
  claim: "logs-are-bounded",
  severity: "medium",
  why: "The file grows for as long as it has room, until the disk is full; and whoever asks the engine for the container's log sees nothing of the errors.",
  *check(stack) {
    for (const { service, framework, path, at, shows, keptAt } of logFiles(stack)) {
      yield {
        subject: service.name,
        message: `${framework} in "${service.name}" writes its log to ${path} and not to the container's output: ${keptAt ? "the file lasts, and nothing in this repository rotates it" : "the file goes with the container, and nothing rotates it before"}.`,
        severity: weigh(service, keptAt ? "medium" : "low"),
        confidence: "likely",
        evidence: [
          evidence(at, shows),
          evidence(service.at, "is not told to log elsewhere"),
          ...(keptAt ? [evidence(keptAt, "keeps the file")] : []),
        ],
      };
    }
  },
});

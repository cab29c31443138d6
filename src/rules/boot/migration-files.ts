import { basename } from "../../core/path.ts";
import { evidence, isOptional, weigh } from "../../stack/query.ts";
import { lackedFiles } from "../../stack/query-migration-files.ts";
import { oncePerPlace } from "../../stack/query-process.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/migration-files",
  title: "What a migration reads is in the container that runs it",
  claim: "migrates-safely",
  severity: "critical",
  why: "The tool ends with an error before it has done anything: a container that migrates at its start does not come up, and a release that does it goes on with the old schema.",
  *check(stack) {
    const first = oncePerPlace();
    for (const { service, at, tool, path, answer, atStart } of lackedFiles(stack)) {
      if (isOptional(service) || !first(at)) continue;
      const decides = answer.at ?? service.model?.stage.copies.findLast(copy => !copy.from)?.at;
      yield {
        subject: `${service.name} ${basename(path)}`,
        message: `${tool} is run in "${service.name}", and reads ${path}, which is not in its container.`,
        severity: weigh(service, atStart ? "critical" : "high"),
        confidence: "likely",
        evidence: [
          evidence(at, `reads ${basename(path)}`),
          ...(decides
            ? [
                evidence(
                  decides,
                  answer.at ? "this mount decides what is there" : "this is what the image gets",
                ),
              ]
            : []),
        ],
      };
    }
  },
});

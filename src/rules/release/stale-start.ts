import { evidence, listNames, weigh } from "../../stack/query.ts";
import { staleStarts } from "../../stack/query-stale-start.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "release/stale-start",
  title: "A release starts the version that it brings",
  claim: "rolls-out-without-downtime",
  severity: "high",
  why: "`up` builds an image only when there is none: from the second release on the old one is started again, and the release is reported as done.",
  *check(stack) {
    for (const { run, project, start, brings, services } of staleStarts(stack)) {
      const one = services.length === 1;
      yield {
        subject: run.title,
        message: `The release in ${run.title} ${brings.what === "sources" ? "brings new sources" : "pulls images"} and starts ${listNames(services.map(each => each.name))} without building: Compose knows ${one ? "it" : "them"} by ${one ? "its" : "their"} \`build\` only, so the image of the first release runs on.`,
        severity: weigh(project, "high"),
        confidence: "likely",
        evidence: [
          evidence(start.at, "starts what was built before: no `--build`"),
          evidence(
            brings.call.at,
            brings.what === "sources" ? "brings the new version" : "pulls only what has an `image`",
          ),
          ...services.map(each => evidence(each.build!.at, "no `image`: built where it runs")),
        ],
      };
    }
  },
});

import { evidence, gradeOf } from "../../stack/query.ts";
import { directoryName } from "../../stack/query-build.ts";
import { unshipped } from "../../stack/query-unshipped.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/no-dockerfile",
  title: "Every web application of the repository is shipped by something",
  claim: "builds",
  severity: "low",
  why: "How the application gets to its users is known to one person or one dashboard: nobody else can build, move or restore it.",
  *check(stack) {
    const shipped = stack.services.find(
      service => gradeOf(service) === "deployed" && service.build && service.component,
    );
    if (!shipped) return;
    const other = shipped.component!;
    for (const component of unshipped(stack)) {
      yield {
        subject: component.dir,
        message: `Nothing here builds or serves ${component.dir}/: the Compose file ships ${directoryName(other.dir)} ("${shipped.name}"), and no image, workflow or hosting configuration takes up this application.`,
        evidence: [
          evidence(component.at, "an application that nothing ships"),
          evidence(shipped.at, "is shipped from here"),
        ],
        confidence: "likely",
      };
    }
  },
});

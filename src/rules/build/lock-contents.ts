import { evidence, listPlain } from "../../stack/query.ts";
import { places } from "../../stack/query-build.ts";
import { judgedLocks } from "../../stack/query-refused-locks.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/lock-contents",
  title: "A lock file has what its own packages ask for",
  claim: "builds",
  severity: "critical",
  why: "npm ci works out the whole tree before it installs, and stops when the lock file leaves a part of it out or holds two packages that refuse each other: the image cannot be built, and a job of the pipeline fails each time.",
  *check(stack) {
    for (const installs of judgedLocks(stack)) {
      const { fault, drift, lock, at, severity } = installs[0]!;
      // What does not fit the manifest is another finding.
      if (drift.length > 0 || !lock.path.endsWith(".json")) continue;
      if (!fault) {
        yield { subject: lock.path, kept: evidence(at, "the lock file is whole") };
        continue;
      }
      const where = [...new Set(installs.map(each => each.where))];
      yield {
        subject: lock.path,
        message: `${lock.path} ${fault.says}: ${where.length === 1 ? "the install" : "the installs"} in ${listPlain(where)} ${where.length === 1 ? "is" : "are"} refused until ${fault.until}.`,
        evidence: [
          ...places(
            installs.map(each => each.at),
            "refuses the lock file",
          ),
          ...fault.evidence,
        ],
        severity,
      };
    }
  },
});

import { evidence, listNames, listPlain } from "../../stack/query.ts";
import { places } from "../../stack/query-build.ts";
import type { Drift } from "../../stack/query-drift.ts";
import { judgedLocks } from "../../stack/query-refused-locks.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/lock-drift",
  title: "Lock files fit the manifests beside them",
  claim: "builds",
  severity: "critical",
  why: "npm ci and its kin stop when the lock file was not made for the manifest, so the image cannot be built, and a job of the pipeline fails each time.",
  *check(stack) {
    for (const installs of judgedLocks(stack)) {
      const { drift, manifest, lock, at, severity } = installs[0]!;
      if (drift.length === 0) {
        yield { subject: manifest.path, kept: evidence(at, "the lock file fits") };
        continue;
      }
      const where = [...new Set(installs.map(each => each.where))];
      yield {
        subject: lock.path,
        message: `${lock.path} was not made for ${manifest.path}: it ${differenceOf(drift)}, so ${where.length === 1 ? "the install" : "the installs"} in ${listPlain(where)} ${where.length === 1 ? "is" : "are"} refused until the file is written anew.`,
        evidence: [
          ...places(
            installs.map(each => each.at),
            "refuses a lock file that does not fit",
          ),
          ...drift.flatMap(each =>
            places(
              [each.dependency.at],
              each.gone
                ? "the manifest does not ask for it"
                : each.locked === undefined
                  ? "not in the lock file"
                  : `locked at ${each.locked}`,
            ),
          ),
        ],
        severity,
      };
    }
  },
});

function differenceOf(drift: readonly Drift[]): string {
  const namesOf = (some: readonly Drift[]) => listNames(some.map(each => each.dependency.name));
  const lacking = drift.filter(each => !each.gone);
  const spare = drift.filter(each => each.gone);
  return [
    ...(lacking.length > 0 ? [`does not serve ${namesOf(lacking)}`] : []),
    ...(spare.length > 0 ? [`has ${namesOf(spare)}, which nothing asks for`] : []),
  ].join(" and ");
}

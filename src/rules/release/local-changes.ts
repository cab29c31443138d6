import type { Severity } from "../../core/finding.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import { type LocalChange, localChanges } from "../../stack/query-local-changes.ts";
import { callerName } from "../../stack/query-scripts.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "release/local-changes",
  title: "What is set on the server outlives a release",
  claim: "rolls-out-without-downtime",
  severity: "high",
  why: "The front door goes back to what the repository says, without the certificate, the domain or the colour that serves; or git refuses the new code on the day on which both sides have changed the file.",
  *check(stack) {
    const changes = localChanges(stack);
    for (const kind of ["reset", "pull"] as const) {
      const found = changes.filter(change => change.kind === kind);
      const [first] = found;
      if (!first) continue;
      const paths = listNames(found.map(({ path }) => path));
      const writers = [...new Set(found.map(({ writer }) => callerName(writer)))].join(" and ");
      const release = callerName(first.git);
      yield {
        subject: first.path,
        message:
          kind === "reset"
            ? `${writers} ${writers.includes(" and ") ? "change" : "changes"} ${paths} on the server, and ${release} puts the committed text back: what was set there is gone with each release.`
            : `${writers} ${writers.includes(" and ") ? "change" : "changes"} ${paths} on the server, which git tracks: \`git pull\` in ${release} refuses to go on as soon as the repository has changed the file, too.`,
        severity: weigh(first.project, severityOf(kind, found)),
        confidence: "likely",
        evidence: [
          evidence(first.writer.call.at, "changes it on the server"),
          ...found.slice(1).map(({ writer }) => evidence(writer.call.at, "changes it on the server")),
          evidence(
            first.git.call.at,
            kind === "reset" ? "puts the committed text back" : "stops at a changed file",
          ),
          evidence(first.usedAt, "uses the file"),
        ],
      };
    }
  },
});

function severityOf(kind: LocalChange["kind"], found: readonly LocalChange[]): Severity {
  return kind === "reset" && found.some(({ whole }) => whole) ? "high" : "medium";
}

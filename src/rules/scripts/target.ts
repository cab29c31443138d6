import type { Severity } from "../../core/finding.ts";
import { targetFix } from "../../remedies/target-name.ts";
import { listNames } from "../../stack/query.ts";
import { callerName, isBackupWork, isWorkstationCall } from "../../stack/query-scripts.ts";
import {
  type MissingTarget,
  missingBecause,
  missingEvidence,
  missingTargets,
} from "../../stack/query-targets.ts";
import type { PlacedCall } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "scripts/target",
  title: "Scripts address containers and services that exist",
  claim: "failure-is-noticed",
  severity: "medium",
  why: "A command on a container or service that is not there does nothing; a check that ignores its exit status then reports on nothing at all.",
  *check(stack) {
    const told = missingTargets(stack).filter(
      ({ places }) => !places.some(isBackupWork) && !places.every(isWorkstationCall),
    );
    const fileOf = (missing: MissingTarget) => missing.places[0]!.caller.file;
    const unlike = told.filter(({ what, instead }) => what === "service" && instead.length === 0);
    // A script for another stack than the one that is there has one fault, however many services it names.
    const grouped = new Set(
      unlike.filter(missing => unlike.some(other => other !== missing && fileOf(other) === fileOf(missing))),
    );
    for (const file of new Set([...grouped].map(fileOf))) {
      // Containers of that other stack are missing for the same reason.
      for (const missing of told)
        if (missing.what === "container" && fileOf(missing) === file) grouped.add(missing);
      const all = [...grouped].filter(missing => fileOf(missing) === file);
      const services = all.filter(({ what }) => what === "service");
      const files = [...new Set(all.flatMap(missing => missing.files))];
      const places = all.flatMap(missing => missing.places);
      const [one, ...more] = all.flatMap(missingEvidence);
      yield {
        subject: `${file}: services`,
        message: `${callerName(all[0]!.places[0]!)} works on the services ${listNames(services.map(({ name }) => name))}, which ${files.join(" and ")} ${files.length === 1 ? "does" : "do"} not define: the commands fail.`,
        evidence: [one!, ...more],
        severity: severityOf(places),
        ...(all.some(({ sure }) => sure) ? {} : { confidence: "likely" as const }),
      };
    }
    for (const missing of told) {
      if (grouped.has(missing)) continue;
      const first = missing.places[0]!;
      yield {
        subject: `${first.caller.file}: ${missing.name}`,
        message: `${callerName(first)} works on the ${missing.what} "${missing.name}", ${missingBecause(missing)}: the command fails.`,
        evidence: missingEvidence(missing),
        severity: severityOf(missing.places),
        fix: () => targetFix(stack, missing),
        ...(missing.sure ? {} : { confidence: "likely" as const }),
      };
    }
  },
});

/** A pipeline that brings it up ends there each time; a release that only looks whether it runs goes on without it. */
function severityOf(places: readonly PlacedCall[]): Severity {
  const released = places.filter(({ deploys }) => deploys);
  if (released.some(endsJob)) return "high";
  const looks = released.every(
    ({ call }) => call.kind === "compose" && /^(?:ps|logs|images|top)$/.test(call.subcommand ?? ""),
  );
  return released.length > 0 && !looks ? "medium" : "low";
}

function endsJob({ caller, call }: PlacedCall): boolean {
  return (
    (caller.kind === "workflow" || caller.kind === "stage") &&
    call.kind === "compose" &&
    call.subcommand === "up" &&
    // `up -d web || true`
    call.command.connector !== "||"
  );
}

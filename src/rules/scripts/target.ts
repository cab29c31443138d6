import { targetFix } from "../../remedies/target-name.ts";
import { callerName, isBackupWork, isWorkstationCall } from "../../stack/query-scripts.ts";
import { missingBecause, missingEvidence, missingTargets } from "../../stack/query-targets.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "scripts/target",
  title: "Scripts address containers and services that exist",
  claim: "failure-is-noticed",
  severity: "medium",
  why: "A command on a container or service that is not there does nothing; a check that ignores its exit status then reports on nothing at all.",
  *check(stack) {
    for (const missing of missingTargets(stack)) {
      if (missing.places.some(isBackupWork) || missing.places.every(isWorkstationCall)) continue;
      const first = missing.places[0]!;
      yield {
        subject: `${first.caller.file}: ${missing.name}`,
        message: `${callerName(first)} works on the ${missing.what} "${missing.name}", ${missingBecause(missing)}: the command fails.`,
        evidence: missingEvidence(missing),
        severity: missing.places.some(place => place.deploys) ? "medium" : "low",
        fix: () => targetFix(stack, missing),
        ...(missing.sure ? {} : { confidence: "likely" as const }),
      };
    }
  },
});

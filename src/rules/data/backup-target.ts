import { targetFix } from "../../remedies/target-name.ts";
import { isStore } from "../../stack/query.ts";
import { callerName, isBackupWork, isWorkstationCall, projectsOfCall } from "../../stack/query-scripts.ts";
import {
  type MissingTarget,
  missingBecause,
  missingEvidence,
  missingTargets,
} from "../../stack/query-targets.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "data/backup-target",
  title: "Backups and restores address a container that production creates",
  claim: "backup-restores",
  severity: "critical",
  why: "A backup of a container that is not there saves nothing, or saves the development data while it reports success; it is noticed on the day of the restore.",
  *check(stack) {
    for (const missing of missingTargets(stack)) {
      if (!missing.places.some(isBackupWork) || missing.places.every(isWorkstationCall)) continue;
      const first = missing.places[0]!;
      const consequence =
        missing.elsewhere.length > 0
          ? "it fails there, or works on the development data where both run"
          : "the command fails";
      yield {
        subject: `${first.caller.file}: ${missing.name}`,
        message: `${callerName(first)} works on the ${missing.what} "${missing.name}", ${missingBecause(missing)}: ${consequence}.`,
        evidence: missingEvidence(missing),
        severity: isForWork(stack, missing)
          ? "low"
          : missing.instead.length === 0 || missing.instead.some(isStore)
            ? "critical"
            : "high",
        fix: () => targetFix(stack, missing),
        ...(missing.sure ? {} : { confidence: "likely" as const }),
      };
    }
  },
});

/** It names a container of the file for work, and another command saves what production keeps. */
function isForWork(stack: Stack, { places, elsewhere }: MissingTarget): boolean {
  return (
    elsewhere.length > 0 &&
    stack.calls.some(placed => {
      const { call } = placed;
      return (
        call.kind === "compose" &&
        call.subcommand === "exec" &&
        !places.includes(placed) &&
        isBackupWork(placed) &&
        projectsOfCall(stack, { ...placed, call }).some(
          ({ grade, services }) =>
            grade === "deployed" &&
            services.some(
              service => isStore(service) && call.services.some(({ value }) => value === service.name),
            ),
        )
      );
    })
  );
}

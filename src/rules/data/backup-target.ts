import { addTo } from "../../core/group.ts";
import { targetFix } from "../../remedies/target-name.ts";
import { evidence, isStore, listPlain } from "../../stack/query.ts";
import { saidOnPage } from "../../stack/query-page-steps.ts";
import {
  callerName,
  isBackupWork,
  isWorkstationCall,
  projectsOfCall,
  worksForWork,
} from "../../stack/query-scripts.ts";
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
    // A service that has got another name is missed by every script that calls it.
    const groups = new Map<string, MissingTarget[]>();
    for (const missing of missingTargets(stack)) {
      if (!missing.places.some(isBackupWork) || missing.places.every(isWorkstationCall)) continue;
      const one = missing.what === "service" ? missing.files.join("\n") : missing.places[0]!.caller.file;
      addTo(groups, `${missing.name}\n${one}`, missing);
    }
    for (const group of groups.values()) {
      const [missing] = group as [MissingTarget];
      const first = missing.places[0]!;
      const callers = [...new Set(group.map(each => callerName(each.places[0]!)))];
      const consequence =
        missing.elsewhere.length > 0
          ? "it fails there, or works on the development data where both run"
          : callers.length === 1
            ? "the command fails"
            : "the commands fail";
      const [place, ...more] = group.flatMap(missingEvidence);
      const page = missing.what === "container" ? saidOnPage(stack, missing.name) : undefined;
      yield {
        subject: `${first.caller.file}: ${missing.name}`,
        message: `${listPlain(callers)} ${callers.length === 1 ? "works" : "work"} on the ${missing.what} "${missing.name}", ${missingBecause(missing)}: ${consequence}.`,
        evidence: [place!, ...more, ...(page ? [evidence(page, "a page says that it runs there")] : [])],
        severity: group.every(each => isForWork(stack, each))
          ? "low"
          : page
            ? "medium"
            : missing.instead.length === 0 || missing.instead.some(isStore)
              ? "critical"
              : "high",
        fix: () => (group.length === 1 ? targetFix(stack, missing) : undefined),
        ...(group.some(each => each.sure) && !page ? {} : { confidence: "likely" as const }),
      };
    }
  },
});

/** It works on what is for work alone; or it names a container of that, and another command saves what production keeps. */
function isForWork(stack: Stack, { places, elsewhere }: MissingTarget): boolean {
  if (places.every(placed => worksForWork(stack, placed))) return true;
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

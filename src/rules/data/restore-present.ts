import { evidence } from "../../stack/query.ts";
import { hasRestore, keptBackups, keptStores } from "../../stack/query-backups.ts";
import { callerName, commandPlace } from "../../stack/query-scripts.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "data/restore-present",
  title: "A backup comes with the way to restore it",
  claim: "backup-restores",
  severity: "medium",
  why: "A restore that was never written down or tried takes hours when minutes count, and often turns out to be impossible.",
  *check(stack) {
    if (keptStores(stack).length === 0 || hasRestore(stack)) return;
    const calls = keptBackups(stack);
    const first = calls[0];
    if (!first) return;
    const [place, ...more] = calls.map(({ call }) => evidence(commandPlace(call), "makes a backup"));
    yield {
      subject: first.caller.file,
      message: `${callerName(first)} makes backups, and nothing in this repository restores one.`,
      evidence: [place!, ...more],
      confidence: "likely",
    };
  },
});

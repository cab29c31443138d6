import { evidence, isOptional, listNames, serverServices, weigh } from "../../stack/query.ts";
import { isBackupService } from "../../stack/query-backup-signs.ts";
import { isSecondDatabase } from "../../stack/query-backup-ways.ts";
import { hasSchedule, isOwnData, keptBackups, keptStores } from "../../stack/query-backups.ts";
import { callerName, commandPlace } from "../../stack/query-scripts.ts";
import { typedBackup } from "../../stack/query-typed-backup.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "data/backup-schedule",
  title: "Backups run by themselves",
  claim: "backup-restores",
  severity: "low",
  why: "A backup that somebody has to remember is as old as the last time somebody did.",
  *check(stack) {
    for (const service of serverServices(stack)) {
      if (!isSecondDatabase(service)) continue;
      yield {
        subject: service.name,
        message: `"${service.name}" makes no backup: it has no command, so it starts what its image starts, an empty database of its own.`,
        severity: weigh(service, "high"),
        evidence: [
          evidence(service.at, "no command"),
          ...(service.image ? [evidence(service.image.at, "the image of a database")] : []),
        ],
      };
      return;
    }
    if (!hasStore(stack) || stack.services.some(isBackupService)) return;
    yield* typed(stack);
    const calls = keptBackups(stack);
    const first = calls[0];
    if (!first || hasSchedule(stack, new Set(calls.map(({ caller }) => caller.file)))) return;
    yield {
      subject: first.caller.file,
      message: `${callerName(first)} makes backups, and nothing in this repository runs it at set times.`,
      evidence: [evidence(commandPlace(first.call), "makes a backup when somebody starts it")],
      confidence: "likely",
    };
  },
});

/** All that there is of a backup is a command on a page. */
function* typed(stack: Stack) {
  const stores = keptStores(stack);
  const at = stores.length > 0 && isOwnData(stack, stores) ? typedBackup(stack) : undefined;
  if (!at) return;
  yield {
    subject: at.file,
    message: `The data of ${listNames([...new Set(stores.map(({ name }) => name))])} is saved when somebody types the command of ${at.file}: nothing in this repository does it.`,
    severity: weigh(stores[0]!, "medium"),
    confidence: "likely" as const,
    evidence: [
      evidence(at, "all that there is of a backup"),
      ...stores.map(store => evidence(store.at, "keeps data")),
    ],
  };
}

/** A deployed database or object store; whether its data is kept in the right place is another question. */
function hasStore(stack: Stack): boolean {
  return stack.services.some(
    service =>
      service.project.grade === "deployed" &&
      /^(?:database|storage)$/.test(service.kind) &&
      !service.oneShot &&
      !isOptional(service),
  );
}

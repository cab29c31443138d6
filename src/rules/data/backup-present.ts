import { backupFix } from "../../remedies/backup-fix.ts";
import { evidence, listNames, weighLack } from "../../stack/query.ts";
import {
  hasBackup,
  isOwnData,
  keptFiles,
  keptIndexes,
  keptStores,
  lastingCaches,
} from "../../stack/query-backups.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "data/backup-present",
  title: "The production data is backed up",
  claim: "backup-restores",
  severity: "high",
  why: "A deleted volume, a broken disk or a wrong migration loses everything that was ever entered.",
  *check(stack) {
    const rows = keptStores(stack);
    const databases = rows.length > 0 ? rows : keptIndexes(stack);
    // Where no server keeps the data, the program may, in a file of its own.
    const files = databases.length === 0 ? keptFiles(stack) : [];
    // A queue or a cache that can be filled again may be told to keep, too.
    const isUnsure = databases.length === 0 && files.length === 0;
    const stores =
      files.length > 0 ? files.map(each => each.service) : isUnsure ? lastingCaches(stack) : databases;
    const first = stores[0];
    if (!first || hasBackup(stack)) return;
    const names = [...new Set(stores.map(service => service.name))];
    // Where every image is pulled and nothing ships the file, it is often an example for others to run.
    const shipped = stores.some(store => store.project.because.at !== undefined);
    const [place, ...more] =
      files.length > 0
        ? files.map(({ mount }) => evidence(mount.at, "keeps a SQLite database, and nothing backs it up"))
        : stores.map(service => evidence(service.at, "keeps data, and nothing backs it up"));
    yield {
      subject: first.project.name,
      message: `Nothing in this repository backs up the data of ${names.length === 1 ? "service" : "the services"} ${listNames(names)}.`,
      evidence: [place!, ...more],
      severity: weighLack(first, isOwnData(stack, stores) ? "high" : shipped ? "medium" : "low"),
      confidence: isUnsure ? "possible" : "likely",
      ...(files.length > 0 ? {} : { fix: () => backupFix(stack, stores) }),
    };
  },
});

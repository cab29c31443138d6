import { backupFix } from "../../remedies/backup-fix.ts";
import { evidence, listNames } from "../../stack/query.ts";
import { hasBackup, keptStores, lastingCaches } from "../../stack/query-backups.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "data/backup-present",
  title: "The production data is backed up",
  claim: "backup-restores",
  severity: "high",
  why: "A deleted volume, a broken disk or a wrong migration loses everything that was ever entered.",
  *check(stack) {
    const databases = keptStores(stack);
    // A queue or a cache that can be filled again may be told to keep, too.
    const isUnsure = databases.length === 0;
    const stores = isUnsure ? lastingCaches(stack) : databases;
    const first = stores[0];
    if (!first || hasBackup(stack)) return;
    const names = [...new Set(stores.map(service => service.name))];
    // Where every image is pulled and nothing ships the file, it is often an example for others to run.
    const own = stores.some(store => store.project.services.some(service => service.build !== undefined));
    const shipped = stores.some(store => store.project.because.at !== undefined);
    const [place, ...more] = stores.map(service =>
      evidence(service.at, "keeps data, and nothing backs it up"),
    );
    yield {
      subject: first.project.name,
      message: `Nothing in this repository backs up the data of ${names.length === 1 ? "service" : "the services"} ${listNames(names)}.`,
      evidence: [place!, ...more],
      severity: own ? "high" : shipped ? "medium" : "low",
      confidence: isUnsure ? "possible" : "likely",
      fix: () => backupFix(stack, stores),
    };
  },
});

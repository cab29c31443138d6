import { evidence, weigh } from "../../stack/query.ts";
import { liveCopies } from "../../stack/query-live-copies.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "data/copied-while-running",
  title: "No backup copies the files of a running database",
  claim: "backup-restores",
  severity: "high",
  why: "The database goes on writing while the files are read one after the other: the copy holds pages of different moments, and often does not start, which nobody notices before the restore.",
  *check(stack) {
    for (const { store, mount, at, by } of liveCopies(stack))
      yield {
        subject: store.name,
        message: `The only backup of "${store.name}" is a copy of its files, which ${by} makes while it runs.`,
        severity: weigh(store, "high"),
        confidence: "likely",
        evidence: [
          evidence(at, "copies the files as they are"),
          evidence(mount.at, `"${store.name}" writes here`),
        ],
      };
  },
});

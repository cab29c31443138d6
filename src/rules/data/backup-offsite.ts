import { evidence, listNames } from "../../stack/query.ts";
import { isBackupService } from "../../stack/query-backup-signs.ts";
import { keptBackups, keptStores, leavesMachine } from "../../stack/query-backups.ts";
import { localBackups } from "../../stack/query-local-backups.ts";
import { callerName, commandPlace } from "../../stack/query-scripts.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "data/backup-offsite",
  title: "Backups leave the machine that they save",
  claim: "backup-restores",
  severity: "medium",
  why: "A broken disk, a deleted server or an intruder takes the backups together with the data.",
  *check(stack) {
    if (keptStores(stack).length === 0) return;
    const [local, ...others] = localBackups(stack);
    if (local) {
      const all = [local, ...others];
      yield {
        subject: local.service.name,
        message: `${listNames([...new Set(all.map(({ service }) => service.name))])} ${all.length === 1 ? "keeps its" : "keep their"} backups on the machine that holds the data, and nothing takes them elsewhere.`,
        evidence: [
          evidence(local.mount.at, "a folder of the same machine"),
          ...others.map(({ mount }) => evidence(mount.at, "a folder of the same machine")),
        ],
        confidence: "likely",
      };
    }
    if (stack.services.some(isBackupService)) return;
    const calls = keptBackups(stack);
    const first = calls[0];
    if (!first) return;
    const files = new Set(calls.map(({ caller }) => caller.file));
    const related = stack.calls.filter(
      ({ caller, call }) =>
        files.has(caller.file) ||
        /back-?_?up/i.test(caller.file) ||
        call.args.some(arg => /back-?_?up/i.test(arg.word.text)),
    );
    // A dump that is made from another machine ends up there.
    if (related.some(({ call }) => leavesMachine(call)) || calls.some(({ call }) => call.stdin === "script"))
      return;
    if (calls.some(({ caller, call }) => caller.kind === "workflow" && !call.remote)) return;
    if (calls.some(({ call }) => isMailed(call.script.fragment.text))) return;
    if (calls.some(({ call }) => /["' ]\/(mnt|media|nfs)\//.test(call.script.fragment.text))) return;
    const [place, ...more] = calls.map(({ call }) =>
      evidence(commandPlace(call), "written to the same machine"),
    );
    yield {
      subject: first.caller.file,
      message: `${callerName(first)} writes backups to the machine that holds the data, and nothing takes them elsewhere.`,
      evidence: [place!, ...more],
      confidence: "likely",
    };
  },
});

/** The script sends it by mail as an attachment. */
function isMailed(text: string): boolean {
  return (
    /\battach(?:ment)?s?\b/i.test(text) &&
    /\b(?:e?-?mails?|smtp|nodemailer|mutt|sendmail)\b/i.test(text.replaceAll("_", " "))
  );
}

import { evidence } from "../../stack/query.ts";
import {
  type Deletion,
  deletions,
  filesWritten,
  mayMeet,
  type NamedFile,
} from "../../stack/query-backup-names.ts";
import { backupCalls } from "../../stack/query-backups.ts";
import { callerName } from "../../stack/query-scripts.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "data/backup-retention",
  title: "Old backups are deleted under the names that they have",
  claim: "backup-restores",
  severity: "medium",
  why: "Nothing is ever deleted: the backups fill the disk, and on a full disk the database stops and the next dump is cut off.",
  *check(stack) {
    const calls = backupCalls(stack);
    const scripts = new Set(calls.map(({ caller }) => `${caller.file}\n${caller.name ?? ""}`));
    const found = deletions(stack).filter(({ placed: { caller } }) =>
      scripts.has(`${caller.file}\n${caller.name ?? ""}`),
    );
    if (found.length === 0) return;
    const written = stack.calls.flatMap(placed => filesWritten(placed).map(file => ({ file, placed })));
    for (const deletion of found) {
      const { caller } = deletion.placed;
      // What this script itself dumps is what it cleans up after.
      const dumps = new Set(
        calls.filter(each => each.caller.file === caller.file).map(({ call }) => call.script),
      );
      const own = written.filter(({ placed }) => dumps.has(placed.call.script)).map(each => each.file);
      const wrong = judge(
        deletion,
        own,
        written.map(each => each.file),
      );
      if (!wrong) continue;
      yield {
        subject: `${caller.file}: ${deletion.names[0]!.text}`,
        message: `${callerName(deletion.placed)} ${wrong.text}: no old backup is ever deleted.`,
        evidence: [
          evidence(wrong.at, wrong.shows),
          evidence(wrong.file.at, `written as ${wrong.file.directory}/${wrong.file.name}`),
        ],
        confidence: "likely",
        fix: () => {
          const ending = /\*(\.[\w.]+)$/.exec(wrong.file.name)?.[1];
          if (wrong.what !== "name" || ending === undefined || deletion.names.length > 1) return undefined;
          return {
            title: `Delete *${ending}`,
            grade: "needs-testing" as const,
            edits: [{ at: deletion.names[0]!.arg.at, text: `'*${ending}'` }],
            test: "Run the command with -print in place of -delete: it has to list the backups that are too old, and no others.",
          };
        },
      };
    }
  },
});

const backupName = /sql|dump|back-?up|bak|\.(?:tar|t?gz|zst|bz2|xz|zip|rdb|archive|gpg)/i;

function judge(deletion: Deletion, own: readonly NamedFile[], all: readonly NamedFile[]) {
  const here = own.filter(file =>
    deletion.directories.some(({ text }) => mayMeet(`${text}*`, `${file.directory}/`)),
  );
  const named = (file: NamedFile) => deletion.names.some(({ text }) => mayMeet(text, file.name));
  const last = here.findLast(file => backupName.test(file.name));
  if (last) {
    // Any other script may fill the same directory.
    const elsewhere = all.filter(file =>
      deletion.directories.some(({ text }) => mayMeet(`${text}*`, `${file.directory}/`)),
    );
    if (elsewhere.some(named)) return undefined;
    return {
      what: "name" as const,
      text: `deletes files named "${deletion.names[0]!.text}", and writes none of that name there`,
      at: deletion.names[0]!.arg.at,
      shows: "fits none of the names that are written",
      file: last,
    };
  }
  if (here.length > 0) return undefined;
  const [directory, ...more] = deletion.directories;
  const meant = own.filter(file => named(file) && backupName.test(file.name));
  const isKnown = (text: string) => /^\/[^*?[]+$/.test(text);
  if (!directory || more.length > 0 || meant.length === 0 || !isKnown(directory.text)) return undefined;
  if (!meant.every(file => isKnown(file.directory))) return undefined;
  if (all.some(file => mayMeet(`${directory.text}*`, `${file.directory}/`))) return undefined;
  return {
    what: "directory" as const,
    text: `deletes old files below ${directory.text}, and writes its backups to ${meant[0]!.directory}`,
    at: directory.at,
    shows: "nothing writes backups here",
    file: meant[0]!,
  };
}

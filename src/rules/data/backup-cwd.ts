import type { Script } from "../../artifacts/script.ts";
import type { Fix } from "../../core/fix.ts";
import { basename } from "../../core/path.ts";
import { beforeFirst } from "../../formats/shell-edit.ts";
import { evidence } from "../../stack/query.ts";
import { isWorkstationCall } from "../../stack/query-scripts.ts";
import type { PlacedCall, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const unattended =
  /(^|[^a-z])(back-?_?up\w*|monitor\w*|renew\w*|cleanup|rotate\w*|cron\w*|nightly)([^a-z]|$)/i;

export default defineRule({
  id: "data/backup-cwd",
  title: "Unattended scripts work from any directory",
  claim: "failure-is-noticed",
  severity: "low",
  why: "A script that cron starts begins in the home directory of its user: it stops at the first missing file, or writes its backups to a place where nobody looks.",
  *check(stack) {
    for (const script of stack.scripts) {
      if (!unattended.test(basename(script.file))) continue;
      const placed = stack.calls.filter(({ caller }) => caller.script === script);
      if (placed.length === 0 || placed.some(isWorkstationCall) || placed.some(changesDirectory)) continue;
      if (isCalled(stack, script.file)) continue;
      const text = script.source.text;
      const relative = script.references.filter(({ at, call }) => {
        const written = text.slice(at.span.start, at.span.end).replace(/["']/g, "");
        // Only what is surely a file beside the project: written out, and asked for at the top of the script.
        return (
          call.via === undefined &&
          /^(\.\/|\.env|[\w-][\w.-]*\/|[\w.-]+\.ya?ml$)/.test(written) &&
          !/[$*]/.test(written)
        );
      });
      const [first, ...more] = relative;
      if (!first) continue;
      yield {
        subject: script.file,
        message: `${script.file} looks for its files in the directory that it is started from, and never changes to its own.`,
        evidence: [
          evidence(first.at, "relative to wherever it is started"),
          ...more.map(({ at }) => evidence(at, "relative to wherever it is started")),
        ],
        confidence: "likely",
        fix: () => homeFix(script),
      };
    }
  },
});

/** The paths are those of the repository's root; the script goes there from its own folder. */
function homeFix(script: Script): Fix | undefined {
  const up = script.file
    .split("/")
    .slice(1)
    .map(() => "/..")
    .join("");
  const edit = beforeFirst(script.source, script.script, [`cd "$(dirname "$0")${up}"`]);
  if (!edit) return undefined;
  return {
    title: "Change to the repository's folder first",
    grade: "needs-testing",
    edits: [edit],
    test: "Start the script from another folder: it has to find its files, and to write where it did.",
  };
}

function changesDirectory({ call }: PlacedCall): boolean {
  return call.name === "cd" || call.name === "pushd" || call.name === "docker-entrypoint.sh";
}

/** Something in the repository starts it, from a place that is known. */
function isCalled(stack: Stack, file: string): boolean {
  return stack.calls.some(
    ({ call, caller }) =>
      caller.file !== file && call.kind === "program" && call.file?.value?.endsWith(basename(file)),
  );
}

import type { Fix } from "../core/fix.ts";
import { lineText, positionAt } from "../core/source.ts";
import { repositoryPathOf } from "../stack/query-certificates.ts";
import type { Stack } from "../stack/stack.ts";

const saysGenerated =
  /\b(?:auto-?generated|generated (?:by|from|with|file)|do not edit|do not modify|managed by (?:ansible|chef|puppet|terraform|helm))\b/i;

/** Lines of a file in which its generator would say so. */
const headerLines = 6;

/** Why files of this fix are not edited here, as sentences: the next run of a generator, or git, would lose the change. */
export function untouchable(
  stack: Stack,
  fix: Fix,
  locked: (file: string) => string | undefined = () => undefined,
): string[] {
  const files = [...new Set(fix.edits.map(edit => edit.at.file))];
  return files.flatMap(file => {
    const lock = locked(file);
    if (lock) return [lock];
    if (stack.files.ignored(file) && stack.files.tracked(file) !== true)
      return [
        `git ignores ${file}: a change would reach nobody else. Make it by hand, where the file is used.`,
      ];
    const line = generatedLine(stack, file);
    if (line) return [`${file} is generated (line ${line} says so): change what generates it.`];
    const writer = writerOf(stack, file);
    return writer ? [`${writer} writes ${file} anew each time it runs: change it there.`] : [];
  });
}

/** The number of a comment at the top that names a generator. */
function generatedLine(stack: Stack, file: string): number | undefined {
  if (stack.files.has(file) !== "file") return undefined;
  const found = stack.files.read(file);
  if (!("source" in found)) return undefined;
  const last = positionAt(found.source, found.source.text.length).line;
  for (let line = 1; line <= Math.min(headerLines, last); line++) {
    const text = lineText(found.source, line);
    if (/^\s*(?:#|\/\/|\/\*|\*|<!--|;|--)/.test(text) && saysGenerated.test(text)) return line;
  }
  return undefined;
}

/** The script that writes the whole file from a heredoc. */
function writerOf(stack: Stack, file: string): string | undefined {
  const placed = stack.calls.find(({ call }) =>
    call.writes.some(
      write =>
        !write.append &&
        write.heredoc !== undefined &&
        !call.remote &&
        !call.inside &&
        repositoryPathOf(call.cwd, write.path.value) === file,
    ),
  );
  return placed?.caller.file;
}

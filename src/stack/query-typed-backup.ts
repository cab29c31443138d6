import type { Location } from "../core/source.ts";
import { isPublic } from "./public-project.ts";
import { described, makesBackup } from "./query-backups.ts";
import { pagesOf } from "./query-pages.ts";
import type { Stack } from "./stack.ts";

/** Backups that are only written down for people to type. */

/** Words of a page that something runs at set times, or that others take the backup. */
const takenOver =
  /\bcron|\btimers?\b|schedul|nightly|\bdaily\b|every (?:day|night|hour)|automat\w* backup|backup features|managed|\bsnapshots?\b|\brestic\b|\bborg/i;

/** Where a page has the one command that makes a backup, which somebody has to type; undefined where there is more. */
export function typedBackup(stack: Stack): Location | undefined {
  if (isPublic(stack.files.paths) || makesBackup(stack)) return undefined;
  const found = pagesOf(stack).flatMap(({ path: file, text: page }) => {
    const span = dumpLine(page);
    return span ? [{ page, at: { file, span } }] : [];
  });
  return found.some(({ page }) => takenOver.test(page)) ? undefined : found[0]?.at;
}

/** The first line for a shell that writes a dump into a file. */
function dumpLine(page: string): Location["span"] | undefined {
  let offset = 0;
  const lines = page.split("\n");
  for (const [index, line] of lines.entries()) {
    const text = line.endsWith("\\") ? `${line} ${lines[index + 1] ?? ""}` : line;
    if (text.length < 400 && starts.test(text) && described.test(text) && /back-?_?up/i.test(text)) {
      const start = offset + line.length - line.trimStart().length;
      return { start, end: offset + line.trimEnd().length };
    }
    offset += line.length + 1;
  }
  return undefined;
}

const starts =
  /^[ \t$]*(?:sudo )?(?:docker|docker-compose|podman|pg_dump(?:all)?|mysqldump|mariadb-dump|mongodump)\b/;

import type { Edit, Fix } from "../core/fix.ts";
import { sourceOf } from "../core/project-files.ts";
import { locate } from "../core/source.ts";
import { importName } from "../formats/python-edit.ts";
import type { AppComponent } from "../stack/app/detect.ts";
import type { ClaimedState } from "../stack/query-claimed-state.ts";
import type { Stack } from "../stack/stack.ts";

const database = /^(?:database|db|postgres(?:ql)?|mysql)(?:_?status)?$/i;

/**
 * Lets a health view of Django ask the database before it calls it healthy: a query that fails ends the view, or goes
 * to its own `except`. Undefined where the view speaks of anything else, and where it is a coroutine.
 */
export function askDatabase(
  stack: Stack,
  { kind }: AppComponent,
  claims: readonly ClaimedState[],
): Fix | undefined {
  const [first] = claims;
  const source = first && sourceOf(stack, first.at.file);
  const place = first?.statement;
  if (!source || !place || kind !== "django" || !claims.every(({ name }) => database.test(name)))
    return undefined;
  if (claims.some(each => each.statement?.span.start !== place.span.start)) return undefined;
  const imports = importName(source, "django.db", "connection");
  const start = source.text.lastIndexOf("\n", place.span.start - 1) + 1;
  const indent = source.text.slice(start, place.span.start);
  if (!imports || indent.trim() !== "") return undefined;
  const eol = source.text.includes("\r\n") ? "\r\n" : "\n";
  const step = indent.includes("\t") ? "\t" : "    ";
  const lines = [`with connection.cursor() as cursor:`, `${step}cursor.execute("SELECT 1")`];
  const asks: Edit = {
    at: locate(source, start, start),
    text: lines.map(line => indent + line + eol).join(""),
  };
  return {
    title: "Ask the database before it is called healthy",
    grade: "needs-testing",
    edits: [...imports, asks],
    test: `Stop the database and ask ${first.view}: it must answer with an error, and what restarts unhealthy containers must leave it time.`,
  };
}

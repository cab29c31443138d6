import { isTest, isVendored } from "../../artifacts/project-files.ts";
import type { Edit, Fix } from "../../core/fix.ts";
import { type Location, locate } from "../../core/source.ts";
import { importModule } from "../../formats/python-edit.ts";
import { isPlaceholder } from "../../formats/secret.ts";
import { evidence } from "../../stack/query.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "secrets/script-credential",
  title: "Scripts take the password of the database from outside",
  claim: "no-secret-leaks",
  severity: "low",
  why: "Everyone who can read the repository has the password, and the script stops working, or works on the wrong database, when the password is changed.",
  *check(stack) {
    const places = connections(stack);
    const [first] = places;
    if (!first) return;
    const files = [...new Set(places.map(({ at }) => at.file))];
    yield {
      subject: "scripts",
      message: `${files.length === 1 ? `${files[0]} connects` : `${files.length} scripts connect`} to a database with a password that stands in the code.`,
      evidence: places.slice(0, 12).map(({ at }) => evidence(at, "a password is written here")),
      // It may be the password of a workstation.
      confidence: "likely",
      fix: () => fromEnvironment(stack, places),
    };
  },
});

interface Connection {
  /** The password, without its quotes. */
  readonly at: Location;
  readonly driver: string;
}

/** PGPASSWORD is the name that PostgreSQL's own clients read; for other servers there is no such name. */
function fromEnvironment(stack: Stack, places: readonly Connection[]): Fix | undefined {
  if (!places.every(({ driver }) => /^(?:psycopg2?|asyncpg)$/.test(driver))) return undefined;
  const edits: Edit[] = places.map(({ at: { file, span } }) => ({
    at: { file, span: { start: span.start - 1, end: span.end + 1 } },
    text: 'os.environ["PGPASSWORD"]',
  }));
  for (const file of new Set(places.map(({ at }) => at.file))) {
    const read = stack.files.read(file);
    const imports = "source" in read ? importModule(read.source, "os") : undefined;
    if (!imports) return undefined;
    edits.push(...imports);
  }
  return {
    title: "Take the password from PGPASSWORD",
    grade: "needs-testing",
    edits,
    test: `Run a script against a database that it may touch: PGPASSWORD=... python ${places[0]!.at.file}`,
    afterwards: "Change the password where it was real: git keeps the old one.",
  };
}

const connects =
  /\b(psycopg2?|asyncpg|pymysql|MySQLdb|mysql\.connector|mariadb|pymssql|oracledb|cx_Oracle)\.connect\s*\(([^()]{0,600})\)/g;
const password = /\b(?:password|passwd|pwd)\s*=\s*(["'])([^"'\n{}$]{4,})\1/;

/** Passwords that calls of a driver are given as literals. */
function connections(stack: Stack): Connection[] {
  return stack.files.paths
    .filter(path => path.endsWith(".py") && !isVendored(path) && !isTest(path))
    .flatMap(path => {
      const read = stack.files.read(path);
      const text = "source" in read ? read.source.text : "";
      if (!text.includes(".connect(")) return [];
      return [...text.matchAll(connects)].flatMap(call => {
        const found = password.exec(call[2]!);
        if (!found || isPlaceholder(found[2]!)) return [];
        const start = call.index + call[0].indexOf(call[2]!) + found.index;
        const value = start + found[0].lastIndexOf(found[2]!);
        return [{ at: locate({ path, text }, value, value + found[2]!.length), driver: call[1]! }];
      });
    });
}

import type { Report } from "../core/report.ts";
import { locate, type Source } from "../core/source.ts";
import { UserError } from "../core/user-error.ts";
import type { Acceptance } from "./config.ts";

/** One finding that was there when the baseline was written. */
interface BaselineEntry {
  readonly fingerprint: string;
  readonly rule: string;
  readonly message: string;
}

/** Everything the report finds now, so that later runs tell what is new. */
export function writeBaseline(report: Report): string {
  const old = report.accepted.filter(({ by }) => by === "baseline").map(({ finding }) => finding);
  const findings: BaselineEntry[] = [...report.findings, ...old]
    .map(({ fingerprint, rule, message }) => ({ fingerprint, rule, message }))
    .sort((a, b) => (a.rule + a.fingerprint < b.rule + b.fingerprint ? -1 : 1));
  return `${JSON.stringify({ version: 1, findings }, null, 2)}\n`;
}

/** The acceptances of a baseline file. Throws a UserError when it is none. */
export function readBaseline(source: Source): Acceptance[] {
  const entries = entriesOf(source.text);
  if (!entries) {
    throw new UserError(
      `${source.path} is not a baseline of version 1.`,
      "Write a new one with --write-baseline FILE.",
    );
  }
  return entries.map(({ fingerprint, rule }) => ({
    ...{ rule, fingerprint, by: "baseline", reason: "It was there when the baseline was written." },
    at: locate(source, 0, 0),
  }));
}

function entriesOf(text: string): BaselineEntry[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined; // reported by the caller with the file's name
  }
  if (typeof value !== "object" || value === null || !("version" in value) || value.version !== 1)
    return undefined;
  if (!("findings" in value) || !Array.isArray(value.findings)) return undefined;
  return value.findings.every(isEntry) ? value.findings : undefined;
}

function isEntry(value: unknown): value is BaselineEntry {
  if (typeof value !== "object" || value === null) return false;
  return (
    "rule" in value &&
    typeof value.rule === "string" &&
    "fingerprint" in value &&
    typeof value.fingerprint === "string"
  );
}

import type { Acceptance } from "../config/config.ts";
import { type Location, lineText, locate, positionAt, type Source } from "../core/source.ts";

/** An acceptance written beside what it accepts. */
export interface InlineAcceptance extends Acceptance {
  readonly by: "inline";
  /** Lines of the file whose evidence it covers. */
  readonly lines: ReadonlySet<number>;
}

/** A comment that tries to accept and cannot. */
export interface BrokenAcceptance {
  readonly at: Location;
  readonly rule: string;
  readonly why: string;
}

const marker = /(?:#|\/\/|<!--|\/\*)[ \t]*shipworthy:[ \t]*accept\b([^\n]*)/g;

/**
 * Comments `shipworthy: accept rule/id [until YYYY-MM-DD] -- reason`. One covers its own line and the next line
 * that is neither blank nor a comment, so that it can stand beside or above what it accepts.
 */
export function inlineAcceptances(sources: Iterable<Source>): {
  readonly acceptances: readonly InlineAcceptance[];
  readonly broken: readonly BrokenAcceptance[];
} {
  const acceptances: InlineAcceptance[] = [];
  const broken: BrokenAcceptance[] = [];
  for (const source of sources) {
    if (!source.text.includes("shipworthy:")) continue;
    for (const found of source.text.matchAll(marker)) {
      const at = locate(source, found.index, found.index + found[0].trimEnd().length);
      const body = found[1]!.replace(/(?:-->|\*\/)\s*$/, "").trim();
      const [head = "", ...reason] = body.split(/\s--(?:\s|$)|^--(?:\s|$)/);
      const [rule = "", ...rest] = head.trim().split(/\s+/);
      const until = rest[0] === "until" ? rest[1] : undefined;
      const why = complaint(rule, rest, reason.join(" -- ").trim());
      if (why) broken.push({ at, rule, why });
      else {
        const line = positionAt(source, found.index).line;
        const lines = new Set([line, nextLine(source, line)]);
        const because = reason.join(" -- ").trim();
        acceptances.push({ rule, reason: because, by: "inline", at, lines, ...(until ? { until } : {}) });
      }
    }
  }
  return { acceptances, broken };
}

function complaint(rule: string, rest: readonly string[], reason: string): string | undefined {
  if (!/^[\w-]+\/[\w-]+$/.test(rule)) return "it does not name a rule";
  if (rest.length > 0 && (rest[0] !== "until" || rest.length !== 2 || !isDate(rest[1]!))) {
    return `"${rest.join(" ")}" is not an end date such as "until 2027-01-31"`;
  }
  return reason === "" ? 'it gives no reason after " -- "' : undefined;
}

export function isDate(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));
}

function nextLine(source: Source, line: number): number {
  const last = positionAt(source, source.text.length).line;
  for (let next = line + 1; next <= last; next++) {
    if (!/^\s*(?:#|\/\/|$)/.test(lineText(source, next))) return next;
  }
  return last;
}

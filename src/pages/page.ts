import type { Severity } from "../core/finding.ts";
import { severities } from "../core/finding.ts";

/** A rule's page: prose, and sections that are its examples and its test. */
export interface Page {
  readonly title: string;
  readonly sections: readonly PageSection[];
}

export interface PageSection {
  readonly verdict: "bad" | "good";
  readonly title: string;
  /** Given as `## Bad (critical): ...`, and then asserted. */
  readonly severity?: Severity;
  /** `## Bad (high, one finding): ...`: all that is marked has one cause, and is told once. */
  readonly once?: boolean;
  /** Line of the heading in the page, from 1. */
  readonly line: number;
  readonly files: readonly PageFile[];
  readonly expected: readonly ExpectedEvidence[];
}

/** A file of a section's project. */
export interface PageFile {
  readonly path: string;
  /** Undefined for a file that only the fix creates, and for a directory. */
  readonly text?: string;
  /** The file after the rule's fixes. */
  readonly fixed?: string;
  /** Git ignores it. */
  readonly ignored: boolean;
  /** Git does not track it. */
  readonly untracked: boolean;
  /** Git keeps it without the right to be started. */
  readonly plain?: boolean;
  readonly directory: boolean;
}

/** What carets under a line mark: lines and columns from 1, end exclusive, on the evidence's first line. */
export interface ExpectedEvidence {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endColumn: number;
  /** Words behind the carets: the evidence shows them. */
  readonly words: string;
}

const heading = /^## (Bad|Good)(?: \((\w+)(, one finding)?\))?: (.+)$/;
const flags = ["fixed", "ignored", "untracked", "plain", "crlf"];

/** Reads a page. Throws an error that names the line: pages are ours. */
export function parsePage(text: string): Page {
  const lines = text.split(/\r?\n/);
  const title =
    lines
      .find(line => line.startsWith("# "))
      ?.slice(2)
      .trim() ?? "";
  const sections: PageSection[] = [];
  let open: { head: RegExpExecArray; line: number; fences: Fence[] } | undefined;
  const close = () => {
    if (open) sections.push(toSection(open.head, open.line, open.fences));
  };
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index]!;
    const fence = /^(`{3,})(.*)$/.exec(line);
    if (fence) {
      const end = lines.indexOf(fence[1]!, index + 1);
      if (end === -1) throw new Error(`line ${index + 1}: this fence does not end`);
      open?.fences.push({ info: fence[2]!.trim(), lines: lines.slice(index + 1, end), line: index + 1 });
      index = end;
    } else if (line.startsWith("## ")) {
      close();
      const head = heading.exec(line);
      if (!head && /^## (Bad|Good)/.test(line))
        throw new Error(`line ${index + 1}: write "## Bad: ..." or "## Good: ..."`);
      open = head ? { head, line: index + 1, fences: [] } : undefined;
    }
  }
  close();
  return { title, sections };
}

interface Fence {
  readonly info: string;
  readonly lines: readonly string[];
  readonly line: number;
}

function toSection(head: RegExpExecArray, line: number, fences: readonly Fence[]): PageSection {
  const verdict = head[1] === "Bad" ? "bad" : "good";
  const severity = severities.find(level => level === head[2]);
  if (head[2] !== undefined && !severity) throw new Error(`line ${line}: "${head[2]}" is no severity`);
  const files = new Map<string, PageFile>();
  const expected: ExpectedEvidence[] = [];
  for (const fence of fences) {
    const [, path, ...given] = fence.info.split(/\s+/);
    // A fence without a file name is an illustration.
    if (path === undefined) continue;
    const wrong = given.find(flag => !flags.includes(flag));
    if (wrong !== undefined) throw new Error(`line ${fence.line}: "${wrong}" is none of ${flags.join(", ")}`);
    const before = files.get(path);
    if (given.includes("fixed")) {
      files.set(path, { ...blank(path), ...before, fixed: join(fence.lines) });
      continue;
    }
    if (before?.text !== undefined) throw new Error(`line ${fence.line}: ${path} is there already`);
    const { kept, marks } = takeCarets(path, fence);
    expected.push(...marks);
    const directory = path.endsWith("/");
    files.set(path, {
      ...{ path, directory, ignored: given.includes("ignored"), untracked: given.includes("untracked") },
      ...(directory ? {} : { text: join(kept, given.includes("crlf") ? "\r\n" : "\n") }),
      ...(given.includes("plain") ? { plain: true } : {}),
      ...(before?.fixed !== undefined ? { fixed: before.fixed } : {}),
    });
  }
  if (files.size === 0) throw new Error(`line ${line}: this section names no file`);
  if (verdict === "bad" && expected.length === 0)
    throw new Error(`line ${line}: this section marks no evidence`);
  if (verdict === "good" && expected.length > 0)
    throw new Error(`line ${line}: a good section has no evidence`);
  return {
    verdict,
    title: head[4]!,
    line,
    files: [...files.values()],
    expected,
    ...(severity ? { severity } : {}),
    ...(head[3] ? { once: true } : {}),
  };
}

function blank(path: string): PageFile {
  return { path, ignored: false, untracked: false, directory: false };
}

function join(lines: readonly string[], end = "\n"): string {
  return lines.map(line => `${line}${end}`).join("");
}

/** Takes the caret lines out and reads what they mark on the line above. */
function takeCarets(file: string, fence: Fence): { kept: string[]; marks: ExpectedEvidence[] } {
  const kept: string[] = [];
  const marks: ExpectedEvidence[] = [];
  fence.lines.forEach((line, index) => {
    const caret = /^(\s*)(\^+)(?:\s+(.*\S))?\s*$/.exec(line);
    if (!caret) {
      kept.push(line);
      return;
    }
    if (kept.length === 0) throw new Error(`line ${fence.line + index + 1}: carets stand under no line`);
    const column = caret[1]!.length + 1;
    marks.push({
      file,
      line: kept.length,
      column,
      endColumn: column + caret[2]!.length,
      words: caret[3] ?? "",
    });
  });
  return { kept, marks };
}

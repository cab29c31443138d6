import type { ReportedEvidence, ReportedPlace } from "../core/report.ts";
import type { Style } from "./style.ts";
import { displayWidth, printable } from "./words.ts";

const mask = "‹masked›";

/** A source line with its number, and carets with a remark under the part that is meant. */
export function drawPlace(
  evidence: ReportedEvidence,
  gutter: number,
  style: Style,
  width: number | undefined,
): string[] {
  const shows =
    printable(evidence.shows) + (evidence.endLine > evidence.line ? ` (to line ${evidence.endLine})` : "");
  const header = style.dim(`${evidence.file}:${evidence.line}:${evidence.column}`);
  if (evidence.excerpt.trim() === "") return [`${header}  ${shows}`];
  const { text, before, marked } = windowOf(evidence, width === undefined ? undefined : width - gutter - 7);
  const number = String(evidence.line).padStart(gutter);
  const bar = style.dim("│");
  const carets = "^".repeat(Math.max(1, displayWidth(marked)));
  const blank = " ".repeat(displayWidth(before));
  return [
    header,
    `${style.dim(number)} ${bar} ${text}`,
    `${" ".repeat(gutter)} ${bar} ${blank}${style.bad(`${carets} ${shows}`)}`,
  ];
}

interface Window {
  readonly text: string;
  readonly before: string;
  readonly marked: string;
}

/** The excerpt cut to the width, around what is marked. */
function windowOf(place: ReportedPlace, width: number | undefined): Window {
  const excerpt = printable(place.excerpt);
  const [start, end] = rangeOf(place, excerpt);
  const room = Math.max(30, width ?? 400);
  if (excerpt.length <= room) {
    return { text: excerpt, before: excerpt.slice(0, start), marked: excerpt.slice(start, end) };
  }
  const from = start < room / 2 ? 0 : Math.max(0, Math.min(start - 20, excerpt.length - room));
  const to = Math.min(excerpt.length, from + room);
  const [head, tail] = [from > 0 ? "…" : "", to < excerpt.length ? "…" : ""];
  return {
    text: head + excerpt.slice(from, to) + tail,
    before: head + excerpt.slice(from, start),
    marked: excerpt.slice(start, Math.min(end, to)),
  };
}

/** Offsets of the place in its excerpt. A mask before or inside the place has moved what follows it. */
function rangeOf(place: ReportedPlace, excerpt: string): readonly [number, number] {
  const start = Math.min(place.column - 1, excerpt.length);
  const end = place.endLine > place.line ? excerpt.length : Math.min(place.endColumn - 1, excerpt.length);
  const masked = excerpt.indexOf(mask);
  if (masked === -1 || masked >= end) return [start, trimmedEnd(excerpt, start, end)];
  if (masked >= start) return [start, trimmedEnd(excerpt, start, Math.max(end, masked + mask.length))];
  return [masked, masked + mask.length];
}

function trimmedEnd(excerpt: string, start: number, end: number): number {
  return Math.max(start, start + excerpt.slice(start, end).trimEnd().length);
}

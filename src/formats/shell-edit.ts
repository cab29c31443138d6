import type { Edit } from "../core/fix.ts";
import type { Fragment } from "../core/fragment.ts";
import type { Source } from "../core/source.ts";
import type { ShellCommand, ShellScript } from "./shell.ts";

/**
 * Edits of shell text, wherever it stands: in a file, a `run:` block of a workflow, a recipe of a Makefile. Each is
 * undefined where it cannot be made without touching something else: a line inside a folded block would be joined to
 * its neighbour, a command that shares its line keeps it.
 */

/** Puts lines in front of the command that begins at `offset` of the file, with that command's indentation. */
export function linesBefore(
  source: Source,
  script: ShellScript,
  offset: number,
  lines: readonly string[],
): Edit | undefined {
  const indent = startOfLine(source, script.fragment, offset);
  if (indent === undefined) return undefined;
  const text = lines.map(line => line + eolOf(source) + indent).join("");
  return { at: { file: source.path, span: { start: offset, end: offset } }, text };
}

/** Takes a command out with its line, from `start` to `end` of the file. */
export function withoutLine(
  source: Source,
  script: ShellScript,
  start: number,
  end: number,
): Edit | undefined {
  const indent = startOfLine(source, script.fragment, start);
  const rest = /^[ \t]*;?[ \t]*\r?(\n|$)/.exec(source.text.slice(end));
  if (indent === undefined || !rest) return undefined;
  return {
    at: { file: source.path, span: { start: start - indent.length, end: end + rest[0].length } },
    text: "",
  };
}

/**
 * Lets a failure count again: `command || true` becomes `command`, `command || echo words` says the words and ends the
 * script with 1. Undefined where the words say that the failure is expected, as at a first release.
 */
export function failAgain(command: ShellCommand, next: ShellCommand): Edit | undefined {
  const { file, span } = next.at;
  const name = next.name?.value;
  if (file !== command.at.file || command.at.span.end > span.start) return undefined;
  if (/^(true|:)$/.test(name ?? ""))
    return { at: { file, span: { start: command.at.span.end, end: span.end } }, text: "" };
  if (name !== "echo" && name !== "printf") return undefined;
  if (next.redirects.some(redirect => redirect.heredoc) || meantToPass.test(between(next))) return undefined;
  return { at: { file, span: { start: span.start, end: span.end } }, text: `{ ${between(next)}; exit 1; }` };
}

/**
 * `|| echo "No backup: first deployment"`: the first release could never end well. Nor are words left that would no
 * longer be true: "skipped", "continuing".
 */
const meantToPass =
  /\bfirst[- ](?:deploy|release|run|time|start|install)|\b(?:does ?n[o']t|do not|did not|not yet) exist|\bnot (?:found|running|there|yet)\b|\bno (?:previous|existing|tests?)\b|\balready\b|\bskip(?:s|ped|ping)?\b|\b(?:may|might) be (?:new|empty)\b|\bcontinu(?:e|es|ing)\b|\bignor(?:ed|ing)\b|\b(?:starting|warming) ?(?:up)?\b|\bstill\b|\bnon-?(?:fatal|critical|blocking)\b/i;

/** The command as it is written; words are enough, since `echo` and `printf` are simple commands. */
function between(command: ShellCommand): string {
  const parts = [
    ...command.words.map(word => ({ start: word.at.span.start, text: word.text })),
    ...command.redirects.map(({ at, fd, op, target }) => ({
      start: at.span.start,
      text: `${fd ?? ""}${op}${target.text}`,
    })),
  ];
  return parts
    .sort((a, b) => a.start - b.start)
    .map(part => part.text)
    .join(" ");
}

/** Sets shell options on a line of their own before the script's first command. */
export function setOptions(source: Source, script: ShellScript, options: string): Edit | undefined {
  return beforeFirst(source, script, [`set ${options}`]);
}

/** Lines before the first thing that the script does; `set` and the like keep their place in front. */
export function beforeFirst(source: Source, script: ShellScript, lines: readonly string[]): Edit | undefined {
  const leads = /^set /.test(lines[0] ?? "");
  const first = script.commands.find(
    each =>
      each.within.length === 0 && (leads || !/^(set|umask|export|trap)$/.test(each.name?.value ?? "set")),
  )?.at.span.start;
  const construct = script.constructs[0]?.at.span.start ?? Number.POSITIVE_INFINITY;
  const start = Math.min(first ?? Number.POSITIVE_INFINITY, construct);
  if (!Number.isFinite(start)) return undefined;
  const above = commentsAbove(source, start);
  return linesBefore(source, script, above, lines) ?? linesBefore(source, script, start, lines);
}

/** Where the comment lines begin that belong to what stands at the offset; never the line that names the shell. */
function commentsAbove(source: Source, offset: number): number {
  let found = offset;
  for (let end = source.text.lastIndexOf("\n", offset - 1); end > 0; ) {
    const start = source.text.lastIndexOf("\n", end - 1) + 1;
    const comment = /^([ \t]*)#(?!!)/.exec(source.text.slice(start, end));
    if (!comment) break;
    found = start + comment[1]!.length;
    end = start - 1;
  }
  return found;
}

/** What stands before the offset on its line, when that is white space only, in the file and for the shell. */
function startOfLine(source: Source, fragment: Fragment, offset: number): string | undefined {
  const line = source.text.slice(source.text.lastIndexOf("\n", offset - 1) + 1, offset);
  const inner = offsetIn(fragment, offset);
  if (!/^[ \t]*$/.test(line) || inner === undefined) return undefined;
  const shellLine = fragment.text.slice(fragment.text.lastIndexOf("\n", inner - 1) + 1, inner);
  // A block scalar has the indentation of its first line taken off; a folded one has joined its lines.
  if (!/^[ \t]*$/.test(shellLine)) return undefined;
  return inner === 0 && !startsBlock(source, offset) ? undefined : line;
}

/** The first command of a file, a heredoc, or below `run: |`: not the text behind `run:`, nor a folded block. */
function startsBlock(source: Source, offset: number): boolean {
  const before = source.text.slice(0, offset).trimEnd();
  if (before === "" || !/\.ya?ml$/.test(source.path)) return true;
  const line = before.slice(before.lastIndexOf("\n") + 1);
  return /:[ \t]*\|[-+0-9]*[ \t]*(#[^\n]*)?$/.test(line) || /<<-?[ \t]*[\\'"]?\w/.test(line);
}

/** Offset in the fragment's text of an offset in the file; undefined when it is none of its characters. */
function offsetIn(fragment: Fragment, offset: number): number | undefined {
  let low = 0;
  let high = fragment.text.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fragment.toFile(middle) < offset) low = middle + 1;
    else high = middle;
  }
  return fragment.toFile(low) === offset ? low : undefined;
}

function eolOf(source: Source): string {
  return source.text.includes("\r\n") ? "\r\n" : "\n";
}

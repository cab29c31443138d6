import type { Parsed } from "../core/artifact.ts";
import type { Fragment } from "../core/fragment.ts";
import { fragmentLocation, sliceFragment } from "../core/fragment.ts";
import type { Problem } from "../core/problem.ts";
import type { Located, Location, Source } from "../core/source.ts";
import { locate } from "../core/source.ts";
import { heredocMarks } from "./dockerfile-heredoc.ts";
import type { PhysicalLine } from "./dockerfile-text.ts";
import { continuationAt, joinPieces, physicalLines, skipBlanks } from "./dockerfile-text.ts";
import {
  jsonWords,
  shellWords,
  splitAtBlanks,
  splitQuoted,
  takeFlags,
  trimFragment,
} from "./dockerfile-words.ts";

/** `--name=value` or `--name` in front of an instruction's arguments. Quotes are removed from `name` and `value`. */
export interface DockerfileFlag {
  /** Without the dashes. */
  readonly name: string;
  readonly value: string | undefined;
  readonly at: Location;
  /** The value alone; the whole flag when it has none. */
  readonly valueAt: Location;
}

export interface DockerfileHeredoc {
  readonly delimiter: string;
  /** False when the delimiter is quoted: no variable is expanded in the body. */
  readonly expand: boolean;
  readonly fileDescriptor: number;
  /** Up to the line of the delimiter; leading tabs are gone for `<<-`. */
  readonly body: Fragment;
}

export interface DockerfileInstruction {
  /** Upper case, known or not. */
  readonly keyword: string;
  /** From the keyword to the end of the last argument or heredoc. */
  readonly at: Location;
  readonly keywordAt: Location;
  readonly flags: readonly DockerfileFlag[];
  /** `exec` when the arguments are a JSON array of strings (after CMD for HEALTHCHECK). */
  readonly form: "exec" | "shell";
  /**
   * exec: the JSON strings, each placed between its quotes.
   * RUN, CMD, ENTRYPOINT, SHELL, HEALTHCHECK: split as a shell would, quotes removed.
   * ENV, LABEL, ARG: split outside quotes; COPY, ADD, FROM, EXPOSE, VOLUME: at blanks; quotes kept, see `lex`.
   * USER, WORKDIR, STOPSIGNAL, MAINTAINER: the whole text as one word.
   */
  readonly words: readonly Located<string>[];
  /** What follows the flags, in one line: continuations and comment lines are gone. */
  readonly body: Fragment;
  readonly heredocs: readonly DockerfileHeredoc[];
  /** The instruction inside ONBUILD. */
  readonly onbuild?: DockerfileInstruction;
}

export interface DockerfileDirective {
  /** Lower case: syntax, escape or check. */
  readonly name: string;
  readonly value: string;
  readonly at: Location;
}

export interface DockerfileSyntax {
  /** The escape and continuation character: backslash unless a directive says backtick. */
  readonly escape: string;
  readonly directives: readonly DockerfileDirective[];
  readonly instructions: readonly DockerfileInstruction[];
  /** Text after `#` of each comment line outside heredocs; directives are none. */
  readonly comments: readonly Located<string>[];
}

/** UTF-16 units. Real Dockerfiles stay far below; BuildKit itself refuses lines over 64 KB. */
const largestFile = 1_000_000;
const longestLine = 65_535;
const directiveLine = /^([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(\S.*)$/;
const heredocKeywords = new Set(["ADD", "COPY", "RUN"]);
const commandKeywords = new Set(["RUN", "CMD", "ENTRYPOINT", "SHELL"]);
const listKeywords = new Set(["COPY", "ADD", "VOLUME", "FROM", "EXPOSE"]);
const pairKeywords = new Set(["ENV", "LABEL", "ARG"]);
const textKeywords = new Set(["USER", "WORKDIR", "STOPSIGNAL", "MAINTAINER"]);
const jsonKeywords = new Set(["RUN", "CMD", "ENTRYPOINT", "SHELL", "COPY", "ADD", "VOLUME"]);

/** Reads a Dockerfile as BuildKit's parser does. Never throws; time is linear in the text. */
export function parseDockerfile(source: Source): Parsed<DockerfileSyntax> {
  const refusal = refused(source);
  const nothing: DockerfileSyntax = { escape: "\\", directives: [], instructions: [], comments: [] };
  if (refusal) return { model: nothing, problems: [{ at: locate(source, 0, 0), message: refusal }] };
  return new Reader(source).read();
}

function refused(source: Source): string | undefined {
  if (source.text.length > largestFile) return "The file is too large to be a Dockerfile and was not read.";
  if (source.text.includes("\0")) return "The file holds binary data and was not read as a Dockerfile.";
  return undefined;
}

class Reader {
  private readonly source: Source;
  private readonly lines: Generator<PhysicalLine, undefined>;
  private escape = "\\";
  private directivesEnded = false;
  private readonly directives: DockerfileDirective[] = [];
  private readonly comments: Located<string>[] = [];
  private readonly problems: Problem[] = [];

  constructor(source: Source) {
    this.source = source;
    this.lines = physicalLines(source);
  }

  read(): Parsed<DockerfileSyntax> {
    const instructions: DockerfileInstruction[] = [];
    for (let line = this.next(); line; line = this.next()) {
      const start = skipBlanks(this.source.text, line.start, line.end);
      if (start === line.end) {
        this.directivesEnded = true;
      } else if (this.source.text[start] === "#") {
        if (!this.directive(start, line.end)) this.comment(start, line.end);
      } else {
        this.directivesEnded = true;
        const logical = trimFragment(this.logicalLine({ ...line, start }));
        if (logical.text !== "") instructions.push(this.instruction(logical));
      }
    }
    if (instructions.length === 0) this.problem(locate(this.source, 0, 0), "The file has no instructions.");
    const { directives, comments, problems } = this;
    return { model: { escape: this.escape, directives, instructions, comments }, problems };
  }

  private next(): PhysicalLine | undefined {
    const { value } = this.lines.next();
    if (value && value.end - value.start > longestLine) {
      this.problem(
        locate(this.source, value.start, value.end),
        "The line is longer than the 65,535 bytes that a build accepts.",
      );
    }
    return value;
  }

  private problem(at: Location, message: string, hint?: string): void {
    this.problems.push(hint === undefined ? { at, message } : { at, message, hint });
  }

  private comment(start: number, end: number): void {
    this.comments.push({
      value: this.source.text.slice(start + 1, end),
      at: locate(this.source, start, end),
    });
  }

  private directive(start: number, end: number): boolean {
    if (this.directivesEnded) return false;
    const { text } = this.source;
    const match = directiveLine.exec(text.slice(skipBlanks(text, start + 1, end), end).trimEnd());
    const name = match?.[1]?.toLowerCase() ?? "";
    if (!match || !["syntax", "escape", "check"].includes(name)) {
      this.directivesEnded = true;
      return false;
    }
    const at = locate(this.source, start, end);
    const value = match[2]!;
    if (this.directives.some(each => each.name === name)) {
      this.problem(at, `The ${name} directive is given twice.`);
    } else if (name === "escape" && value !== "\\" && value !== "`") {
      this.problem(at, `The escape directive must be \\ or \`, not ${value}.`);
    } else {
      if (name === "escape") this.escape = value;
      this.directives.push({ name, value, at });
    }
    return true;
  }

  /** Joins a line with its continuations; comment lines and empty lines in between are skipped. */
  private logicalLine(first: PhysicalLine): Fragment {
    const { text } = this.source;
    const pieces: { start: number; end: number }[] = [];
    for (let line: PhysicalLine | undefined = first; line; line = this.next()) {
      const content = skipBlanks(text, line.start, line.end);
      if (line !== first && content === line.end) continue;
      if (line !== first && text[content] === "#") {
        this.comment(content, line.end);
        continue;
      }
      const cut = continuationAt(text, line.start, line.end, this.escape);
      pieces.push({ start: line.start, end: cut ?? line.end });
      if (cut === undefined) break;
    }
    return joinPieces(this.source, pieces);
  }

  private instruction(line: Fragment): DockerfileInstruction {
    const parsed = this.simple(line, false);
    const holder = parsed.onbuild ?? parsed;
    if (!heredocKeywords.has(holder.keyword) || holder.form === "exec") return parsed;
    const heredocs: DockerfileHeredoc[] = [];
    let end = parsed.at.span.end;
    for (const mark of heredocMarks(line)) {
      const pieces: { start: number; end: number }[] = [];
      let closed: PhysicalLine | undefined;
      for (let next = this.next(); next && !closed; ) {
        const start = mark.chomp ? skipTabs(this.source.text, next) : next.start;
        if (this.source.text.slice(start, next.end) === mark.delimiter) closed = next;
        else {
          pieces.push({ start, end: next.next });
          next = this.next();
        }
      }
      if (!closed) {
        this.problem(
          parsed.at,
          `The heredoc ${mark.delimiter} is never closed.`,
          `Add a line that is only ${mark.delimiter}.`,
        );
      }
      end = closed?.end ?? this.source.text.length;
      const { delimiter, expand, fileDescriptor } = mark;
      heredocs.push({ delimiter, expand, fileDescriptor, body: this.heredocBody(pieces, line) });
    }
    if (heredocs.length === 0) return parsed;
    const at = locate(this.source, parsed.at.span.start, end);
    if (!parsed.onbuild) return { ...parsed, at, heredocs };
    const inner = { ...parsed.onbuild, at: locate(this.source, holder.at.span.start, end), heredocs };
    return { ...parsed, at, heredocs, onbuild: inner };
  }

  private heredocBody(pieces: readonly { start: number; end: number }[], line: Fragment): Fragment {
    if (pieces.length > 0) return joinPieces(this.source, pieces);
    const end = line.toFile(line.text.length);
    return joinPieces(this.source, [{ start: end, end }]);
  }

  /** One instruction without its heredoc bodies. */
  private simple(line: Fragment, inOnbuild: boolean): DockerfileInstruction {
    const written = /^[^\t\v\f\r ]*/.exec(line.text)![0];
    const keyword = written.toUpperCase();
    const { flags, body } = takeFlags(sliceFragment(line, written.length, line.text.length), this.escape);
    const at = fragmentLocation(line, 0, line.text.length);
    const base = {
      keyword,
      at,
      keywordAt: fragmentLocation(line, 0, written.length),
      flags,
      body,
      heredocs: [],
    };
    if (keyword === "ONBUILD" && body.text !== "") {
      if (inOnbuild) this.problem(at, "ONBUILD cannot hold another ONBUILD.");
      else return { ...base, form: "shell", words: [], onbuild: this.simple(body, true) };
    }
    if (keyword === "HEALTHCHECK") return { ...base, ...this.healthcheck(body, at) };
    return { ...base, ...this.split(keyword, body, at) };
  }

  private split(
    keyword: string,
    body: Fragment,
    at: Location,
  ): Pick<DockerfileInstruction, "form" | "words"> {
    if (body.text === "") return { form: "shell", words: [] };
    if (jsonKeywords.has(keyword)) {
      const json = jsonWords(body);
      if (json === "not strings") this.problem(at, `The JSON form of ${keyword} may hold strings only.`);
      else if (json !== "not json") return { form: "exec", words: json.words };
    }
    if (commandKeywords.has(keyword)) return { form: "shell", words: shellWords(body) };
    if (pairKeywords.has(keyword)) return { form: "shell", words: splitQuoted(body, this.escape) };
    if (listKeywords.has(keyword)) return { form: "shell", words: splitAtBlanks(body) };
    if (!textKeywords.has(keyword)) return { form: "shell", words: shellWords(body) };
    return { form: "shell", words: [{ value: body.text, at: fragmentLocation(body, 0, body.text.length) }] };
  }

  /** `NONE`, or `CMD` and a command in either form; the type stays the first word. */
  private healthcheck(body: Fragment, at: Location): Pick<DockerfileInstruction, "form" | "words"> {
    const type = splitAtBlanks(body)[0];
    if (!type) return { form: "shell", words: [] };
    const rest = this.split("CMD", trimFragment(body, type.value.length), at);
    return { form: rest.form, words: [type, ...rest.words] };
  }
}

function skipTabs(text: string, line: PhysicalLine): number {
  let at = line.start;
  while (at < line.end && text[at] === "\t") at++;
  return at;
}

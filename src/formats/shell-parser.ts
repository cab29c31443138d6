import type { Fragment } from "../core/fragment.ts";
import type { Problem } from "../core/problem.ts";
import type { Located } from "../core/source.ts";
import { readSimpleCommand } from "./shell-commands.ts";
import { readFunctionHead, readLoopHead, reservedAt } from "./shell-heads.ts";
import { inOrderOfRun } from "./shell-inline.ts";
import type {
  Connector,
  Construct,
  ConstructKind,
  Redirect,
  ShellCommand,
  ShellScript,
  Within,
  Word,
} from "./shell-model.ts";
import { shellOptions } from "./shell-options.ts";
import { readRedirect } from "./shell-redirects.ts";
import {
  deeper,
  placeOf,
  readHeredocs,
  report,
  type Scanner,
  skipBlanks,
  skipComment,
  skipSpace,
  takeLineEnd,
} from "./shell-scanner.ts";
import { arithmeticEnd } from "./shell-text.ts";
import { readHeredocExpansions, readWord } from "./shell-words.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A script while it is being read. `stops` holds what each open construct waits for, innermost last. */
export interface Draft {
  readonly commands: ShellCommand[];
  readonly constructs: Construct[];
  readonly functions: Located<string>[];
  readonly stops: (readonly string[])[];
  pipelines: number;
}

const opening = new Set(["if", "while", "until", "for", "select", "case", "{"]);
const closing = new Set(["then", "elif", "else", "fi", "do", "done", "esac", "}"]);
const lastWords: Readonly<Partial<Record<ConstructKind, readonly string[]>>> = {
  if: ["fi"],
  while: ["done"],
  until: ["done"],
  case: ["esac"],
};

/** Reads shell text. Never throws; what cannot be read is a problem of the result. */
export function parseShell(fragment: Fragment): ShellScript {
  return parseAt(fragment, 0, []);
}

function parseAt(fragment: Fragment, depth: number, problems: Problem[]): ShellScript {
  const scanner = scannerOf(fragment, depth, problems);
  const draft = newDraft();
  readList(scanner, draft, [], []);
  readHeredocs(scanner);
  return { ...finish(fragment, draft), comments: scanner.comments, problems: depth === 0 ? problems : [] };
}

function scannerOf(fragment: Fragment, depth: number, problems: Problem[]): Scanner {
  return {
    fragment,
    text: fragment.text,
    pos: 0,
    depth,
    pending: [],
    problems,
    comments: [],
    readSubstitution,
    readNested: (inner, outer) => parseAt(inner, outer.depth, outer.problems),
    readHeredocParts: (body, outer) =>
      readHeredocExpansions(scannerOf(body, outer.depth + 1, outer.problems)),
  };
}

function newDraft(): Draft {
  return { commands: [], constructs: [], functions: [], stops: [], pipelines: 0 };
}

function finish(fragment: Fragment, draft: Draft): ShellScript {
  const { constructs, functions } = draft;
  const commands = inOrderOfRun(draft.commands);
  return {
    fragment,
    commands,
    constructs,
    functions,
    options: shellOptions(fragment, commands),
    comments: [],
    problems: [],
  };
}

function readSubstitution(scanner: Scanner): ShellScript {
  const start = scanner.pos;
  const draft = newDraft();
  const ended = readList(scanner, draft, [], [")"]);
  if (ended === undefined) report(scanner, start - 1, start, "This parenthesis is never closed");
  return finish(scanner.fragment, draft);
}

/** Reads commands up to one of `stops`, which is passed and returned; undefined when something else ended them. */
function readList(
  scanner: Scanner,
  draft: Draft,
  within: readonly Within[],
  stops: readonly string[],
): string | undefined {
  const { text } = scanner;
  draft.stops.push(stops);
  const leave = (stop: string | undefined) => {
    draft.stops.pop();
    return stop;
  };
  for (;;) {
    skipSpace(scanner);
    const char = text[scanner.pos];
    if (char === undefined) return leave(undefined);
    const stop = stopAt(scanner);
    if (stop !== undefined) {
      if (stops.includes(stop)) {
        scanner.pos += stop.length;
        return leave(stop);
      }
      if (draft.stops.some(outer => outer.includes(stop))) return leave(undefined);
      report(scanner, scanner.pos, scanner.pos + stop.length, `Unexpected ${stop}`);
      scanner.pos += stop.length;
    } else if (char === ";" || char === "&" || char === "|") scanner.pos++;
    else readPipeline(scanner, draft, within);
  }
}

function stopAt(scanner: Scanner): string | undefined {
  const { text, pos } = scanner;
  if (text[pos] === ")") return ")";
  if (text[pos] === ";" && (text[pos + 1] === ";" || text[pos + 1] === "&")) {
    if (text.startsWith(";;&", pos)) return ";;&";
    return text.slice(pos, pos + 2);
  }
  const word = reservedAt(scanner);
  return word !== undefined && closing.has(word) ? word : undefined;
}

function readPipeline(scanner: Scanner, draft: Draft, within: readonly Within[]): void {
  const pipeline = draft.pipelines++;
  let negated = false;
  for (let word = reservedAt(scanner); word === "!" || word === "time"; word = reservedAt(scanner)) {
    if (word === "!") negated = !negated;
    scanner.pos += word.length;
    skipBlanks(scanner);
    if (word === "time" && /^-p\s/.test(scanner.text.slice(scanner.pos, scanner.pos + 3))) scanner.pos += 2;
    skipBlanks(scanner);
  }
  for (let stage = 0; ; stage++) {
    const before = scanner.pos;
    const joined = { negated, pipeline, stage };
    const member = deeper(scanner, readCommand, draft, within, joined);
    // Progress whatever stands there, so that no text can hold the loop.
    if (scanner.pos === before && before < scanner.text.length) scanner.pos++;
    const connector = readConnector(scanner);
    if (member) (member as Mutable<ShellCommand | Construct>).connector = connector;
    if (connector === "&&" || connector === "||" || connector === "|" || connector === "|&")
      skipSpace(scanner);
    if (connector !== "|" && connector !== "|&") return;
    if (scanner.pos >= scanner.text.length || stopAt(scanner) !== undefined) return;
  }
}

function readConnector(scanner: Scanner): Connector {
  skipBlanks(scanner);
  skipComment(scanner);
  if (takeLineEnd(scanner)) return "\n";
  const two = scanner.text.slice(scanner.pos, scanner.pos + 2);
  if (two === ";;" || two === ";&") return "end";
  if (two === "&&" || two === "||" || two === "|&") {
    scanner.pos += 2;
    return two;
  }
  const one = two[0];
  if (one !== ";" && one !== "&" && one !== "|") return "end";
  scanner.pos++;
  return one;
}

type Place = Pick<ShellCommand, "negated" | "pipeline" | "stage">;

function readCommand(
  scanner: Scanner,
  draft: Draft,
  within: readonly Within[],
  place: Place,
): ShellCommand | Construct | undefined {
  const { text } = scanner;
  const start = scanner.pos;
  const word = reservedAt(scanner);
  if (text[start] === "(" && !(text[start + 1] === "(" && arithmeticEnd(text, start + 2) !== undefined))
    return readCompound(scanner, draft, within, place, "(");
  if (word !== undefined && opening.has(word)) return readCompound(scanner, draft, within, place, word);
  const name = readFunctionHead(scanner, word === "function");
  return name === undefined
    ? readSimpleCommand(scanner, draft, within, place)
    : readFunction(scanner, draft, within, place, start, name);
}

function readFunction(
  scanner: Scanner,
  draft: Draft,
  within: readonly Within[],
  place: Place,
  start: number,
  name: { value: string; start: number },
): Construct {
  draft.functions.push({
    value: name.value,
    at: placeOf(scanner, name.start, name.start + name.value.length),
  });
  const construct = openConstruct(scanner, draft, place, start, "function", name.value);
  draft.stops.pop();
  skipSpace(scanner);
  const alone = { negated: false, pipeline: draft.pipelines++, stage: 0 };
  const body = [...within, { construct, part: "body" } as const];
  deeper(scanner, readCommand, draft, body, alone);
  construct.at = placeOf(scanner, start, scanner.pos);
  return construct;
}

function openConstruct(
  scanner: Scanner,
  draft: Draft,
  place: Place,
  start: number,
  kind: ConstructKind,
  name?: string,
  words: readonly Word[] = [],
): Mutable<Construct> {
  const construct: Mutable<Construct> = {
    kind,
    words,
    ...place,
    connector: "end",
    redirects: [],
    at: placeOf(scanner, start, start),
    ...(name !== undefined ? { name } : {}),
  };
  draft.constructs.push(construct);
  // Until it is closed its last word ends whatever is open inside it, so that one slip stays local.
  draft.stops.push(lastWords[kind] ?? []);
  return construct;
}

/** What begins with `(` or one of the opening words, which stands at `pos`. */
function readCompound(
  scanner: Scanner,
  draft: Draft,
  within: readonly Within[],
  place: Place,
  word: string,
): Construct {
  const { text } = scanner;
  const start = scanner.pos;
  const open = (kind: ConstructKind, name?: string, words?: readonly Word[]) =>
    openConstruct(scanner, draft, place, start, kind, name, words);
  const inside = (
    construct: Construct,
    part: Within["part"],
    stops: readonly string[],
    patterns?: readonly Word[],
  ) =>
    readList(
      scanner,
      draft,
      [...within, patterns ? { construct, part, patterns } : { construct, part }],
      stops,
    );
  const close = (construct: Mutable<Construct>, ended: string | undefined, wanted: string) => {
    draft.stops.pop();
    if (ended === undefined)
      report(
        scanner,
        start,
        Math.min(text.length, start + construct.kind.length),
        `No ${wanted} ends what begins here`,
      );
    construct.at = placeOf(scanner, start, scanner.pos);
    const redirects: Redirect[] = [];
    for (skipBlanks(scanner); ; skipBlanks(scanner)) {
      const redirect = readRedirect(scanner);
      if (!redirect) break;
      redirects.push(redirect);
    }
    construct.redirects = redirects;
    return construct;
  };
  const expectDo = () => {
    skipSpace(scanner);
    while (text[scanner.pos] === ";") {
      scanner.pos++;
      skipSpace(scanner);
    }
    if (reservedAt(scanner) !== "do") return false;
    scanner.pos += 2;
    return true;
  };

  if (word === "if") {
    scanner.pos += 2;
    const construct = open("if");
    inside(construct, "condition", ["then"]);
    let ended = inside(construct, "body", ["elif", "else", "fi"]);
    while (ended === "elif") {
      inside(construct, "condition", ["then"]);
      ended = inside(construct, "body", ["elif", "else", "fi"]);
    }
    if (ended === "else") ended = inside(construct, "else", ["fi"]);
    return close(construct, ended, "fi");
  }
  if (word === "while" || word === "until") {
    scanner.pos += word.length;
    const construct = open(word);
    inside(construct, "condition", ["do"]);
    return close(construct, inside(construct, "body", ["done"]), "done");
  }
  if (word === "for" || word === "select") {
    scanner.pos += word.length;
    skipBlanks(scanner);
    const { name, words } = readLoopHead(scanner);
    const construct = open(word, name, words);
    const begun = expectDo();
    const braces = !begun && reservedAt(scanner) === "{";
    if (braces) scanner.pos++;
    if (!begun && !braces) return close(construct, undefined, "do");
    return close(construct, inside(construct, "body", [braces ? "}" : "done"]), braces ? "}" : "done");
  }
  if (word === "case") {
    scanner.pos += 4;
    skipBlanks(scanner);
    const construct = open("case", undefined, [readWord(scanner)]);
    skipSpace(scanner);
    if (/^in(?=\s|$)/.test(text.slice(scanner.pos, scanner.pos + 3))) scanner.pos += 2;
    return close(construct, readBranches(scanner, construct, inside), "esac");
  }
  if (word === "{") {
    scanner.pos++;
    const construct = open("group");
    return close(construct, inside(construct, "body", ["}"]), "}");
  }
  scanner.pos++;
  const construct = open("subshell");
  return close(construct, inside(construct, "body", [")"]), ")");
}

type Inside = (
  construct: Construct,
  part: Within["part"],
  stops: readonly string[],
  patterns?: readonly Word[],
) => string | undefined;

function readBranches(scanner: Scanner, construct: Construct, inside: Inside): string | undefined {
  const { text } = scanner;
  for (;;) {
    skipSpace(scanner);
    if (scanner.pos >= text.length) return undefined;
    if (reservedAt(scanner) === "esac") {
      scanner.pos += 4;
      return "esac";
    }
    if (text[scanner.pos] === "(") scanner.pos++;
    const patterns: Word[] = [];
    for (;;) {
      skipBlanks(scanner);
      const pattern = readWord(scanner);
      if (pattern.end === pattern.start) break;
      patterns.push(pattern);
      skipBlanks(scanner);
      if (text[scanner.pos] !== "|") break;
      scanner.pos++;
    }
    if (text[scanner.pos] !== ")") {
      report(scanner, scanner.pos, scanner.pos + 1, "A pattern of case must end with )");
      return undefined;
    }
    scanner.pos++;
    const ended = inside(construct, "body", [";;", ";&", ";;&", "esac"], patterns);
    if (ended === undefined || ended === "esac") return ended;
  }
}

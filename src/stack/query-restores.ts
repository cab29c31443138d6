import type { Call, DatabaseCall } from "../artifacts/commands.ts";
import { dirname } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import {
  calledAs,
  carriesDump,
  dumpsTestData,
  isDump,
  isWorkstationCall,
  worksForWork,
} from "./query-scripts.ts";
import type { PlacedCall, Stack } from "./stack.ts";

/** How dumps of PostgreSQL that are plain SQL are brought back to the database that is in use. */

export interface PlainRestore {
  readonly placed: PlacedCall;
  /** The dump that is made, where it drops nothing and nothing empties the database before. */
  readonly onto?: PlacedCall;
  /** psql ends at the first statement that fails, or somebody looks at what is there afterwards. */
  readonly stops: boolean;
}

const known = new WeakMap<Stack, readonly PlainRestore[]>();

export function plainRestores(stack: Stack): readonly PlainRestore[] {
  let found = known.get(stack);
  if (!found) {
    found = restoresOf(stack);
    known.set(stack, found);
  }
  return found;
}

function restoresOf(stack: Stack): PlainRestore[] {
  const seen = new Set<unknown>();
  const { projects } = stack;
  if (projects.length > 0 && projects.every(({ grade }) => grade === "development")) return [];
  const dumps = dumpsOf(stack);
  return stack.calls.flatMap(placed => {
    const { call, caller } = placed;
    if (call.kind !== "database" || call.name !== "psql" || seen.has(call.command)) return [];
    seen.add(call.command);
    if (!isFed(call) || !isRestore(placed, call, dumps.length > 0) || isElsewhere(call)) return [];
    if (dumpsTestData(placed) || isWorkstationCall(placed) || worksForWork(stack, placed)) return [];
    const { text } = call.script.fragment;
    // A script that makes a dump brings its own one back where it names the same file.
    const input = inputOf(call);
    const own = dumps.filter(
      each => each.caller.file === caller.file && outputsOf(each.call).some(path => input.includes(path)),
    );
    const brought = own.length > 0 ? own : dumps;
    const isOnto =
      !empties.test(text) &&
      !asks.test(text) &&
      !brought.some(each => dropsOrPacks(each.call)) &&
      ![placed, ...brought].some(each => moves.test(sourceOf(stack, each.caller.file)?.text ?? ""));
    const nearest = brought.find(each => dirname(each.caller.file) === dirname(caller.file)) ?? brought[0];
    return [
      {
        placed,
        ...(isOnto && nearest ? { onto: nearest } : {}),
        stops: stops.test(text) || looks.test(text),
      },
    ];
  });
}

const restoreWords = /restor|roll-?_?back|recover/i;
const dumpWords = /back-?_?up|dump|restor|snapshot/i;
const otherWords = /seed|schema|init|migrat|fixture|demo|sample|grant|role/i;

const isFed = ({ statement, file, stdin }: DatabaseCall): boolean =>
  statement === undefined && (file !== undefined || stdin === "file" || stdin === "pipe");

/** It stands in something that is called a restore, or is fed a file that is called a backup. */
function isRestore(placed: PlacedCall, call: DatabaseCall, hasDumps: boolean): boolean {
  const input = inputOf(call);
  if (otherWords.test(input)) return false;
  return restoreWords.test(calledAs(placed)) || (hasDumps && dumpWords.test(input));
}

/** What it is fed, as written: the file of an option or a redirect, and what stands before the pipe. */
function inputOf({ file, command, script }: DatabaseCall): string {
  const pipe = script.commands.filter(
    other => other === command || (other.pipeline === command.pipeline && other.index < command.index),
  );
  const words = pipe.flatMap(each => [
    ...(each === command ? [] : each.words.map(word => word.text)),
    ...each.redirects.filter(({ op }) => op === "<").map(({ target }) => target.text),
  ]);
  return [file?.word.text ?? "", ...words].join(" ");
}

const empties =
  /\bdrop(?:\s+(?:database|schema|owned)\b|db\b)|\bcreate(?:\s+database\b|db\b)|\btruncate\b|database:drop|\bdown\b[^\n]*\s(?:-\w*v\b|--volumes)|volume\s+rm|\brm\s+-\w*r[^\n]*(?:data|pg)|initdb|drop_all|migrate:fresh|migrate\s+reset|db:(?:drop|reset)/i;
/** It looks first whether there are tables. */
const asks = /information_schema|pg_(?:catalog|tables|class)\b|\\dt\b/;
/** The script, or the one whose dump it brings, says that it is for a server on which nothing is yet. */
const moves =
  /\b(?:to|on) (?:a|the|your)? ?(?:new|fresh|other|another|target|destination) (?:server|host|machine|vps|instance)\b|\b(?:vps|server|host) (?:migration|move)\b/i;
/** One transaction alone takes everything back after an error, and ends with success as well. */
const stops = /ON_ERROR_STOP/;
/** Rows are counted when it is done, or what psql says is read. */
const looks = /count\s*\(|psql\b[^\n]*\|\s*(?:grep|tee)|grep\b[^\n]*\bERROR\b/i;

/** A drill, or a database of another name than the one in use. */
function isElsewhere({ database, url, host, inside }: DatabaseCall): boolean {
  const text = [database, url, host, inside?.name].map(each => each?.word.text ?? "").join(" ");
  return /(?:^|[_\W])(?:test|drill|verif\w*|temp|tmp|target|scratch|staging|restore|new)(?:[_\W]|$)/i.test(
    text,
  );
}

/** The dumps of PostgreSQL that the repository makes. */
function dumpsOf(stack: Stack): PlacedCall[] {
  return stack.calls.filter(
    placed =>
      !dumpsTestData(placed) &&
      !isWorkstationCall(placed) &&
      (isDump(placed.call)
        ? /^pg_dump/.test(placed.call.name)
        : carriesDump(placed.call) && /\bpg_dump/.test(wordsOf(placed.call))),
  );
}

/** The files that a dump, or the last command of its pipe, is written to, as they are named. */
function outputsOf({ command, script }: Call): string[] {
  const pipe = script.commands.filter(
    other => other === command || (other.pipeline === command.pipeline && other.index > command.index),
  );
  return pipe.flatMap(each =>
    each.redirects
      .filter(({ op }) => /^(?:>|>>|>\|)$/.test(op))
      .map(({ target }) => target.text.replace(/^["']|["']$/g, "")),
  );
}

const wordsOf = ({ command }: Call): string => command.words.map(word => word.text).join(" ");

/** It drops what it is about to make, holds a part only, or is in a format that psql does not read. */
function dropsOrPacks(call: Call): boolean {
  const options = wordsOf(call).replace(/^.*?\bpg_dump(?:all)?\b/, "");
  return /\s(?:--(?:clean|format(?!=p(?:lain)?\b)|data-only|section|table)\b|-F|-[a-zA-Z]*[cat](?=[\s'"]|$))/.test(
    `${options} `,
  );
}

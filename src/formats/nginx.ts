import type { Parsed } from "../core/artifact.ts";
import { type Fragment, fragmentLocation, plainFragment } from "../core/fragment.ts";
import type { Problem } from "../core/problem.ts";
import { type Located, type Location, located, type Source } from "../core/source.ts";
import { isSimpleDirective, startsStatement, takesBlock } from "./nginx-directives.ts";
import { isLuaBlock, luaBlockEnd, type NginxToken, nextToken } from "./nginx-tokens.ts";

/** A word as nginx sees it in `value` (unquoted, escapes resolved) and as it is written in `raw`. */
export interface NginxArg extends Located<string> {
  readonly raw: string;
}

export interface NginxDirective {
  readonly name: Located<string>;
  readonly args: readonly NginxArg[];
  /** The directives between braces; `undefined` for a simple directive. */
  readonly block?: readonly NginxDirective[];
  /** From the name to the semicolon or the closing brace, both included where they exist. */
  readonly at: Location;
  /** The braces. `close` is absent when the block is never closed. */
  readonly open?: Location;
  readonly close?: Location;
  /** Code of another language between the braces (`*_by_lua_block`); `block` is empty then. */
  readonly opaque?: Located<string>;
}

export interface NginxFile {
  readonly directives: readonly NginxDirective[];
  /** Text after `#`. */
  readonly comments: readonly Located<string>[];
}

interface OpenBlock {
  readonly directive: Omit<NginxDirective, "at" | "block" | "close">;
  readonly start: number;
  readonly open: number;
  readonly children: NginxDirective[];
}

interface State {
  readonly fragment: Fragment;
  readonly problems: Problem[];
  readonly comments: Located<string>[];
  readonly top: NginxDirective[];
  readonly blocks: OpenBlock[];
  pending: NginxToken[];
  offset: number;
}

/** Deeper than any configuration; below it blocks are read but not kept, so that readers may recurse. */
const deepest = 50;

/**
 * Reads nginx syntax: a whole configuration, a part of one, or a template with `${NAME}`. Directives are not checked
 * against a table, except that a missing semicolon is recognised by the directive that starts the next line.
 * Broken text gives a partial tree and problems. Linear in the length.
 */
export function parseNginx(input: Source | Fragment): Parsed<NginxFile> {
  const fragment = withoutTemplateLines("toFile" in input ? input : plainFragment(input.path, input.text));
  const offset = fragment.text.startsWith("\ufeff") ? 1 : 0;
  const state: State = { fragment, problems: [], comments: [], top: [], blocks: [], pending: [], offset };
  for (;;) {
    const token = nextToken(fragment.text, state.offset);
    if (!token) break;
    state.offset = token.end;
    step(state, token);
  }
  finish(state);
  return { model: { directives: state.top, comments: state.comments }, problems: state.problems };
}

/** A line of its own that a template replaces by directives, or by nothing: `${NAME}`, `{{ ... }}`, `{% ... %}`. */
const templateLine = /^[ \t]*(?:\$\{[A-Z_][A-Z0-9_]*\}|\{\{.*\}\}|\{%.*%\})[ \t]*\r?$/gm;

function withoutTemplateLines(fragment: Fragment): Fragment {
  const text = fragment.text.replace(templateLine, line => " ".repeat(line.length));
  return text === fragment.text ? fragment : { ...fragment, text };
}

function place(state: State, start: number, end: number): Location {
  return fragmentLocation(state.fragment, start, end);
}

/** A file with more of them than this is broken beyond what a list can help. */
const mostProblems = 50;

function report(state: State, start: number, end: number, message: string, hint?: string): void {
  if (state.problems.length >= mostProblems) return;
  const at = place(state, start, end);
  state.problems.push(hint === undefined ? { at, message } : { at, message, hint });
}

function step(state: State, token: NginxToken): void {
  if (token.kind === "comment") {
    const text = state.fragment.text.slice(token.start + 1, token.end).trimEnd();
    state.comments.push(located(text.trim(), place(state, token.start, token.start + 1 + text.length)));
    return;
  }
  if (token.kind === "word") word(state, token);
  else if (token.kind === "open") open(state, token);
  else if (token.kind === "close") close(state, token);
  else if (state.pending.length > 0) simple(state, token.end);
  else report(state, token.start, token.end, 'This ";" ends nothing');
}

function word(state: State, token: NginxToken): void {
  const { text } = state.fragment;
  if (token.unclosed) report(state, token.start, token.end, "This quote is never closed");
  if (token.bareBraces)
    report(state, token.start, token.end, 'nginx ends this word at "{"', "Put the expression in quotes.");
  if (token.glued)
    report(state, token.end, token.end + 1, "nginx expects a space or a semicolon after the closing quote");
  const last = state.pending.at(-1);
  const newLine = last !== undefined && text.slice(last.end, token.start).includes("\n");
  if (newLine && !token.quoted && startsStatement(token.value)) missingSemicolon(state, last);
  state.pending.push(token);
}

function missingSemicolon(state: State, last: NginxToken): void {
  const [name] = state.pending;
  report(
    state,
    last.start,
    last.end,
    `The directive "${name?.value}" has no ";" at its end`,
    'Add ";" after it.',
  );
  simple(state, last.end);
}

function argument(state: State, token: NginxToken): NginxArg {
  const raw = state.fragment.text.slice(token.start, token.end);
  return { value: token.value, raw, at: place(state, token.start, token.end) };
}

function keep(state: State, directive: NginxDirective): void {
  if (state.blocks.length > deepest) return;
  (state.blocks.at(-1)?.children ?? state.top).push(directive);
}

/** Ends the pending words as a simple directive. */
function simple(state: State, end: number): void {
  const [name, ...args] = state.pending.map(token => argument(state, token));
  const start = state.pending[0]?.start ?? end;
  state.pending = [];
  if (!name) return;
  keep(state, { name: located(name.value, name.at), args, at: place(state, start, end) });
}

/** `listen 80 location / {` on one line: what comes before the block's name was meant to end. */
function splitBeforeBlock(state: State, token: NginxToken): void {
  const first = state.pending[0];
  if (!first || first.quoted || !isSimpleDirective(first.value)) return;
  const index = state.pending.findIndex(pending => !pending.quoted && takesBlock(pending.value));
  if (index === -1) {
    report(state, token.start, token.end, `"${first.value}" takes no block`, 'End it with ";".');
    return;
  }
  const rest = state.pending.splice(index);
  missingSemicolon(state, state.pending.at(-1)!);
  state.pending = rest;
}

function open(state: State, token: NginxToken): void {
  splitBeforeBlock(state, token);
  const first = state.pending[0];
  if (!first) report(state, token.start, token.end, 'This "{" belongs to no directive');
  const [name, ...args] = state.pending.map(pending => argument(state, pending));
  const at = place(state, token.start, token.end);
  const directive = { name: name ? located(name.value, name.at) : located("", at), args, open: at };
  const start = first?.start ?? token.start;
  state.pending = [];
  if (name && !first?.quoted && isLuaBlock(name.value)) {
    lua(state, { directive, start, open: token.start, children: [] }, token.end);
    return;
  }
  if (state.blocks.length === deepest)
    report(state, token.start, token.end, `Blocks nest deeper than ${deepest} levels`);
  state.blocks.push({ directive, start, open: token.start, children: [] });
}

function lua(state: State, block: OpenBlock, from: number): void {
  const { text } = state.fragment;
  const end = luaBlockEnd(text, from);
  if (end === undefined) report(state, block.open, block.open + 1, "This block is never closed");
  const stop = end ?? text.length;
  const opaque = located(text.slice(from, stop), place(state, from, stop));
  const shared = { ...block.directive, block: [], opaque };
  const at = place(state, block.start, Math.min(stop + 1, text.length));
  keep(state, end === undefined ? { ...shared, at } : { ...shared, at, close: place(state, stop, stop + 1) });
  state.offset = Math.min(stop + 1, text.length);
}

function close(state: State, token: NginxToken): void {
  const last = state.pending.at(-1);
  if (last) missingSemicolon(state, last);
  const block = state.blocks.pop();
  if (!block) {
    report(state, token.start, token.end, 'This "}" closes nothing');
    return;
  }
  keep(state, {
    ...block.directive,
    block: block.children,
    at: place(state, block.start, token.end),
    close: place(state, token.start, token.end),
  });
}

function finish(state: State): void {
  const last = state.pending.at(-1);
  if (last) missingSemicolon(state, last);
  for (let block = state.blocks.pop(); block; block = state.blocks.pop()) {
    report(state, block.open, block.open + 1, "This block is never closed", 'Add "}" where it ends.');
    const end = state.offset;
    keep(state, { ...block.directive, block: block.children, at: place(state, block.start, end) });
  }
}

import type { ArtifactKind } from "../core/artifact.ts";
import { basename, dirname } from "../core/path.ts";
import type { Problem } from "../core/problem.ts";
import { type Located, type Location, locate, type Source } from "../core/source.ts";
import { parseShell, type ShellScript } from "../formats/shell.ts";
import { type Call, callsIn } from "./commands.ts";
import { closing, expandRecipe, expandText, type Written } from "./makefile-text.ts";

/** One recipe line: make starts a shell of its own for each. */
export interface Recipe {
  readonly script: ShellScript;
  readonly calls: readonly Call[];
  readonly at: Location;
  /** `-` in front: a failure does not stop make. */
  readonly ignoresFailure: boolean;
  /** `@` in front. */
  readonly silent: boolean;
}

export interface Target {
  readonly name: Located<string>;
  readonly prerequisites: readonly Located<string>[];
  readonly recipes: readonly Recipe[];
}

export interface Makefile {
  readonly source: Source;
  readonly file: string;
  readonly targets: readonly Target[];
  /** Last definition of each variable, as written. */
  readonly variables: ReadonlyMap<string, Located<string>>;
  /** What it includes, as written; a star stands for any letters. */
  readonly includes: readonly string[];
}

interface Line extends Written {
  readonly start: number;
  readonly end: number;
}

interface Rule {
  readonly names: readonly Located<string>[];
  readonly prerequisites: readonly Located<string>[];
  readonly recipes: Line[];
}

const definition =
  /^[ ]*(?:(?:export|override|private)[ \t]+)*([A-Za-z_.][\w.-]*)[ \t]*(::?:?|\?|\+|!)?=[ \t]*(.*)$/s;
const directive = /^[ \t]*-?(?:ifn?eq|ifn?def|else|endif|include|sinclude|export|unexport|vpath|undefine)\b/;

/**
 * Reads targets, recipes and variables. Both branches of a conditional are taken. Recipes run where make was started,
 * which for an included file is the directory of the one that includes it. Never throws.
 */
function parse(source: Source, directory = dirname(source.path)) {
  const lines = logicalLines(source.text);
  const rules: Rule[] = [];
  const variables = new Map<string, Located<string>>();
  const texts = new Map<string, string>();
  const uncertain = new Set<string>();
  const includes: string[] = [];
  let current: Rule | undefined;
  let defining = false;
  for (const line of lines) {
    if (defining) {
      defining = !/^[ \t]*endef\b/.test(line.text);
      continue;
    }
    if (line.text.startsWith("\t") && current) {
      current.recipes.push(line);
      continue;
    }
    const text = line.text.replace(/(^|[^\\])#.*$/s, "$1");
    includes.push(...(/^[ ]*[-s]?include[ \t]+(.*)$/s.exec(text)?.[1]?.match(/\S+/g) ?? []));
    if (
      text.trim() === "" ||
      directive.test(text.replace(/^[ \t]*export[ \t]+(?=[\w.-]+[ \t]*[:?+!]*=)/, ""))
    )
      continue;
    if (/^[ \t]*(?:override[ \t]+)?define\b/.test(text)) {
      defining = true;
      continue;
    }
    const assigned = definition.exec(text);
    if (assigned) {
      const [, name = "", op = "", raw = ""] = assigned;
      if (texts.has(name) && op !== "?") uncertain.add(name);
      if (op === "!" || op === "+") uncertain.add(name);
      if (!texts.has(name) || op !== "?") texts.set(name, raw.trim());
      variables.set(name, { value: raw.trim(), at: locate(source, line.start, line.end) });
      continue;
    }
    current = ruleOf(source, line, text);
    if (current) rules.push(current);
  }
  for (const name of uncertain) texts.delete(name);
  const problems: Problem[] = [];
  const oneShell = rules.some(rule => rule.names.some(name => name.value === ".ONESHELL"));
  const targets = rules.flatMap(rule => {
    const written = oneShell && rule.recipes.length > 1 ? [joined(rule.recipes)] : rule.recipes;
    const recipes = written.map(line => recipeOf(source, line, texts, directory));
    for (const recipe of recipes) problems.push(...recipe.script.problems);
    return rule.names.flatMap(({ value, at }): Target[] => {
      const name = expandText(value, texts);
      if (name === undefined || name.startsWith(".")) return [];
      return [{ name: { value: name, at }, prerequisites: rule.prerequisites, recipes }];
    });
  });
  const model: Makefile = { source, file: source.path, targets, variables, includes };
  return { model, problems };
}

/** Lines with continuations joined: in a recipe they stay for the shell, elsewhere they become a blank. */
function logicalLines(text: string): Line[] {
  const lines: Line[] = [];
  for (let start = 0; start < text.length; ) {
    const recipe = text[start] === "\t";
    let line = "";
    const offsets: number[] = [];
    let from = start;
    let end = start;
    let next = start;
    for (;;) {
      const newline = text.indexOf("\n", from);
      const stop = newline === -1 ? text.length : newline;
      end = newline > from && text[newline - 1] === "\r" ? newline - 1 : stop;
      next = newline === -1 ? text.length : newline + 1;
      const continued =
        /(?:^|[^\\])(?:\\\\)*\\$/.test(text.slice(Math.max(from, end - 20), end)) && newline !== -1;
      const until = continued && !recipe ? end - 1 : end;
      line += text.slice(from, until);
      for (let i = from; i < until; i++) offsets.push(i);
      if (!continued) break;
      line += recipe ? "\n" : " ";
      offsets.push(newline);
      from = next;
      // Make drops one leading tab of a continued recipe line.
      if (recipe && text[from] === "\t") from++;
      if (from >= text.length) break;
    }
    lines.push({ text: line, offsets, start, end });
    start = Math.max(next, start + 1);
  }
  return lines;
}

/** Each `$(...)` and `${...}`, however deep, as so many letters. */
function withoutCalls(text: string): string {
  let masked = "";
  for (let i = 0; i < text.length; ) {
    const opens = text[i] === "$" && /[({]/.test(text[i + 1] ?? "");
    const close = opens ? closing(text, i + 1) : undefined;
    // Nothing after what stays open can be told apart; looking again at each bracket would take too long.
    if (opens && close === undefined) return masked + text.slice(i);
    masked += close === undefined ? text[i] : "x".repeat(close + 1 - i);
    i = close === undefined ? i + 1 : close + 1;
  }
  return masked;
}

function ruleOf(source: Source, line: Line, text: string): Rule | undefined {
  // A colon inside `$(...)` does not end the targets.
  const masked = withoutCalls(text);
  const colon = masked.indexOf(":");
  if (colon === -1) return undefined;
  const after = masked[colon + 1] === ":" ? colon + 2 : colon + 1;
  const semicolon = masked.indexOf(";", after);
  const until = semicolon === -1 ? text.length : semicolon;
  // `target: NAME = value` sets a variable for the target; it is not a rule.
  if (/^[ \t]*[\w.-]+[ \t]*[:?+!]*=/.test(text.slice(after, until))) return undefined;
  const wordsIn = (from: number, to: number): Located<string>[] =>
    [...text.slice(from, to).matchAll(/\$[({][^)}]*[)}]\S*|[^\s|]+/g)].map(match => {
      const start = line.offsets[from + match.index] ?? line.start;
      return { value: match[0], at: locate(source, start, start + match[0].length) };
    });
  const recipes: Line[] = [];
  if (semicolon !== -1) {
    const offsets = line.offsets.slice(semicolon + 1);
    recipes.push({ text: text.slice(semicolon + 1), offsets, start: offsets[0] ?? line.end, end: line.end });
  }
  return { names: wordsIn(0, colon), prerequisites: wordsIn(after, until), recipes };
}

const prefixes = /^[\t ]*([@+-][@+\- \t]*)?/;

/** One script of all lines. Make takes `@`, `-` and `+` off each of them, where the shell is like POSIX's. */
function joined(recipe: readonly Line[]): Line {
  const lines = recipe.map((line, i) => {
    const skip = i === 0 ? 0 : prefixes.exec(line.text)![0].length;
    return { ...line, text: line.text.slice(skip), offsets: line.offsets.slice(skip) };
  });
  const offsets = lines.flatMap((line, i) => (i === 0 ? line.offsets : [line.start, ...line.offsets]));
  return {
    text: lines.map(line => line.text).join("\n"),
    offsets,
    start: lines[0]!.start,
    end: lines.at(-1)!.end,
  };
}

function recipeOf(source: Source, line: Line, variables: ReadonlyMap<string, string>, cwd: string): Recipe {
  const prefix = prefixes.exec(line.text)!;
  const own = { text: line.text.slice(prefix[0].length), offsets: line.offsets.slice(prefix[0].length) };
  const fragment = expandRecipe(source.path, own, line.end, variables);
  const script = parseShell(fragment);
  return {
    script,
    calls: callsIn(script, { cwd }),
    at: locate(source, own.offsets[0] ?? line.start, line.end),
    ignoresFailure: prefix[1]?.includes("-") ?? false,
    silent: prefix[1]?.includes("@") ?? false,
  };
}

/** Makefile, GNUmakefile, `*.mk`. */
export const makefile: ArtifactKind<Makefile> = {
  kind: "makefile",
  recognises: path => /^(?:GNU)?[Mm]akefile$/.test(basename(path)) || path.endsWith(".mk"),
  parse: source => parse(source),
};

/** A Makefile that another one includes, which lies in `directory`. */
export const includedMakefile = (directory: string): ArtifactKind<Makefile> => ({
  ...makefile,
  kind: `makefile included from "${directory}"`,
  parse: source => parse(source, directory),
});

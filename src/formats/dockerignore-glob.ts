/**
 * Docker's file patterns: Go's filepath.Match plus `**`. Matching is a set-of-states walk instead of a regular
 * expression, because the patterns are hostile input and backtracking would be exponential.
 */

type Token =
  | { readonly kind: "literal"; readonly char: string }
  | { readonly kind: "one" }
  | {
      readonly kind: "class";
      readonly negated: boolean;
      readonly ranges: readonly (readonly [string, string])[];
    }
  /** `*`: any run without a slash. */
  | { readonly kind: "star" }
  /** `**` in the middle or at the start: nothing, or anything that ends with a slash. */
  | { readonly kind: "deep" }
  /** `**` at the end: anything. */
  | { readonly kind: "rest" };

export interface Glob {
  readonly tokens: readonly Token[];
  /** No special token: compare texts. */
  readonly literal: string | undefined;
  /** `**suffix` without other special characters: Docker then compares the end of the path. */
  readonly suffix: string | undefined;
}

/** Undefined for a pattern that Go refuses: an open class, or an escape at the end. */
export function compileGlob(pattern: string): Glob | undefined {
  const chars = [...pattern];
  const tokens: Token[] = [];
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i]!;
    if (char === "*" && chars[i + 1] === "*") {
      i++;
      if (chars[i + 1] === "/") i++;
      tokens.push({ kind: i + 1 >= chars.length ? "rest" : "deep" });
    } else if (char === "*") tokens.push({ kind: "star" });
    else if (char === "?") tokens.push({ kind: "one" });
    else if (char === "\\") {
      const next = chars[++i];
      if (next === undefined) return undefined;
      tokens.push({ kind: "literal", char: next });
    } else if (char === "[") {
      const end = readClass(chars, i, tokens);
      if (end === undefined) return undefined;
      i = end;
    } else tokens.push({ kind: "literal", char });
  }
  const plain = tokens.every(token => token.kind === "literal");
  const text = (from: number) =>
    tokens
      .slice(from)
      .map(token => (token.kind === "literal" ? token.char : ""))
      .join("");
  const suffix =
    tokens[0]?.kind === "deep" &&
    tokens.slice(1).every(token => token.kind === "literal") &&
    !pattern.includes("\\");
  return {
    tokens,
    literal: plain ? text(0) : undefined,
    // "**/x" means a whole last part, "**x" any end.
    suffix: suffix ? (pattern[2] === "/" ? "/" : "") + text(1) : undefined,
  };
}

function readClass(chars: readonly string[], open: number, tokens: Token[]): number | undefined {
  let i = open + 1;
  const negated = chars[i] === "^";
  if (negated) i++;
  const ranges: [string, string][] = [];
  for (; i < chars.length; i++) {
    if (chars[i] === "]" && ranges.length > 0) {
      tokens.push({ kind: "class", negated, ranges });
      return i;
    }
    if (chars[i] === "]" || chars[i] === "-") return undefined;
    if (chars[i] === "\\") i++;
    const low = chars[i];
    let high = low;
    if (chars[i + 1] === "-") {
      i += 2;
      if (chars[i] === "]" || chars[i] === "-") return undefined;
      if (chars[i] === "\\") i++;
      high = chars[i];
    }
    if (low === undefined || high === undefined) return undefined;
    ranges.push([low, high]);
  }
  return undefined;
}

/** Whether the whole path matches. Time is at most tokens times characters. */
export function matchGlob(glob: Glob, path: string): boolean {
  if (glob.literal !== undefined) return path === glob.literal;
  if (glob.suffix !== undefined) return path.endsWith(glob.suffix) || path === glob.suffix.replace(/^\//, "");
  const { tokens } = glob;
  let states = new Set<number>();
  enter(tokens, 0, states);
  for (const char of path) {
    const next = new Set<number>();
    for (const state of states) step(tokens, state, char, next);
    if (next.size === 0) return false;
    states = next;
  }
  return states.has(tokens.length);
}

/** A state is the token to match next; tokens that may match nothing are also skipped. */
function enter(tokens: readonly Token[], from: number, states: Set<number>): void {
  let state = from;
  while (!states.has(state)) {
    states.add(state);
    const kind = tokens[state]?.kind;
    if (kind !== "star" && kind !== "deep" && kind !== "rest") return;
    state++;
  }
}

function step(tokens: readonly Token[], state: number, char: string, next: Set<number>): void {
  // Inside a run of `**` that has taken characters only a slash may lead on: such states are negative.
  if (state < 0) {
    next.add(state);
    if (char === "/") enter(tokens, -state, next);
    return;
  }
  const token = tokens[state];
  if (!token) return;
  if (token.kind === "star") {
    if (char !== "/") enter(tokens, state, next);
  } else if (token.kind === "rest") enter(tokens, state, next);
  else if (token.kind === "deep") {
    next.add(-(state + 1));
    if (char === "/") enter(tokens, state + 1, next);
  } else if (
    token.kind === "one"
      ? char !== "/"
      : token.kind === "literal"
        ? token.char === char
        : inClass(token, char)
  ) {
    enter(tokens, state + 1, next);
  }
}

function inClass(token: Token & { kind: "class" }, char: string): boolean {
  const inside = token.ranges.some(([low, high]) => char >= low && char <= high);
  return inside !== token.negated;
}

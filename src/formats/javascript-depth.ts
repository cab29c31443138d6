/** Brackets in brackets. Honest files stay below thirty. */
const deepestBrackets = 400;
/** Operators and prefix words that may nest inside one statement, over all open brackets. */
const longestChain = 5_000;

const mark =
  /[()[\]{};,!+\-=>?:<.~*`]|\n|\b(?:new|await|typeof|void|delete|yield|else|if|while|for|with|do|async)\b/g;
const wordAfter = /[ \t\r\n]*(?!(?:else|in|of|instanceof|while|as)\b)[\p{L}_$]/uy;
const prefixBefore = /\b(?:new|await|typeof|void|delete|yield|else|do|async)\s*$/;

/**
 * True when a file may nest so deep that the native parser would run out of stack, which ends the process.
 * Linear. Strings and comments count as code, so the answer may be "too deep" for a file that is not, never the
 * other way round at the sizes that matter.
 */
export function nestsTooDeep(text: string): boolean {
  const counts = [0];
  let total = 0;
  mark.lastIndex = 0;
  for (let found = mark.exec(text); found; found = mark.exec(text)) {
    const token = found[0];
    const top = counts.length - 1;
    if (token === "(" || token === "[" || token === "{") {
      counts[top]!++;
      total++;
      counts.push(0);
      if (counts.length > deepestBrackets) return true;
    } else if (token === ")" || token === "]" || token === "}") {
      if (top > 0) total -= counts.pop()!;
    } else if (isEnd(text, token, found.index)) {
      total -= counts[top]!;
      counts[top] = 0;
    } else if (token !== "\n") {
      counts[top]!++;
      if (++total > longestChain) return true;
    }
  }
  return false;
}

const elseAfter = /[;\s]{0,40}else\b/y;

function isEnd(text: string, token: string, index: number): boolean {
  if (token === "\n") return endsStatement(text, index);
  if (token !== ";" && token !== ",") return false;
  // `if (a); else if (b); else ...` nests in spite of its semicolons.
  elseAfter.lastIndex = index;
  return !elseAfter.test(text);
}

/** A line end that surely ends a statement in code without semicolons. */
function endsStatement(text: string, newline: number): boolean {
  let last = newline - 1;
  while (last >= 0 && /\s/.test(text[last]!) && newline - last < 200) last--;
  if (last < 0 || !/[\w$}\]'"`]/.test(text[last]!)) return false;
  wordAfter.lastIndex = newline;
  return wordAfter.test(text) && !prefixBefore.test(text.slice(Math.max(0, last - 10), last + 1));
}

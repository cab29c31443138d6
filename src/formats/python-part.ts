/** Where the top-level statements of Python code stand, by a scan instead of a parse. */

const token = /"""|'''|"(?:[^"\\\n]|\\[\s\S])*"?|'(?:[^'\\\n]|\\[\s\S])*'?|#[^\n]*|[([{]|[)\]}]|\\\r?\n|\n/g;
/** Words that go on with the statement before them. */
const goesOn = /(?:else|elif|except|finally)\b/y;

/**
 * Ranges that together are the whole text, each one or more top-level statements with their bodies and decorators.
 * Undefined when brackets or strings do not end: then only a parser can tell.
 */
export function statementRanges(text: string): readonly { from: number; to: number }[] | undefined {
  const ranges: { from: number; to: number }[] = [];
  let from = 0;
  let open = 0;
  let isDecorated = false;
  token.lastIndex = 0;
  for (let match = token.exec(text); match; match = token.exec(text)) {
    const word = match[0];
    if (word === '"""' || word === "'''") {
      const end = endOfText(text, token.lastIndex, word);
      if (end === undefined) return undefined;
      token.lastIndex = end;
    } else if (word === "(" || word === "[" || word === "{") open++;
    else if (word === ")" || word === "]" || word === "}") open--;
    if (open < 0) return undefined;
    if (word !== "\n" || open > 0) continue;
    const next = token.lastIndex;
    const first = text[next];
    if (first === undefined || /[\s#]/.test(first)) continue;
    goesOn.lastIndex = next;
    if (goesOn.test(text)) continue;
    if (!isDecorated) {
      ranges.push({ from, to: next });
      from = next;
    }
    isDecorated = first === "@";
  }
  if (open > 0) return undefined;
  if (from < text.length) ranges.push({ from, to: text.length });
  return ranges;
}

/** Behind the closing quotes of a long string. */
function endOfText(text: string, from: number, quotes: string): number | undefined {
  for (let at = text.indexOf(quotes, from); at !== -1; at = text.indexOf(quotes, at + 1)) {
    let slashes = 0;
    while (text[at - 1 - slashes] === "\\") slashes++;
    if (slashes % 2 === 0) return at + 3;
  }
  return undefined;
}

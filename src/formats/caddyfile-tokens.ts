/** One word of a Caddyfile, with offsets into the text. */
export interface CaddyToken {
  readonly start: number;
  readonly end: number;
  /** Without quotes; of a heredoc its text. */
  readonly value: string;
  readonly quoted: boolean;
  /** A brace that stands alone; only such ones open and close blocks. */
  readonly brace?: "{" | "}";
  /** Only blanks and line ends without a backslash stand between it and the word before. */
  readonly startsLine: boolean;
  readonly unclosed: boolean;
}

/**
 * The word at or after `offset`; undefined at the end. Comments begin with `#` at the start of a word. `absent` remembers
 * the ends of here-documents that were not found, so that a text full of beginnings is not searched again and again.
 */
export function nextCaddyToken(
  text: string,
  offset: number,
  absent: Set<string> = new Set(),
): CaddyToken | undefined {
  let start = offset;
  let startsLine = offset === 0 || (offset === 1 && text.startsWith("\ufeff"));
  for (; start < text.length; start++) {
    const char = text[start]!;
    if (char === "\n") startsLine = true;
    else if (char === "#" && (start === 0 || isBlank(text[start - 1]!) || text[start - 1] === "\ufeff")) {
      const end = text.indexOf("\n", start);
      start = (end === -1 ? text.length : end) - 1;
    } else if (char === "\\" && /^\\\r?\n/.test(text.slice(start, start + 3)))
      start += text[start + 1] === "\r" ? 2 : 1;
    else if (!isBlank(char)) break;
  }
  const first = text[start];
  if (first === undefined) return undefined;
  if (first === '"' || first === "`") return quotedWord(text, start, first, startsLine);
  const marker = first === "<" ? /^<<([\w-]+)\r?\n/.exec(text.slice(start, start + 200))?.[1] : undefined;
  if (marker && !absent.has(marker) && absent.size < mostAbsent) {
    const found = heredoc(text, start, marker, startsLine);
    if (found) return found;
    absent.add(marker);
  }
  return bareWord(text, start, startsLine);
}

const mostAbsent = 20;

function isBlank(char: string): boolean {
  return char === " " || char === "\t" || char === "\n" || char === "\r";
}

function quotedWord(text: string, start: number, quote: string, startsLine: boolean): CaddyToken {
  let end = start + 1;
  while (end < text.length && text[end] !== quote)
    end += quote === '"' && text[end] === "\\" && end + 1 < text.length ? 2 : 1;
  const unclosed = end >= text.length;
  const inner = text.slice(start + 1, Math.min(end, text.length));
  const value = quote === '"' ? inner.replace(/\\"/g, '"') : inner;
  return { start, end: Math.min(end + 1, text.length), value, quoted: true, startsLine, unclosed };
}

function heredoc(text: string, start: number, marker: string, startsLine: boolean): CaddyToken | undefined {
  const body = text.indexOf("\n", start) + 1;
  for (let line = body; line < text.length; ) {
    const next = text.indexOf("\n", line);
    const end = next === -1 ? text.length : next;
    const content = text.slice(line, end);
    const word = content.trimStart();
    if (word.startsWith(marker) && !/^[\w-]/.test(word.slice(marker.length))) {
      const stop = line + content.length - word.length + marker.length;
      return { start, end: stop, value: text.slice(body, line), quoted: true, startsLine, unclosed: false };
    }
    line = end + 1;
  }
  return undefined;
}

function bareWord(text: string, start: number, startsLine: boolean): CaddyToken {
  let end = start;
  while (end < text.length && !isBlank(text[end]!)) end++;
  const value = text.slice(start, end);
  const brace = value === "{" || value === "}" ? { brace: value as "{" | "}" } : {};
  return { start, end, value, quoted: false, ...brace, startsLine, unclosed: false };
}

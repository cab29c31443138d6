import type { Word } from "./shell-model.ts";
import { type Scanner, skipBlanks, skipSpace } from "./shell-scanner.ts";
import { arithmeticEnd } from "./shell-text.ts";
import { readWord } from "./shell-words.ts";

const reserved =
  /(?:if|then|elif|else|fi|for|select|while|until|do|done|case|esac|function|time|[{}!])(?=[\s;&|()<>]|$)/y;
const functionHead = /([^\s()<>|&;"'$`\\=]+)[ \t]*\([ \t]*\)/y;

/** The reserved word at `pos`; only asked where a command may begin. */
export function reservedAt(scanner: Scanner): string | undefined {
  reserved.lastIndex = scanner.pos;
  return reserved.exec(scanner.text)?.[0];
}

/** What stands between `for` and `do`. */
export function readLoopHead(scanner: Scanner): { name: string; words: Word[] } {
  const { text } = scanner;
  const words: Word[] = [];
  if (text.startsWith("((", scanner.pos)) {
    const close = arithmeticEnd(text, scanner.pos + 2);
    scanner.pos = close === undefined ? text.length : close + 2;
    return { name: "", words };
  }
  const name = readWord(scanner).text;
  skipSpace(scanner);
  if (!/^in(?=[\s;]|$)/.test(text.slice(scanner.pos, scanner.pos + 3))) return { name, words };
  scanner.pos += 2;
  for (;;) {
    skipBlanks(scanner);
    const item = readWord(scanner);
    if (item.end === item.start) return { name, words };
    words.push(item);
  }
}

/** `name()` or `function name`; leaves `pos` after it. */
export function readFunctionHead(
  scanner: Scanner,
  keyword: boolean,
): { value: string; start: number } | undefined {
  if (!keyword) {
    functionHead.lastIndex = scanner.pos;
    const match = functionHead.exec(scanner.text);
    if (!match) return undefined;
    const start = scanner.pos;
    scanner.pos = functionHead.lastIndex;
    return { value: match[1]!, start };
  }
  scanner.pos += "function".length;
  skipBlanks(scanner);
  const name = readWord(scanner);
  skipBlanks(scanner);
  const parentheses = /\([ \t]*\)/y;
  parentheses.lastIndex = scanner.pos;
  if (parentheses.test(scanner.text)) scanner.pos = parentheses.lastIndex;
  return { value: name.text, start: name.start };
}

/** Longest text that is tried against an expression from a configuration. */
const longest = 512;

/** An inner repetition under an outer one, `(a+)+`: the cost may explode, so such expressions are not run. */
const nestedRepetition = /[+*}][^()]*\)[+*{]/;
/** What means something else, or nothing, in JavaScript. */
const foreign = /\\[AzZGQEKRXhHVNCpPgk]|\[\[:|\(\?[>|#&(RPimsxU0-9]|[+*?}]\+/;

/**
 * Whether a PCRE of nginx matches. `undefined` when JavaScript's engine cannot be trusted with it: it means something
 * else there, or may take too long.
 */
export function matchesPattern(pattern: string, text: string, ignoreCase: boolean): boolean | undefined {
  const prefix = pattern.startsWith("(?i)");
  const body = (prefix ? pattern.slice(4) : pattern).replaceAll("(?P<", "(?<");
  if (text.length > longest || body.length > longest) return undefined;
  if (foreign.test(body) || nestedRepetition.test(body)) return undefined;
  try {
    return new RegExp(body, ignoreCase || prefix ? "i" : "").test(text);
  } catch {
    // Not an expression for this engine; nginx itself may still accept it.
    return undefined;
  }
}

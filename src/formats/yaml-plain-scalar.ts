/** Thrown and caught by the reader of plain YAML: the text is not plain enough for it. */
export const notPlain = new Error("not plain YAML");

const whole = /^-?(?:0|[1-9]\d{0,14})$/;
const fraction = /^-?(?:0|[1-9]\d{0,8})\.\d{1,6}$/;
/** What may be a number in one of its other spellings, or stand for infinity or no number. */
const likeNumber = /^[-+]?\.?(?:\d[\dxo_a-fA-F.+eE-]*|inf|Inf|INF|nan|NaN|NAN)$/;

/** What an unquoted scalar stands for. */
export function plainOf(written: string): string | number | boolean | null {
  const code = written.charCodeAt(0);
  // Letters begin most.
  if (code < 0x3a) {
    if (whole.test(written) || fraction.test(written)) {
      if (written === "-0" || /^-0\.0*$/.test(written)) throw notPlain;
      return Number(written);
    }
    if (likeNumber.test(written)) throw notPlain;
    return written;
  }
  if (written.length > 5) return written;
  if (/^(?:~|[Nn]ull|NULL)$/.test(written)) return null;
  if (/^(?:[Tt]rue|TRUE|[Ff]alse|FALSE)$/.test(written)) return written[0] === "t" || written[0] === "T";
  return written;
}

/** Lines become one; as many line ends stay as there are blank lines. */
export function folded(lines: readonly string[]): string {
  let text = "";
  let blank = 0;
  for (const [n, line] of lines.entries()) {
    if (line === "") blank++;
    else {
      text += blank > 0 ? "\n".repeat(blank) : n > 0 ? " " : "";
      text += line;
      blank = 0;
    }
  }
  return text;
}

import type { Heredoc, Redirect } from "./shell-model.ts";
import { placeOf, report, type Scanner, skipBlanks } from "./shell-scanner.ts";
import { decode } from "./shell-text.ts";
import { readWord } from "./shell-words.ts";

const operator = /(\d+|\{[A-Za-z_]\w*\})?(<<<|<<-|<<|<>|<&|>>|>&|>\||&>>|&>|<(?!\()|>(?!\())/y;

/** Reads the redirect at `pos`; undefined when there is none. */
export function readRedirect(scanner: Scanner): Redirect | undefined {
  const { text } = scanner;
  const start = scanner.pos;
  operator.lastIndex = start;
  const match = operator.exec(text);
  if (!match) return undefined;
  scanner.pos = operator.lastIndex;
  const [, fd, op = ""] = match;
  skipBlanks(scanner);
  const target = readWord(scanner);
  if (target.end === target.start) report(scanner, start, start + op.length, `Nothing follows ${op}`);
  const redirect: { -readonly [K in keyof Redirect]: Redirect[K] } = {
    op,
    target,
    at: placeOf(scanner, start, scanner.pos),
    ...(fd !== undefined ? { fd } : {}),
  };
  if ((op !== "<<" && op !== "<<-") || target.end === target.start) return redirect;
  const quoted = /["'\\]/.test(target.text);
  const delimiter = target.value ?? decode(target.text.replace(/["']/g, ""), "bare");
  const indented = op === "<<-";
  scanner.pending.push({
    delimiter,
    quoted,
    indented,
    at: redirect.at,
    settle: (heredoc: Heredoc) => {
      redirect.heredoc = heredoc;
    },
  });
  return redirect;
}

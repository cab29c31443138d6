/** What a `${NAME...}` does when the variable is unset (`-`, `?`, `+`) or also when it is empty (with `:`). */
export type EnvOperator = ":-" | "-" | ":?" | "?" | ":+" | "+";

/** A reference in a value, offsets into the text that was scanned. */
export interface TemplateReference {
  readonly name: string;
  readonly operator?: EnvOperator;
  /** What follows the operator, itself a template. */
  readonly operand?: string;
  readonly start: number;
  readonly end: number;
}

export type TemplatePiece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "reference"; readonly raw: string; readonly reference: TemplateReference }
  | { readonly kind: "invalid"; readonly text: string; readonly start: number; readonly end: number };

const namePattern = /[A-Za-z_][A-Za-z0-9_]*/y;
const operators: readonly EnvOperator[] = [":-", ":?", ":+", "-", "?", "+"];

function nameAt(text: string, offset: number): string {
  namePattern.lastIndex = offset;
  return namePattern.exec(text)?.[0] ?? "";
}

/**
 * For each `{` the offset of its `}`, in one pass, so that deep nesting stays linear. Compose 2.26 counts plain braces
 * too and does not look at the character behind an opening one.
 */
function closingBraces(text: string): Map<number, number> {
  const closes = new Map<number, number>();
  const open: number[] = [];
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "{") open.push(i++);
    else if (text[i] === "}" && open.length > 0) closes.set(open.pop()!, i);
  }
  return closes;
}

/** Where a reference ends: at its own brace, else at the last one of its line, as Compose has it. */
function referenceEnd(text: string, start: number, balanced: number | undefined): number | undefined {
  const newline = text.indexOf("\n", start);
  const lineEnd = newline === -1 ? text.length : newline;
  if (balanced !== undefined && balanced < lineEnd) return balanced;
  const last = text.lastIndexOf("}", lineEnd - 1);
  return last > start ? last : undefined;
}

/** Splits a value as Compose does: `$$` is a dollar, `$1` and a lone `$` are literal, `${` must be well formed. */
export function scanTemplate(text: string): TemplatePiece[] {
  const pieces: TemplatePiece[] = [];
  if (!text.includes("$")) return text === "" ? pieces : [{ kind: "text", text }];
  const closes = closingBraces(text);
  let literal = "";
  const flush = (): void => {
    if (literal !== "") pieces.push({ kind: "text", text: literal });
    literal = "";
  };
  let i = 0;
  while (i < text.length) {
    if (text[i] !== "$") {
      const next = text.indexOf("$", i);
      literal += text.slice(i, next === -1 ? text.length : next);
      i = next === -1 ? text.length : next;
      continue;
    }
    if (text[i + 1] === "$") {
      literal += "$";
      i += 2;
      continue;
    }
    if (text[i + 1] !== "{") {
      const name = nameAt(text, i + 1);
      if (name === "") {
        literal += "$";
        i += 1;
        continue;
      }
      flush();
      const end = i + 1 + name.length;
      pieces.push({ kind: "reference", raw: text.slice(i, end), reference: { name, start: i, end } });
      i = end;
      continue;
    }
    flush();
    const piece = braced(text, i, closes);
    pieces.push(piece);
    i = piece.kind === "reference" ? piece.reference.end : piece.kind === "invalid" ? piece.end : text.length;
  }
  flush();
  return pieces;
}

function braced(text: string, start: number, closes: ReadonlyMap<number, number>): TemplatePiece {
  const invalid = (end: number): TemplatePiece => ({
    kind: "invalid",
    text: text.slice(start, end),
    start,
    end,
  });
  const name = nameAt(text, start + 2);
  const after = start + 2 + name.length;
  const close = text[after] === "}" ? after : referenceEnd(text, start, closes.get(start + 1));
  if (close === undefined) return invalid(text.length);
  if (name === "") return invalid(close + 1);
  const raw = text.slice(start, close + 1);
  if (after === close) return { kind: "reference", raw, reference: { name, start, end: close + 1 } };
  const operator = operators.find(candidate => text.startsWith(candidate, after));
  if (!operator) return invalid(close + 1);
  const operand = text.slice(after + operator.length, close);
  return { kind: "reference", raw, reference: { name, operator, operand, start, end: close + 1 } };
}

/** Deeper `${A:-${B:-...}}` than anyone writes is left undecided instead of exhausting the stack. */
const deepest = 32;

/**
 * The value that Compose computes. `undefined` when it would refuse the template or a required variable is missing.
 * Unset variables are empty, as in Compose.
 */
export function substitute(
  text: string,
  lookup: (name: string) => string | undefined,
  depth = 0,
): string | undefined {
  if (depth > deepest) return undefined;
  let result = "";
  for (const piece of scanTemplate(text)) {
    if (piece.kind === "invalid") return undefined;
    const value = piece.kind === "text" ? piece.text : referenceValue(piece.reference, lookup, depth);
    if (value === undefined) return undefined;
    result += value;
  }
  return result;
}

function referenceValue(
  reference: TemplateReference,
  lookup: (name: string) => string | undefined,
  depth: number,
): string | undefined {
  const value = lookup(reference.name);
  const { operator, operand = "" } = reference;
  const missing = operator?.startsWith(":") ? value === undefined || value === "" : value === undefined;
  if (operator?.endsWith("-")) return missing ? substitute(operand, lookup, depth + 1) : value;
  if (operator?.endsWith("+")) return missing ? "" : substitute(operand, lookup, depth + 1);
  if (operator?.endsWith("?")) return missing ? undefined : value;
  return value ?? "";
}

import { isPlaceholder, isSecretName, issuedTokens } from "../formats/secret.ts";

const mask = "‹masked›";

const tokens = new RegExp(issuedTokens.source, "g");

const privateKey = /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----/g;

/**
 * Text as it may leave: values of secret-named keys, passwords in URLs, private keys, tokens of known providers and
 * every literal of `known` are replaced by `‹masked›`. References such as `${PASSWORD}` and placeholders stay.
 * In `prose` a colon ends a clause: what follows `PASSWORD: ` there is no value.
 */
export function maskSecrets(
  text: string,
  known: ReadonlySet<string>,
  form: "file" | "prose" = "file",
): string {
  let masked = maskKeys(text);
  masked = maskUrls(masked);
  masked = maskAssignments(masked, form === "prose");
  masked = masked.replace(tokens, mask);
  return maskKnown(masked, known);
}

function maskKeys(text: string): string {
  if (!text.includes("PRIVATE KEY-----")) return text;
  let out = "";
  let from = 0;
  for (const begin of text.matchAll(privateKey)) {
    if (begin.index < from) continue;
    const end = text.indexOf("-----END", begin.index);
    const stop = end === -1 ? text.length : end;
    out += text.slice(from, begin.index + begin[0].length) + mask;
    from = stop;
  }
  return out + text.slice(from);
}

/** `scheme://user:password@host`: only the password is taken out. */
function maskUrls(text: string): string {
  let out = "";
  let from = 0;
  for (let at = text.indexOf("://"); at !== -1; at = text.indexOf("://", at + 3)) {
    const authority = /^[^\s"'`<>/]*/.exec(text.slice(at + 3, at + 515))![0];
    const host = authority.lastIndexOf("@");
    // The colon of `${USER:-name}` is not the one before the password.
    const colon = authority.replace(/\$\{[^{}]*\}?/g, whole => "x".repeat(whole.length)).indexOf(":");
    if (colon === -1 || host <= colon) continue;
    const password = authority.slice(colon + 1, host);
    if (!isLiteralSecret(password)) continue;
    const start = at + 3 + colon + 1;
    out += text.slice(from, start) + maskedValue(password);
    from = at + 3 + host;
  }
  return out + text.slice(from);
}

/** Every name of a secret has one of these: see `isSecretName`. */
const mayName = /pass|pwd|secret|token|key|credential|dsn/i;

/** Finds each secret-named key and masks the value that follows, whatever the language around it. */
function maskAssignments(text: string, prose: boolean): string {
  if (!mayName.test(text)) return text;
  const word = /[A-Za-z_][\w.-]*/g;
  let out = "";
  let from = 0;
  for (let found = word.exec(text); found; found = word.exec(text)) {
    const name = found[0];
    if (!isSecretName(name)) continue;
    const isReference = text.startsWith("${", found.index - 2);
    const value = isReference
      ? fallbackAfter(text, word.lastIndex)
      : valueAfter(text, word.lastIndex, !prose && text.startsWith("--", found.index - 2));
    if (!value || (prose && /:\s+$/.test(text.slice(word.lastIndex, value.start)))) continue;
    word.lastIndex = value.end;
    out += text.slice(from, value.start) + value.masked;
    from = value.end;
  }
  return out + text.slice(from);
}

interface MaskedValue {
  readonly start: number;
  readonly end: number;
  readonly masked: string;
}

/** The literal of `${PASSWORD:-literal}`, from behind the name. */
function fallbackAfter(text: string, from: number): MaskedValue | undefined {
  const found = /:?-([^}\n]{1,400})/y;
  found.lastIndex = from;
  const literal = found.exec(text)?.[1];
  if (literal === undefined || literal.startsWith("$") || isHarmless(literal)) return undefined;
  return { start: found.lastIndex - literal.length, end: found.lastIndex, masked: mask };
}

function valueAfter(text: string, from: number, isFlag: boolean): MaskedValue | undefined {
  const separator = /(["']?\]?[ \t]{0,8}(?:[:=]|:=|=>)[ \t]{0,8})|([ \t]{1,8})/y;
  separator.lastIndex = from;
  const found = separator.exec(text);
  if (!found || (found[2] !== undefined && !isFlag)) return undefined;
  const start = separator.lastIndex;
  const quote = text[start];
  if (quote === '"' || quote === "'") {
    const close = closingQuote(text, start);
    const inner = text.slice(start + 1, close);
    if (!isLiteralSecret(inner)) return undefined;
    return { start: start + 1, end: close, masked: maskedValue(inner) };
  }
  const colon = found[1]?.includes(":") === true && /[ \t]$/.test(found[1]);
  const value = unquotedAt(text, start, colon);
  // A call or a subscript is code that reads the value from elsewhere; only its literals may be secrets.
  if (/^[A-Za-z_][\w.]*[([]/.test(value)) {
    const line = text.slice(start, endOfLine(text, start));
    return { start, end: start + line.length, masked: maskLiterals(line) };
  }
  if (!isLiteralSecret(value)) return undefined;
  return { start, end: start + value.length, masked: maskedValue(value) };
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end === -1 ? text.length : end;
}

function closingQuote(text: string, open: number): number {
  const stop = endOfLine(text, open);
  for (let i = open + 1; i < stop; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === text[open]) return i;
  }
  return stop;
}

/** A YAML value runs to the end of its line, any other to the next blank; `${...}` is kept whole. */
function unquotedAt(text: string, start: number, toLineEnd: boolean): string {
  const stop = endOfLine(text, start);
  let end = start;
  while (end < stop) {
    const char = text[end]!;
    if (char === "$" && text[end + 1] === "{") {
      const close = text.indexOf("}", end);
      if (close !== -1 && close < stop) end = close;
    } else if (toLineEnd ? char === "#" && /\s/.test(text[end - 1] ?? "") : /[\s;&|`"')\]]/.test(char)) break;
    end++;
  }
  return text.slice(start, end).trimEnd();
}

/** Literals of at least four characters that do not look like the name of a variable. */
function maskLiterals(code: string): string {
  return code.replace(/(["'])([^"'\n]{4,})\1/g, (whole, quote: string, inner: string) =>
    /^[A-Z][A-Z0-9_]*$/.test(inner) || !isLiteralSecret(inner) ? whole : quote + maskedValue(inner) + quote,
  );
}

/** Rules call `changeme1` a placeholder; what holds a digit outside of brackets is masked all the same. */
function isHarmless(value: string): boolean {
  return isPlaceholder(value) && (!/\d/.test(value) || /^(?:<.*>|\{\{.*\}\}|\[.*\]|\$\{.*)$/s.test(value));
}

function isLiteralSecret(value: string): boolean {
  const trimmed = value.trim();
  if (trimmed === "" || trimmed.includes(mask)) return false;
  if (/^(?:true|false|null|none|yes|no|~|undefined|\{|\[|[|>][-+]?)$/i.test(trimmed)) return false;
  if (
    /^(?:\$\(|\$[A-Za-z_]\w*$|\{\{|\$\{\{|process\.env\b|import\.meta\b|os\.environ\b|\w+ = os\.environ\["\w+"\]$|%[sd])/.test(
      trimmed,
    )
  )
    return false;
  if (/^\$\{[A-Za-z_]\w*(?:(?::?[-+?])[^}]*)?\}$/.test(trimmed)) return fallbackOf(trimmed) !== undefined;
  return !isHarmless(trimmed);
}

/** The literal in `${NAME:-literal}`. */
function fallbackOf(reference: string): string | undefined {
  const found = /^\$\{\w+:?[-+]([^}]+)\}$/.exec(reference)?.[1];
  return found === undefined || found.startsWith("$") || isHarmless(found) ? undefined : found;
}

function maskedValue(value: string): string {
  const fallback = fallbackOf(value.trim());
  return fallback === undefined ? mask : value.replace(fallback, mask);
}

const literals = new WeakMap<ReadonlySet<string>, { readonly size: number; readonly found: string[] }>();

/** Those that are masked wherever they stand, the longest first. */
function literalsOf(known: ReadonlySet<string>): readonly string[] {
  const before = literals.get(known);
  // A set that has grown since is looked through again.
  if (before?.size === known.size) return before.found;
  // A plain short word ("postgres", "PASSWORD") is also the name of images and users: it is masked next to its key only.
  const found = [...known]
    .filter(secret => secret.length >= 4 && !/^(?:[A-Z]?[a-z]{1,11}|[A-Z]{1,11})$/.test(secret))
    .sort((a, b) => b.length - a.length);
  literals.set(known, { size: known.size, found });
  return found;
}

const plainWords = /^[a-z]+(?:[_-][a-z]+)+$/;

function maskKnown(text: string, known: ReadonlySet<string>): string {
  let masked = text;
  for (const secret of literalsOf(known)) {
    if (!masked.includes(secret)) continue;
    // `harbour_web` may be a part of the longer name of a service or a volume.
    const whole = plainWords.test(secret) ? new RegExp(`(?<![\\w-])${secret}(?![\\w-])`) : secret;
    masked = masked.split(whole).join(mask);
  }
  return masked;
}

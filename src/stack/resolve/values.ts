import { type Fragment, sliceFragment } from "../../core/fragment.ts";
import type { Located, Location } from "../../core/source.ts";
import { itemsOf, textOf, type YamlNode, type YamlPair } from "../../formats/yaml.ts";
import type { Command, Variable } from "../stack.ts";
import { type Interpolated, interpolate, type Lookup } from "./interpolate.ts";
import { isListItem, keyedPairs } from "./merge.ts";

/** A scalar with its variables filled in; undefined for null, maps and lists. */
export function scalarValue(node: YamlNode | undefined, lookup: Lookup): Interpolated | undefined {
  if (node?.kind !== "scalar" || node.value === null) return undefined;
  return interpolate(node.fragment, node.at, lookup);
}

/** Like `scalarValue`, as a located text that may be unknown. */
export function locatedValue(
  node: YamlNode | undefined,
  lookup: Lookup,
): Located<string | undefined> | undefined {
  const value = scalarValue(node, lookup);
  return value && { value: value.text, at: value.at };
}

/** Texts of a string or a list of strings; unknown ones are left out. */
export function textList(node: YamlNode | undefined, lookup: Lookup): Located<string>[] {
  const nodes = node?.kind === "seq" ? node.items : node ? [node] : [];
  return nodes.flatMap(item => {
    const value = scalarValue(item, lookup);
    return value?.text === undefined ? [] : [{ value: value.text, at: value.at }];
  });
}

/** The variables of an `environment`, `build.args` or `labels` node, in either spelling. */
export function variables(node: YamlNode | undefined, from: Variable["from"], lookup: Lookup): Variable[] {
  return keyedPairs(node).flatMap(pair =>
    isListItem(pair) ? listVariable(pair, from, lookup) : mapVariable(pair, from, lookup),
  );
}

function mapVariable(pair: YamlPair, from: Variable["from"], lookup: Lookup): Variable[] {
  const value = scalarValue(pair.value, lookup);
  return [{ name: pair.key.value, nameAt: pair.key.at, value, at: pair.at, from }];
}

function listVariable(pair: YamlPair, from: Variable["from"], lookup: Lookup): Variable[] {
  const node = pair.value;
  if (node.kind !== "scalar") return [];
  const fragment = node.fragment;
  const equals = fragment.text.indexOf("=");
  const nameEnd = equals === -1 ? fragment.text.length : equals;
  const nameAt = placeIn(fragment, 0, nameEnd);
  if (equals === -1) return [{ name: fragment.text, nameAt, value: undefined, at: node.at, from }];
  const part = sliceFragment(fragment, equals + 1, fragment.text.length);
  const value = interpolate(part, placeIn(part, 0, part.text.length), lookup);
  return [{ name: fragment.text.slice(0, equals), nameAt, value, at: node.at, from }];
}

function placeIn(fragment: Fragment, start: number, end: number): Location {
  const from = fragment.toFile(start);
  return {
    file: fragment.file,
    span: { start: from, end: end > start ? fragment.toFile(end - 1) + 1 : from },
  };
}

/** A Compose `command` or `entrypoint`. Compose splits a string into words and starts no shell. */
export function commandOf(node: YamlNode | undefined, lookup: Lookup): Command | undefined {
  if (!node || (node.kind === "scalar" && node.value === null) || node.kind === "map") return undefined;
  if (node.kind === "seq") {
    const words = itemsOf(node).flatMap(item => locatedValue(item, lookup) ?? []);
    return { form: "exec", words, text: words.map(word => word.value ?? "?").join(" "), at: node.at };
  }
  const words = splitWords(node.fragment).map(({ start, end, text }) => {
    const part: Fragment = { ...sliceFragment(node.fragment, start, end), text };
    const value = interpolate(part, placeIn(node.fragment, start, end), lookup);
    return { value: value.text, at: value.at };
  });
  return { form: "exec", words, text: textOf(node)?.value ?? "", at: node.at };
}

/** A health check's `test`: NONE, CMD, CMD-SHELL or a plain string, which Docker gives to a shell. */
export function healthCommand(node: YamlNode | undefined, lookup: Lookup): Command | "none" | undefined {
  if (node?.kind === "scalar") {
    const value = scalarValue(node, lookup);
    if (!value) return undefined;
    if (value.text === "NONE") return "none";
    return {
      form: "shell",
      words: [{ value: value.text, at: value.at }],
      text: value.text ?? value.raw,
      at: value.at,
    };
  }
  const items = itemsOf(node);
  const kind = textOf(items[0])?.value;
  if (kind === "NONE") return "none";
  const words = items.slice(1).flatMap(item => locatedValue(item, lookup) ?? []);
  const text = words.map(word => word.value ?? "?").join(" ");
  if (kind === "CMD-SHELL") return { form: "shell", words, text, at: node!.at };
  if (kind === "CMD") return { form: "exec", words, text, at: node!.at };
  return undefined;
}

interface Cut {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Splits like a shell's lexer (quotes and backslashes, nothing else), as Compose does for command strings. */
export function splitWords(fragment: Fragment): Cut[] {
  const source = fragment.text;
  const cuts: Cut[] = [];
  let i = 0;
  while (i < source.length) {
    while (i < source.length && /\s/.test(source[i]!)) i++;
    if (i >= source.length) break;
    const start = i;
    let text = "";
    let quote = "";
    for (; i < source.length; i++) {
      const c = source[i]!;
      // Compose puts values in before it splits: blanks of a message or a default belong to the reference.
      const reference = quote === "'" ? undefined : referenceAt(source, i);
      if (reference !== undefined) {
        text += reference;
        i += reference.length - 1;
      } else if (quote) {
        if (c === quote) quote = "";
        else if (c === "\\" && quote === '"' && /["\\$`]/.test(source[i + 1] ?? "")) text += source[++i];
        else text += c;
      } else if (c === "'" || c === '"') quote = c;
      else if (c === "\\" && i + 1 < source.length) text += source[++i];
      else if (/\s/.test(c)) break;
      else text += c;
    }
    cuts.push({ start, end: i, text });
  }
  return cuts;
}

/** `${NAME:?message with blanks}` with its braces balanced. */
function referenceAt(source: string, start: number): string | undefined {
  if (source[start] !== "$" || source[start + 1] !== "{") return undefined;
  let depth = 0;
  for (let i = start + 1; i < source.length; i++) {
    if (source[i] === "{") depth++;
    else if (source[i] === "}" && --depth === 0) return source.slice(start, i + 1);
  }
  return undefined;
}

const units: Record<string, number> = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A Compose duration (`1m30s`) in milliseconds. */
export function durationMs(text: string | undefined): number | undefined {
  if (!text) return undefined;
  let total = 0;
  let rest = text.trim();
  while (rest) {
    const match = /^(\d+(?:\.\d+)?)(us|ms|s|m|h|d)/.exec(rest);
    if (!match) return undefined;
    total += Number(match[1]) * units[match[2]!]!;
    rest = rest.slice(match[0].length);
  }
  return total;
}

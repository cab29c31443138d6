import { basename } from "../core/path.ts";
import { type Location, locate, type Source } from "../core/source.ts";
import { isPlaceholder } from "../formats/secret.ts";
import type { AppComponent } from "./app/detect.ts";

/** Users that a program of .NET makes through ASP.NET Identity when it starts. */

export interface IdentitySeed {
  /** The password. */
  readonly at: Location;
  /** The place of the start that leads to it. */
  readonly runAt?: Location;
}

interface Method {
  readonly name: string;
  readonly start: number;
  readonly parameters: readonly string[];
}

const making = /\.CreateAsync\(\s*[\w!]+\s*,\s*([A-Za-z_]\w*)\s*[,)]/g;
const heads =
  /\b(?:public|private|protected|internal|static|async)\s+(?:(?:static|async|override|virtual)\s+)*(?!\w*\s*(?:class|record|struct)\b)[\w<>?,.() [\]]{1,120}?\s(\w+)\(([^)]{0,400})\)/g;
const powers = /"(?:super)?admin(?:istrator)?(?:@[\w.-]+)?"|AddToRoleAsync\(\s*\w+\s*,\s*[^)\n]{0,40}admin/i;
const asks = /[iI]s_?(?:Dev|Prod|Staging|Environment)\w*\(|\bSEED\w*|[sS]eed:?(?:Enabled|Demo)|#if\s+DEBUG/g;

/** The first known password of an administrator in each file, where the start runs it. */
export function identitySeeds(
  component: AppComponent,
  texts: ReadonlyMap<string, Source>,
): readonly IdentitySeed[] {
  return [...texts.values()].flatMap(source => {
    if (!source.path.endsWith(".cs") || !source.text.includes(".CreateAsync(")) return [];
    const methods = methodsOf(source.text);
    for (const { at, use } of passwords(source, methods)) {
      const run = runOf(source, use, methods, component, texts);
      if (run) return [{ at, ...run }];
    }
    return [];
  });
}

/** Where a password is written, and where it is used. */
function* passwords(source: Source, methods: readonly Method[]): Iterable<{ at: Location; use: number }> {
  const { text } = source;
  for (const match of text.matchAll(making)) {
    const name = match[1]!;
    const given = new RegExp(`(?<![\\w.])${name}\\s*=\\s*"([^"\\n]{6,60})"\\s*;`).exec(text);
    const near = text.slice(Math.max(0, match.index - 600), match.index + 600);
    if (given && !isPlaceholder(given[1]!) && (/admin/i.test(name) || powers.test(near)))
      yield {
        at: locate(source, given.index, given.index + given[0].trimEnd().length - 1),
        use: match.index,
      };
    const method = methodAt(methods, match.index);
    const place = method?.parameters.indexOf(name) ?? -1;
    if (!method || place === -1) continue;
    for (const call of text.matchAll(new RegExp(`\\b${method.name}\\(([^()\\n]{0,300})\\)`, "g"))) {
      const words = call[1]!.split(",").map(word => word.trim());
      if (!/^"[^"]{6,60}"$/.test(words[place] ?? "") || isPlaceholder(words[place]!.slice(1, -1))) continue;
      if (!words.some((word, index) => index !== place && /^[^\s:]*admin/i.test(word))) continue;
      yield { at: locate(source, call.index, call.index + call[0].length), use: call.index };
    }
  }
}

function methodsOf(text: string): Method[] {
  return [...text.matchAll(heads)].map(match => ({
    name: match[1]!,
    start: match.index,
    parameters: match[2]!.split(",").map(each => /(\w+)(?:\s*=.*)?$/.exec(each.trim())?.[1] ?? ""),
  }));
}

function methodAt(methods: readonly Method[], index: number): Method | undefined {
  return methods.findLast(({ start }) => start < index);
}

/** How the start comes to a place; undefined where it does not, or asks where it runs. */
function runOf(
  source: Source,
  use: number,
  methods: readonly Method[],
  component: AppComponent,
  texts: ReadonlyMap<string, Source>,
): Pick<IdentitySeed, "runAt"> | undefined {
  const { text, path } = source;
  if (isStart(path, component) && !methodAt(methods, use)) return isAsked(text, 0, use) ? undefined : {};
  const names = reaching(text, use, methods);
  const stem = basename(path).replace(/\.\w+$/, "");
  for (const other of texts.values()) {
    if (!isStart(other.path, component) || (other.path !== path && !other.text.includes(stem))) continue;
    for (const name of names) {
      const call = new RegExp(`(?:\\bawait|[.=;}])\\s*${name}\\(`).exec(other.text);
      const end = call ? call.index + call[0].length - 1 : 0;
      if (call && !isAsked(other.text, Math.max(0, call.index - 1_500), call.index))
        return other.path === path ? {} : { runAt: locate(other, end - name.length, end) };
    }
  }
  return undefined;
}

function isStart(path: string, component: AppComponent): boolean {
  return component.entries.includes(path) || /^(?:Program|Startup)\.cs$/.test(basename(path));
}

/** The methods of a file that come to a place without asking where they run, itself first. */
function reaching(text: string, use: number, methods: readonly Method[]): string[] {
  const names: string[] = [];
  const places = [use];
  for (const place of places) {
    const method = methodAt(methods, place);
    if (!method || names.includes(method.name) || isAsked(text, method.start, place)) continue;
    names.push(method.name);
    const calls = text.matchAll(new RegExp(`(?:\\bawait|\\breturn|[.=;{}])\\s*${method.name}\\(`, "g"));
    places.push(...[...calls].map(({ index }) => index + 1));
  }
  return names;
}

/** A question before a place that is still open there, or that ends the method. */
function isAsked(text: string, from: number, to: number): boolean {
  const before = text.slice(from, to);
  return [...before.matchAll(asks)].some(({ index, 0: found }) => {
    const rest = before.slice(index + found.length);
    if (/^[^{};]*\{?\s*(?:return|throw)\b/.test(rest)) return true;
    let depth = 0;
    for (const letter of rest) {
      if (letter === "{") depth++;
      else if (letter === "}" ? --depth <= 0 : letter === ";" && depth === 0) return false;
    }
    return true;
  });
}

import type { Stop } from "./required-variables.ts";

/** The forms in which programs of Node.js end without a variable. Texts come without comments. */

const ends = String.raw`(?:throw\b|process\.exit\()`;
const logs = String.raw`(?:(?:console|logger|log)\.\w+\([^;]{0,200}?\);?\s*){0,4}`;

export function scriptStops(text: string): Stop[] {
  const asks = text.includes("process.env");
  const found = [
    ...(asks ? [...checked(text), ...listed(text), ...helped(text)] : []),
    ...(asks && /\bz\.|\bzod\b/.test(text) ? zodStops(text) : []),
    ...(asks && text.includes("cleanEnv(") ? envalidStops(text) : []),
    ...(/\bJoi\b/.test(text) ? joiStops(text) : []),
    ...(text.includes("secretOrKey") ? strategyStops(text) : []),
    ...(text.includes("getOrThrow") ? nestStops(text) : []),
  ];
  return found.toSorted((a, b) => a.at - b.at);
}

const checkedValue = new RegExp(
  String.raw`^(?:export\s+)?(?:const|let|var)\s+(\w+)\s*(?::[^=\n]+)?=\s*process\.env(?:\.(\w+)|\[\s*["'](\w+)["']\s*\])(?:\s+as\s+\w+)?\s*;?\s*\n\s*if\s*\(\s*!\s*\1\s*\)\s*\{?\s*${logs}${ends}`,
  "gm",
);
const checkedHere = new RegExp(
  String.raw`^if\s*\(\s*(!\s*process\.env\.\w+(?:\s*\|\|\s*!\s*process\.env\.\w+)*)\s*\)\s*\{?\s*${logs}${ends}`,
  "gm",
);

/** At the first column: what stands deeper may run later, or never. */
function checked(text: string): Stop[] {
  const found: Stop[] = [];
  for (const match of text.matchAll(checkedValue)) {
    const name = (match[2] ?? match[3])!;
    found.push({ name, at: match.index + match[0].indexOf(name, match[0].indexOf("process.env")) });
  }
  for (const match of text.matchAll(checkedHere)) {
    const start = match.index + match[0].indexOf(match[1]!);
    for (const each of match[1]!.matchAll(/process\.env\.(\w+)/g))
      found.push({ name: each[1]!, at: start + each.index + "process.env.".length });
  }
  return found;
}

const list = /\b(?:const|let|var)\s+(\w+)\s*(?::[^=\n]+)?=\s*\[([^\]]{1,2000})\]/g;

/** A list of names, each of which is looked up, and an end when one of them is missing. */
function listed(text: string): Stop[] {
  return [...text.matchAll(list)].flatMap(match => {
    const [whole, name, items = ""] = match;
    const names = [...items.matchAll(/(["'])([A-Z][A-Z0-9_]+)\1/g)];
    if (names.length === 0 || items.replace(/(["'])[A-Z][A-Z0-9_]+\1|[\s,]/g, "") !== "") return [];
    const start = match.index + whole.length;
    const rest = text.slice(start, start + 900);
    const use = new RegExp(String.raw`\b${name}\.(?:filter|forEach|find|every|some)\(|\bof\s+${name}\b`).exec(
      rest,
    );
    if (!use) return [];
    const after = rest.slice(use.index, use.index + 600);
    const stop = after.search(new RegExp(ends));
    const lookup = after.search(
      /!\s*process\.env\[\s*\w+\s*(?:as\s+\w+\s*)?\]|process\.env\[\s*\w+\s*\]\s*===?\s*undefined/,
    );
    // Some of them are only missed in one environment, and a warning ends nothing.
    const around = text.slice(Math.max(0, match.index - 200), start + use.index + Math.max(stop, 0));
    if (lookup === -1 || stop < lookup || /NODE_ENV|isProd|\breturn\s*;/.test(around)) return [];
    const items0 = match.index + whole.indexOf("[") + 1;
    return names.map(each => ({ name: each[2]!, at: items0 + each.index + 1 }));
  });
}

const helper = new RegExp(
  String.raw`\b(?:function\s+(\w+)\s*\(\s*(\w+)(?:\s*:\s*string)?\s*\)[^{\n]*\{|const\s+(\w+)\s*=\s*\(\s*(\w+)(?:\s*:\s*string)?\s*\)[^=\n]*=>\s*\{)\s*(?:const|let)\s+(\w+)\s*(?::[^=\n]+)?=\s*process\.env\[\s*(?:\2|\4)\s*\]\s*;?\s*if\s*\(\s*(?:!\s*\5|\5\s*===?\s*undefined|\5\s*===?\s*null)(?:\s*\|\|[^)]{0,80})?\s*\)\s*\{?\s*${logs}${ends}`,
  "g",
);

/** `const secret = required("SECRET")` with a function of the same file that throws. */
function helped(text: string): Stop[] {
  return [...text.matchAll(helper)].flatMap(match => {
    const name = match[1] ?? match[3]!;
    const calls = new RegExp(
      String.raw`^((?:export\s+)?const\s+\w+\s*(?::[^=\n]+)?=\s*(?:\w+\()?|[ \t]{1,8}\w+\s*:\s*(?:\w+\()?)${name}\(\s*["'](\w+)["']\s*\)`,
      "gm",
    );
    return [...text.matchAll(calls)]
      .filter(call => isTop(text, call.index))
      .map(call => ({ name: call[2]!, at: call.index + call[0].lastIndexOf(call[2]!) }));
  });
}

/** In a statement that begins at the first column and is no function: `export const config = { ... }`. */
function isTop(text: string, at: number): boolean {
  const lines = text.slice(0, text.indexOf("\n", at) >>> 0).split("\n");
  const opens = lines.findLast(line => /^[^\s})\]]/.test(line)) ?? "";
  return (
    /^(?:export\s+(?:default\s+)?)?(?:const|let|var)\s|^export\s+default\s+\{|^module\.exports\s*=\s*\{/.test(
      opens,
    ) && !/=>|\bfunction\b/.test(opens)
  );
}

/** The text between a bracket and its partner; undefined when there is none. */
function inBrackets(text: string, open: number): string | undefined {
  const pairs: Readonly<Record<string, string>> = { "(": ")", "{": "}", "[": "]" };
  const stack: string[] = [];
  for (let at = open; at < text.length && at - open < 20_000; at++) {
    const sign = text[at]!;
    if (sign === '"' || sign === "'" || sign === "`") {
      const end = text.indexOf(sign, at + 1);
      if (end === -1) return undefined;
      at = end;
    } else if (pairs[sign]) stack.push(pairs[sign]);
    else if (sign === stack.at(-1)) {
      stack.pop();
      if (stack.length === 0) return text.slice(open + 1, at);
    }
  }
  return undefined;
}

interface Entry extends Stop {
  readonly value: string;
}

/** `NAME: value` of an object's text, at its first level. */
function entriesOf(body: string, start: number): Entry[] {
  const found: Entry[] = [];
  let depth = 0;
  let from = 0;
  const add = (to: number) => {
    const match = /^(\s*)(["']?)([A-Z][A-Z0-9_]*)\2\s*:\s*([\s\S]*)$/.exec(body.slice(from, to));
    if (match)
      found.push({
        name: match[3]!,
        at: start + from + match[1]!.length + match[2]!.length,
        value: match[4]!,
      });
  };
  for (let at = 0; at < body.length; at++) {
    const sign = body[at]!;
    if (sign === '"' || sign === "'" || sign === "`") {
      const end = body.indexOf(sign, at + 1);
      if (end === -1) return found;
      at = end;
    } else if ("([{".includes(sign)) depth++;
    else if (")]}".includes(sign)) depth--;
    else if (sign === "," && depth === 0) {
      add(at);
      from = at + 1;
    }
  }
  add(body.length);
  return found;
}

/** The entries of the object that is the first argument of a call whose bracket opens at `open`. */
function argumentEntries(text: string, open: number): Entry[] {
  const brace = text.slice(open).search(/\S/) === -1 ? -1 : text.indexOf("{", open);
  if (brace === -1 || !/^\(\s*$/.test(text.slice(open, brace))) return [];
  const body = inBrackets(text, brace);
  return body === undefined ? [] : entriesOf(body, brace + 1);
}

const zodNeeds = /^z\s*\.\s*(?:string|enum|nativeEnum|url|email|uuid|coerce\s*\.\s*number)\s*\(/;
const zodSpares = /\.\s*(?:optional|default|nullish|nullable|catch|or|prefault)\s*\(|preprocess/;

/** The schema of zod that `process.env` is parsed with. */
function zodStops(text: string): Stop[] {
  return [
    ...text.matchAll(/(?:\b(?:const|let|var)\s+(\w+)\s*(?::[^=\n]+)?=\s*)?\bz\s*\.\s*object\s*(?=\()/g),
  ].flatMap(match => {
    const open = match.index + match[0].length;
    const arguments_ = inBrackets(text, open);
    if (arguments_ === undefined) return [];
    const rest = text.slice(open + arguments_.length + 2);
    const here = /^\s*\.\s*(parse|safeParse)\(\s*process\.env\s*\)/.exec(rest);
    const byName =
      match[1] === undefined
        ? null
        : new RegExp(String.raw`\b${match[1]}\s*\.\s*(parse|safeParse)\(\s*process\.env\s*\)`).exec(rest);
    const use = here ?? byName;
    if (!use) return [];
    // The result of safeParse is looked at by hand.
    const after = rest.slice(use.index, use.index + 700);
    if (use[1] === "safeParse" && !new RegExp(ends).test(after)) return [];
    // Passed on only where a check says so.
    if (/\b(?:SKIP_\w+|catch\s*[({])/.test(rest.slice(0, use.index + 300))) return [];
    return argumentEntries(text, open).filter(({ value }) => zodNeeds.test(value) && !zodSpares.test(value));
  });
}

function envalidStops(text: string): Stop[] {
  return [...text.matchAll(/\bcleanEnv\s*\(\s*process\.env\s*,\s*(?=\{)/g)].flatMap(match => {
    const open = match.index + match[0].length;
    const body = inBrackets(text, open);
    return (body === undefined ? [] : entriesOf(body, open + 1)).filter(
      ({ value }) => /^\w+(?:<[^>]*>)?\(/.test(value) && !/[dD]efault\s*:|\brequiredWhen\b/.test(value),
    );
  });
}

/** A schema that Nest's configuration or the program validates the environment with. */
function joiStops(text: string): Stop[] {
  const validates =
    /\bvalidationSchema\b|\.validate\(\s*process\.env\b/.test(text) || /alidationSchema\s*=/.test(text);
  if (!validates) return [];
  return [...text.matchAll(/\bJoi\s*\.\s*object(?:<[^>]*>)?\s*(?=\()/g)].flatMap(match =>
    argumentEntries(text, match.index + match[0].length).filter(
      ({ value }) =>
        /\.\s*required\s*\(\s*\)/.test(value) &&
        !/\.\s*(?:when|default|optional|alternatives)\s*\(/.test(value),
    ),
  );
}

/** passport-jwt throws while the program starts when its key is undefined. */
function strategyStops(text: string): Stop[] {
  if (!/["']passport-jwt["']/.test(text)) return [];
  const key =
    /\bsecretOrKey\s*:\s*(?:process\.env\.([A-Z][A-Z0-9_]*)(?:\s+as\s+string)?|(?:this\.)?\w+\.get(?:<\w+>)?\(\s*["']([A-Z][A-Z0-9_]*)["']\s*\)(?:\s+as\s+string)?)!?\s*(?=[,}\n])/g;
  return [...text.matchAll(key)].flatMap(match => {
    const name = (match[1] ?? match[2])!;
    return /^\s*(?:\|\||\?\?)/.test(text.slice(match.index + match[0].length))
      ? []
      : [{ name, at: match.index + match[0].lastIndexOf(name) }];
  });
}

/** `getOrThrow` where a module or a strategy is put together. */
function nestStops(text: string): Stop[] {
  return [...text.matchAll(/\.getOrThrow(?:<[^>]*>)?\(\s*["']([A-Z][A-Z0-9_]*)["']\s*[,)]/g)].flatMap(
    match => {
      const before = text.slice(Math.max(0, match.index - 600), match.index);
      return /\b(?:useFactory|super\s*\()/.test(before) &&
        !/\}\s*\n\s*(?:async\s+)?\w+\s*\([^)]*\)[^{]*\{/.test(
          before.slice(before.search(/\b(?:useFactory|super\s*\()/)),
        )
        ? [{ name: match[1]!, at: match.index + match[0].lastIndexOf(match[1]!) }]
        : [];
    },
  );
}

import { type Located, locate, type Source } from "../core/source.ts";
import { scriptStops } from "./required-variables-script.ts";

/** Variables without which a program ends by itself as soon as it starts, in the forms in which programs check for them. */

/** A check that was found: the variable, and the place that names it. */
export type RequiredVariable = Located<string>;

const known = new WeakMap<Source, readonly RequiredVariable[]>();

/** What one source file asks for; in doubt a check is left out. By the text alone, in time that grows with it. */
export function requiredVariables(source: Source): readonly RequiredVariable[] {
  let found = known.get(source);
  if (!found) {
    found = stopsOf(source).map(({ name, at }) => ({
      value: name,
      at: locate(source, at, at + name.length),
    }));
    known.set(source, found);
  }
  return found;
}

/** A variable and the offset of its name. */
export interface Stop {
  readonly name: string;
  readonly at: number;
}

/** A file without any of these checks nothing. */
const mentions: readonly (readonly [
  ending: RegExp,
  any: RegExp,
  stops: (text: string) => readonly Stop[],
])[] = [
  [
    /\.[cm]?[jt]s$/,
    /process\.env|\bJoi\b|secretOrKey|getOrThrow/,
    text => scriptStops(withoutComments(text)),
  ],
  [/\.go$/, /Getenv|LookupEnv|\benv(?:config)?:"/, text => goStops(withoutComments(text))],
  [/\.py$/, /getenv|environ/, pythonStops],
];

function stopsOf({ path, text }: Source): readonly Stop[] {
  const found = mentions.find(([ending]) => ending.test(path));
  return found && text.length <= 300_000 && found[1].test(text) ? found[2](text) : [];
}

/** Comments become blanks, so that places stay. */
function withoutComments(text: string): string {
  const blank = (found: string) => found.replace(/[^\n]/g, " ");
  return text.replace(/\/\*[\s\S]*?\*\//g, blank).replace(/(?<=^|\s)\/\/[^\n]*/g, blank);
}

const ends = String.raw`(?:log\.(?:Fatal|Panic)\w*\(|panic\(|os\.Exit\()`;
const logs = String.raw`(?:(?:log|slog|logger|fmt|zap)\.\w+\([^\n]*\n\s*)*`;
const goChecked = new RegExp(
  String.raw`\b(\w+)\s*:?=\s*os\.Getenv\("(\w+)"\)\s*\n\s*if\s+\1\s*==\s*""\s*\{\s*${logs}${ends}`,
  "g",
);
const goHelper = new RegExp(
  String.raw`\bfunc\s+(\w+)\((\w+)\s+string\)\s*string\s*\{\s*(?:(\w+)(?:\s*,\s*(\w+))?\s*:=\s*os\.(?:Getenv|LookupEnv)\(\2\)\s*\n\s*if\s+(?:\3\s*==\s*""|!\4|!\4\s*\|\|\s*\3\s*==\s*""))\s*\{\s*${logs}${ends}`,
  "g",
);
// caarlos0/env, cleanenv and kelseyhightower/envconfig.
const goTag = /`[^`\n]*\benv(?:config)?:"(\w+)(?:,[\w,]*)?"[^`\n]*`/g;

/** What a program in Go ends without: `log.Fatal` behind a check, helpers that do so, and tags of the usual readers. */
function goStops(text: string): Stop[] {
  const found: Stop[] = [];
  for (const match of text.matchAll(goChecked)) found.push(stopIn(match, match[2]!));
  for (const [, helper] of text.matchAll(goHelper)) {
    const calls = new RegExp(String.raw`(?<!func\s+)\b${helper}\("(\w+)"\)`, "g");
    for (const match of text.matchAll(calls)) found.push(stopIn(match, match[1]!));
  }
  for (const match of text.matchAll(goTag)) {
    const [tag, name] = match;
    const isRequired = /\benv:"\w+,[\w,]*(?:required|notEmpty)|\benv-required:"true"|\brequired:"true"/.test(
      tag,
    );
    if (isRequired && !/[dD]efault/.test(tag)) found.push(stopIn(match, name!));
  }
  return found;
}

const pythonChecked =
  /^(\w+)\s*(?::[^=\n]+)?=\s*os\.(?:environ\.get|getenv)\(\s*["'](\w+)["']\s*\)[^\n]*\n(?:[ \t]*(?:#[^\n]*)?\n)*if\s+(?:not\s+\1|\1\s+is\s+None)\s*:\s*\n(?:[ \t]+(?:print|log\w*\.\w+)\([^\n]*\n)*[ \t]+(?:raise\b|sys\.exit\(|exit\()/gm;
const pythonHelper =
  /^def\s+(\w+)\(\s*(\w+)(?:\s*:\s*str)?\s*\)[^\n]*:\s*\n(?:[ \t]+(?:"""[\s\S]*?"""|#[^\n]*)\s*\n)?[ \t]+(\w+)\s*=\s*os\.(?:environ\.get|getenv)\(\s*\2\s*\)\s*\n[ \t]+if\s+(?:not\s+\3|\3\s+is\s+None)\s*:\s*\n[ \t]+raise\b/gm;

/** A value of the module that is checked at once, and helpers that raise. */
function pythonStops(text: string): Stop[] {
  const found: Stop[] = [];
  for (const match of text.matchAll(pythonChecked)) found.push(stopIn(match, match[2]!));
  for (const [, helper] of text.matchAll(pythonHelper)) {
    const calls = new RegExp(String.raw`^\w+\s*(?::[^=\n]+)?=\s*${helper}\(\s*["'](\w+)["']\s*\)`, "gm");
    for (const match of text.matchAll(calls)) found.push(stopIn(match, match[1]!));
  }
  return found;
}

/** The name where it stands in quotes inside the match. */
function stopIn(match: RegExpMatchArray, name: string): Stop {
  const quoted = /["'`]/.test(match[0]) ? match[0].search(new RegExp(`["']${name}\\b`)) + 1 : 0;
  return { name, at: match.index! + quoted };
}

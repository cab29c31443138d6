import type { ArtifactKind } from "../core/artifact.ts";
import { type Fragment, mappedFragment } from "../core/fragment.ts";
import { basename } from "../core/path.ts";
import { type Located, locate, type Source } from "../core/source.ts";
import { parseShell } from "../formats/shell.ts";
import { type Call, callsIn } from "./commands.ts";

/** A stage with the commands of its `sh` steps, and of steps that run a command on another machine. */
export interface JenkinsStage {
  readonly name: Located<string>;
  readonly calls: readonly Call[];
}

export interface Jenkinsfile {
  readonly source: Source;
  readonly file: string;
  readonly stages: readonly JenkinsStage[];
}

interface Text {
  /** Of the first character inside of the quotes. */
  readonly start: number;
  readonly end: number;
  readonly quote: string;
}

/** What stands in front of a text that a shell runs. */
const local =
  /(?:^|[\s{;])sh\s*(?:\(\s*)?(?:(?:returnStdout|returnStatus|label)\s*:[^,()\n]*,\s*)*(?:script\s*:\s*)?$/;
const elsewhere = /(?:\bsshCommand\b[^\n]*\bcommand|\bexecCommand)\s*:\s*$/;
const stageName = /(?:^|[\s{;])stage\s*\(\s*(?:name\s*:\s*)?$/;
const folder = /(?:^|[\s{;])(?:dir|ws)\s*\(\s*$/;
const setting = /(?:^|\n)[ \t]*([A-Z][A-Z0-9_]*)\s*=\s*$/;

/** Groovy is a language of its own: only its texts are read, by what stands in front of each. Never throws. */
function parse(source: Source) {
  const { text, path } = source;
  const constants = new Map<string, string>();
  const stages: { name: Located<string>; calls: Call[] }[] = [];
  let moved = false;
  for (const found of texts(text)) {
    const before = text.slice(
      Math.max(0, found.start - found.quote.length - 300),
      found.start - found.quote.length,
    );
    const inner = text.slice(found.start, found.end);
    if (stageName.test(before)) {
      stages.push({ name: { value: inner, at: locate(source, found.start, found.end) }, calls: [] });
      moved = false;
      continue;
    }
    // Where such a block ends is not looked for: the rest of the stage may run elsewhere.
    if (folder.test(before)) moved = true;
    const name = setting.exec(before)?.[1];
    if (name && !inner.includes("$") && !inner.includes("\n")) constants.set(name, inner);
    const remote = elsewhere.test(before);
    if (!remote && !local.test(before)) continue;
    const place = moved ? { cwd: undefined } : {};
    const options = remote ? ({ remote: true, via: "ssh-action" } as const) : place;
    const calls = callsIn(parseShell(fragmentOf(path, text, found)), { ...options, env: constants });
    stages.at(-1)?.calls.push(...calls);
  }
  return { model: { source, file: path, stages }, problems: [] };
}

/** The quoted texts of Groovy, in order; comments are passed over. */
function* texts(text: string): Iterable<Text> {
  const token = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'''|"""|'|"/g;
  for (let match = token.exec(text); match; match = token.exec(text)) {
    const quote = match[0];
    // An address has slashes, too, and stands in a text.
    if (quote.startsWith("/")) continue;
    const start = token.lastIndex;
    const end = endOf(text, start, quote);
    if (end === undefined) return;
    yield { start, end, quote };
    token.lastIndex = end + quote.length;
  }
}

function endOf(text: string, start: number, quote: string): number | undefined {
  for (let index = start; index < text.length; index++) {
    if (text[index] === "\\") index++;
    else if (quote.length === 1 && text[index] === "\n") return undefined;
    else if (text.startsWith(quote, index)) return index;
  }
  return undefined;
}

/** The text as the shell gets it: escapes of Groovy are taken off, and its `${env.NAME}` are unknown variables. */
function fragmentOf(file: string, text: string, { start, end, quote }: Text): Fragment {
  const offsets: number[] = [];
  let result = "";
  let braces = false;
  for (let index = start; index < end; index++) {
    let char = text[index]!;
    offsets.push(index);
    if (char === "\\" && index + 1 < end && /[\\$"'\n]/.test(text[index + 1]!)) char = text[++index]!;
    else if (quote.startsWith('"') && char === "{" && text[index - 1] === "$") braces = true;
    else if (char === "}") braces = false;
    else if (braces && char === ".") char = "_";
    result += char;
  }
  return mappedFragment(file, result, [...offsets, end]);
}

export const jenkinsfile: ArtifactKind<Jenkinsfile> = {
  kind: "jenkinsfile",
  recognises: path => /^Jenkinsfile(?:[.\-_][\w.-]+)?$|\.jenkinsfile$/i.test(basename(path)),
  parse,
};

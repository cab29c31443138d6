import type { Argument, Call } from "../artifacts/commands.ts";
import type { Location } from "../core/source.ts";
import type { ShellScript } from "../formats/shell.ts";
import { assignedBy, assignmentCounts } from "../formats/shell-variables.ts";
import type { PlacedCall, Stack } from "./stack.ts";

/** Names of files that scripts write and delete, as patterns: what a variable brings is a `*`. */

export interface NamedFile {
  readonly directory: string;
  readonly name: string;
  readonly at: Location;
}

const mostSteps = 12;

/** The text of a word with the variables put in that its script sets once; the rest of them are `*`. */
export function patternOf(script: ShellScript, arg: Pick<Argument, "word" | "value">): string {
  if (arg.value !== undefined) return arg.value;
  let text = unquote(arg.word.text);
  for (let step = 0; step < mostSteps; step++) {
    const found = /\$(?:\{(\w+)(?::?-[^{}]*)?\}|(\w+))/.exec(text);
    if (!found) break;
    const value = onlyValue(script, (found[1] ?? found[2])!);
    text = text.slice(0, found.index) + (value ?? "*") + text.slice(found.index + found[0].length);
  }
  return withoutSubstitutions(text)
    .replace(/\$\{[^}]*\}|\$\w+|\$/g, "*")
    .replace(/\*{2,}/g, "*");
}

/** `$(...)`, however deep, and backquotes. */
function withoutSubstitutions(text: string): string {
  let left = text.replace(/`[^`]*`/g, "*");
  for (let step = 0; step < mostSteps; step++) {
    const next = left.replace(/\$\((?:[^()]|\([^()]*\))*\)/g, "*");
    if (next === left) break;
    left = next;
  }
  return left;
}

function unquote(text: string): string {
  return text.replace(/["']/g, "");
}

function onlyValue(script: ShellScript, name: string): string | undefined {
  if (assignmentCounts(script).get(name) !== 1) return undefined;
  for (const command of script.commands)
    for (const assigned of assignedBy(command))
      if (assigned.name === name && !assigned.append && !assigned.indexed) {
        const text = unquote(assigned.value.text);
        // A default that the caller may replace says little about a name, and enough about its form.
        return new RegExp(`^\\$\\{${name}:?-([^{}]*)\\}$`).exec(text)?.[1] ?? text;
      }
  return undefined;
}

const outputs = /^(?:-f|--file|-o|--out|--output|-out|--result-file|--archive|-O)$/;
const packers: Readonly<Record<string, string>> = {
  gzip: ".gz",
  pigz: ".gz",
  bzip2: ".bz2",
  xz: ".xz",
  zstd: ".zst",
  gpg: ".gpg",
};

/** Files that a call leaves behind, as patterns. */
export function filesWritten({ call }: PlacedCall): NamedFile[] {
  const pattern = (arg: Argument) => patternOf(call.script, arg);
  const found: { text: string; at: Location }[] = call.writes.map(({ path }) => ({
    text: pattern(path),
    at: path.at,
  }));
  const add = (arg: Argument | undefined, ending = "") => {
    if (arg) found.push({ text: pattern(arg) + ending, at: arg.at });
  };
  call.args.forEach((arg, index) => {
    if (outputs.test(arg.value ?? "")) add(call.args[index + 1]);
    const glued = /^--(?:file|out|output|result-file|archive)=/.exec(unquote(arg.word.text))?.[0];
    if (glued) found.push({ text: pattern(arg).slice(glued.length), at: arg.at });
  });
  const operands = call.args.filter(arg => !arg.word.text.startsWith("-"));
  const packed = packers[call.name];
  if (packed) for (const arg of operands) add(arg, packed);
  if (call.name === "mv" || call.name === "cp" || (call.kind === "docker" && call.verb === "cp"))
    add(operands.at(-1));
  if (call.name === "zip" || call.name === "rsync") add(call.name === "zip" ? operands[0] : operands.at(-1));
  if (call.name === "tar") {
    const mode = call.args.findIndex(arg =>
      /^-?[a-z]*c[a-z]*f$|^-?[a-z]*f[a-z]*c$|^-f$/.test(arg.value ?? ""),
    );
    if (mode !== -1) add(call.args[mode + 1]);
  }
  found.push(...writtenInside(call, pattern));
  return found.flatMap(({ text, at }) => {
    const slash = text.lastIndexOf("/");
    const name = text.slice(slash + 1);
    if (text === "" || text.startsWith("/dev/")) return [];
    // A directory: any name may arrive in it.
    return [{ directory: slash === -1 ? "." : text.slice(0, slash) || "/", name: name || "*", at }];
  });
}

/** What `docker run -v DIR:/backup` writes under `/backup`, as paths of the machine. */
function writtenInside(call: Call, pattern: (arg: Argument) => string): { text: string; at: Location }[] {
  if (call.kind !== "docker-run") return [];
  return call.volumes.flatMap(volume => {
    const [host = "", target = "", options] = pattern(volume).split(":");
    if (!/[/*.]/.test(host) || !target.startsWith("/") || options === "ro") return [];
    return call.runCommand.flatMap(arg =>
      [...pattern(arg).matchAll(/\/[^\s;&|<>'"]+/g)]
        .filter(([path]) => path.startsWith(`${target}/`))
        .map(([path]) => ({ text: host + path.slice(target.length), at: arg.at })),
    );
  });
}

/** What `find` deletes by age or count: its directories and the patterns of its names. */
export interface Deletion {
  readonly placed: PlacedCall;
  readonly directories: readonly { readonly text: string; readonly at: Location }[];
  readonly names: readonly { readonly text: string; readonly arg: Argument }[];
  readonly at: Location;
}

/** Calls of `find` that delete files by a pattern of their names, and by nothing that hides which. */
export function deletions(stack: Stack): Deletion[] {
  return stack.calls.flatMap(placed => {
    const { call } = placed;
    if (call.name !== "find" || !deletes(call)) return [];
    const words = call.args.map(arg => arg.value ?? arg.word.text);
    if (
      words.some(
        word =>
          /^-(?:i?path|i?wholename|i?regex|lname|prune|not|!)$|^!$|^-type=?$/.test(word) && word !== "-type",
      )
    )
      return [];
    if (words.some((word, index) => word === "-type" && words[index + 1] !== "f")) return [];
    const options = words.findIndex(word => /^[-(!\\]/.test(word));
    const directories = call.args
      .slice(0, options === -1 ? undefined : options)
      .map(arg => ({ text: patternOf(call.script, arg).replace(/(?<=.)\/+$/, ""), at: arg.at }));
    const names = call.args.flatMap((arg, index) =>
      /^-i?name$/.test(words[index - 1] ?? "") ? [{ text: patternOf(call.script, arg), arg }] : [],
    );
    if (directories.length === 0 || names.length === 0) return [];
    return [{ placed, directories, names, at: call.command.name?.at ?? call.at }];
  });
}

function deletes(call: Call): boolean {
  const words = call.args.map(arg => arg.value ?? arg.word.text);
  if (words.includes("-delete")) return true;
  const run = words.findIndex(word => /^-(?:exec|execdir|ok)$/.test(word));
  if (run !== -1) return words[run + 1] === "rm";
  return (
    /^\|&?$/.test(call.command.connector) &&
    call.script.commands.some(
      other =>
        other.index === call.command.index + 1 &&
        other.name?.value === "xargs" &&
        other.words.some(word => word.value === "rm"),
    )
  );
}

/** Whether some text fits both patterns: `*` is any text, `?` and `[...]` one character. */
export function mayMeet(one: string, other: string): boolean {
  const [a, b] = [tokens(one), tokens(other)];
  const known = new Map<number, boolean>();
  const walk = (i: number, j: number): boolean => {
    const key = i * (b.length + 1) + j;
    const before = known.get(key);
    if (before !== undefined) return before;
    known.set(key, false);
    const answer = step(i, j);
    known.set(key, answer);
    return answer;
  };
  const step = (i: number, j: number): boolean => {
    if (i === a.length && j === b.length) return true;
    if (a[i] === "*") return walk(i + 1, j) || (j < b.length && walk(i, j + 1));
    if (b[j] === "*") return walk(i, j + 1) || (i < a.length && walk(i + 1, j));
    if (i === a.length || j === b.length) return false;
    return (a[i] === b[j] || a[i] === "?" || b[j] === "?") && walk(i + 1, j + 1);
  };
  return a.length * b.length > 40_000 || walk(0, 0);
}

function tokens(pattern: string): string[] {
  return [
    ...pattern
      .replace(/\[[^\]]*\]|\{[^}]*\}/g, match => (match.startsWith("{") ? "*" : "?"))
      .replace(/\*{2,}/g, "*"),
  ];
}

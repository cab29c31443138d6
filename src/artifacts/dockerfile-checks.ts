import type { Problem } from "../core/problem.ts";
import type { DockerfileInstruction } from "../formats/dockerfile.ts";

/** Flags each instruction knows; an instruction that is not here does not exist. */
const flagsOf: Readonly<Record<string, readonly string[]>> = {
  ADD: ["chown", "chmod", "link", "keep-git-dir", "checksum", "exclude", "unpack"],
  ARG: [],
  CMD: [],
  COPY: ["chown", "chmod", "from", "link", "exclude", "parents"],
  ENTRYPOINT: [],
  ENV: [],
  EXPOSE: [],
  FROM: ["platform"],
  HEALTHCHECK: ["interval", "timeout", "start-period", "start-interval", "retries"],
  LABEL: [],
  MAINTAINER: [],
  ONBUILD: [],
  RUN: ["mount", "network", "security", "device"],
  SHELL: [],
  STOPSIGNAL: [],
  USER: [],
  VOLUME: [],
  WORKDIR: [],
};

/** What BuildKit refuses in one instruction, whatever the rest of the file says. */
export function instructionProblems(instruction: DockerfileInstruction): Problem[] {
  const { keyword, keywordAt, words, body } = instruction;
  const flags = flagsOf[keyword];
  if (!flags) {
    return [{ at: keywordAt, message: `${keyword} is not a Dockerfile instruction.`, ...hintFor(keyword) }];
  }
  const problems: Problem[] = instruction.flags
    .filter(flag => !flags.includes(flag.name))
    .map(flag => ({ at: flag.at, message: `${keyword} has no option --${flag.name}.` }));
  const message =
    body.text === "" && keyword !== "RUN" ? `${keyword} needs an argument.` : shapeProblem(keyword, words);
  if (message !== undefined) problems.push({ at: instruction.at, message });
  return instruction.onbuild ? [...problems, ...instructionProblems(instruction.onbuild)] : problems;
}

function shapeProblem(keyword: string, words: DockerfileInstruction["words"]): string | undefined {
  const first = words[0]?.value ?? "";
  if ((keyword === "COPY" || keyword === "ADD") && words.length < 2)
    return `${keyword} needs a source and a destination.`;
  if (keyword === "FROM") {
    const named = words.length === 3 && words[1]!.value.toLowerCase() === "as";
    return words.length === 1 || named ? undefined : "FROM takes an image, and optionally AS and a name.";
  }
  if (keyword === "ENV" || keyword === "LABEL") {
    if (!first.includes("=")) return words.length < 2 ? `${keyword} needs a name and a value.` : undefined;
    const bad = words.find(word => !word.value.includes("="));
    return bad ? `${keyword} cannot read "${bad.value}": it must be name=value.` : undefined;
  }
  if (keyword === "HEALTHCHECK") {
    const type = first.toUpperCase();
    if (type === "NONE") return words.length > 1 ? "HEALTHCHECK NONE takes no arguments." : undefined;
    if (type !== "CMD") return `HEALTHCHECK must be followed by CMD or NONE, not ${first}.`;
    return words.length < 2 ? "HEALTHCHECK CMD needs a command." : undefined;
  }
  return undefined;
}

/** A known instruction at most two letters away. */
function hintFor(keyword: string): { hint?: string } {
  if (keyword.length > 16) return {};
  const close = Object.keys(flagsOf).find(known => distance(known, keyword) <= 2 && known.length > 3);
  return close ? { hint: `Did you mean ${close}?` } : {};
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** A Go duration such as `1m30s` in milliseconds; undefined when it is none. */
export function durationMs(text: string | undefined): number | undefined {
  if (text === undefined || text.length > 40 || !/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text))
    return text === "0" ? 0 : undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g))
    total += Number(amount) * unitMs[unit!]!;
  return total;
}

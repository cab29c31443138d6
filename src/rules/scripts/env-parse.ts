import type { Call } from "../../artifacts/commands.ts";
import type { EnvFile } from "../../artifacts/env-file.ts";
import { sourceOf } from "../../core/project-files.ts";
import { type Location, locate, type Source } from "../../core/source.ts";
import type { ShellCommand } from "../../formats/shell.ts";
import { evidence } from "../../stack/query.ts";
import { shownEnvFile } from "../../stack/query-env-examples.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "scripts/env-parse",
  title: "Scripts read exactly one value from an env file",
  claim: "failure-is-noticed",
  severity: "medium",
  why: "A pattern that matches two lines gives a value with a line break in it: the host is not found, the path does not exist, the check always fails.",
  *check(stack) {
    const found = new Map<
      string,
      {
        greps: Location[];
        patterns: Location[];
        lines: Location[];
        name: string;
        shown: string;
        file: string;
      }
    >();
    for (const { call, caller } of stack.calls) {
      const search = searchOf(call);
      const shown = search && shownEnvFile(stack, search.path);
      const source = shown && sourceOf(stack, shown.file);
      const lines = source ? matching(source, shown, search!.pattern, search!.words) : [];
      if (!shown || lines.length < 2) continue;
      const key = `${caller.file} ${search!.pattern}`;
      const known = found.get(key);
      const pattern = call.args.find(arg => arg.value === search!.pattern)!.at;
      if (known) {
        known.greps.push(call.at);
        known.patterns.push(pattern);
      } else
        found.set(key, {
          greps: [call.at],
          patterns: [pattern],
          lines,
          name: search!.pattern,
          shown: shown.file,
          file: caller.file,
        });
    }
    for (const { greps, patterns, lines, name, shown, file } of found.values())
      yield {
        subject: `${file} ${name}`,
        message: `${file} reads ${name.replace(/=$/, "")} with a search that ${lines.length} lines of ${shown} match: the value it gets has ${lines.length} lines.`,
        evidence: [
          evidence(greps[0]!, "matches anywhere in a line"),
          ...greps.slice(1).map(at => evidence(at, "matches anywhere in a line")),
          ...lines.slice(0, 3).map(at => evidence(at, "this line matches")),
        ],
        fix: () => ({
          title: "Match the beginning of the line",
          grade: "needs-testing",
          edits: patterns.map(at => ({ at, text: `"^${name.replace(/=$/, "")}="` })),
          test: "Run the script and look at the value that it reads.",
        }),
      };
  },
});

/** `grep NAME file | cut -d= -f2`: what is searched, and in which file. */
function searchOf(call: Call): { pattern: string; path: string; words: boolean } | undefined {
  if (call.name !== "grep" || call.remote || call.inside) return undefined;
  const values = call.args.map(arg => arg.value);
  const flags = values.filter(value => value?.startsWith("-"));
  // Another kind of search, or one that ends with the first line.
  if (flags.some(flag => !/^-[EFPhws]+$/.test(flag!)) || values.includes(undefined)) return undefined;
  const [pattern, file, ...more] = values.filter(value => !value!.startsWith("-")) as string[];
  if (!pattern || !/^[A-Z][A-Z0-9_]*=?$/.test(pattern) || more.length > 0) return undefined;
  const line = call.script.commands.filter(other => other.pipeline === call.command.pipeline);
  const after = line.filter(other => other.stage > call.command.stage);
  if (
    !after[0] ||
    !cuts(after[0]) ||
    after.some(other => /^(?:head|tail|sed|grep|uniq|read|while)$/.test(other.name?.value ?? ""))
  )
    return undefined;
  const before = line.find(other => other.stage === call.command.stage - 1);
  const path = file ?? (before?.name?.value === "cat" ? before.words[1]?.value : undefined);
  return path === undefined ? undefined : { pattern, path, words: flags.some(flag => flag!.includes("w")) };
}

/** `cut -d= -f2`, `awk -F= '{print $2}'`. */
function cuts({ name, words }: ShellCommand): boolean {
  const text = words.map(word => word.value ?? "").join(" ");
  if (name?.value === "cut") return /-d ?=/.test(text) && /-f ?2/.test(text);
  return name?.value === "awk" && /^awk -F ?= \{ ?print \$2 ?\}$/.test(text);
}

/** Lines of the file that the pattern finds, one of which sets the variable. */
function matching(source: Source, file: EnvFile, pattern: string, words: boolean): Location[] {
  const name = pattern.replace(/=$/, "");
  if (!file.entries.some(entry => entry.name.value === name)) return [];
  const expression = words ? new RegExp(`\\b${pattern}`) : undefined;
  const found: Location[] = [];
  let start = 0;
  for (const raw of source.text.split("\n")) {
    const line = raw.replace(/\r$/, "");
    if (expression ? expression.test(line) : line.includes(pattern))
      found.push(locate(source, start, start + line.length));
    start += raw.length + 1;
  }
  return found;
}

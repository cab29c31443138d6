import { filesNamed } from "../../artifacts/project-files.ts";
import { basename, isOutside, normalize } from "../../core/path.ts";
import { type Location, locate, type Source } from "../../core/source.ts";
import { evidence, listNames } from "../../stack/query.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const fence = /^ {0,3}(`{3,}|~{3,})[ \t]*([\w-]*)/;
const shells = new Set([
  "",
  "sh",
  "bash",
  "shell",
  "console",
  "zsh",
  "shell-session",
  "shellsession",
  "terminal",
]);
const scriptUse = /(?<![\w./~$}:-])((?:\.\/)?(?:[\w.-]+\/)+[\w.-]+\.sh)(?![\w.-])/g;
const composeUse = /(?<=compose\b[^\n]{0,200}\s(?:-f|--file)[ =])([\w./-]+\.ya?ml)(?![\w-])/g;
/** What is to be done some day, or was: nobody follows it in an emergency. */
const isPlan = /(?:^|\/)(?:plans?|specs?|proposals?|rfcs?|adrs?|decisions|archived?|roadmap|changelogs?)\//i;
const serious = /restor|back-?_?up|deploy|rollback|migrat|recover|ssl|tls|cert/i;

export default defineRule({
  id: "scripts/documented-command",
  title: "The documented commands exist",
  claim: "failure-is-noticed",
  severity: "low",
  why: "Somebody follows the page in an emergency, and the step that was to help is not there.",
  *check(stack) {
    for (const [path, source] of stack.sources) {
      if (stack.kinds.get(path) !== "runbook" || isPlan.test(path)) continue;
      const found = commandsIn(source).filter(use => isAbsent(stack, source, use.path));
      const [first, ...more] = found;
      if (!first) continue;
      const paths = [...new Set(found.map(use => normalize(use.path)))];
      yield {
        subject: path,
        message: `${path} tells the reader to use ${listNames(paths)}, which ${paths.length === 1 ? "is" : "are"} not in the repository.`,
        evidence: [evidence(first.at, "is not there"), ...more.map(use => evidence(use.at, "is not there"))],
        severity: paths.some(each => serious.test(basename(each))) ? "medium" : "low",
      };
    }
  },
});

interface Use {
  readonly path: string;
  readonly at: Location;
}

/** Scripts and Compose files in the fenced blocks of a page; comments and other languages are left out. */
function commandsIn(source: Source): Use[] {
  const uses: Use[] = [];
  let open: { readonly mark: string; readonly shell: boolean } | undefined;
  let block: Use[] = [];
  let clones = false;
  let offset = 0;
  for (const line of source.text.split("\n")) {
    const mark = fence.exec(line);
    const ends = open !== undefined && mark?.[2] === "" && (mark[1] ?? "").startsWith(open.mark);
    if (open && ends) {
      // What a cloned repository holds is not known here.
      if (open.shell && !clones) uses.push(...block);
      open = undefined;
    } else if (!open && mark) {
      open = { mark: mark[1]!, shell: shells.has(mark[2]!.toLowerCase()) };
      block = [];
      clones = false;
    } else if (open?.shell) {
      clones ||= /\bgit clone\b/.test(line);
      block.push(...usesIn(source, line, offset));
    }
    offset += line.length + 1;
  }
  return uses;
}

function usesIn(source: Source, line: string, offset: number): Use[] {
  // A longer line is no command that somebody types.
  if (/^\s*#/.test(line) || line.length > 400) return [];
  return [scriptUse, composeUse].flatMap(pattern =>
    [...line.matchAll(pattern)].map(match => {
      const start = offset + match.index;
      return { path: match[1]!, at: locate(source, start, start + match[1]!.length) };
    }),
  );
}

function isAbsent(stack: Stack, source: Source, written: string): boolean {
  const path = normalize(written);
  if (isOutside(path) || stack.files.has(path) || stack.files.ignored(path)) return false;
  if (/^(path|your|my|example|node_modules|vendor|venv|bin|usr|opt|etc)\b/i.test(path)) return false;
  const name = basename(path);
  // `./install.sh` alone is often that of another program which the page has the reader unpack.
  if (name === path && name.endsWith(".sh") && !/restor|back-?_?up|rollback/i.test(name)) return false;
  // Somewhere else in the tree: the reader is in another folder at that point.
  if (filesNamed(stack.files, name).length > 0) return false;
  return !isMade(source.text, name);
}

/** The page itself has the reader write or fetch the file. */
function isMade(text: string, name: string): boolean {
  return text
    .split("\n")
    .some(
      line =>
        line.includes(name) &&
        /(>|\bcat\b|\bnano\b|\bvim?\b|\btouch\b|\bcurl\b|\bwget\b|\bcp\b|\bmv\b|├|└|─)/.test(line),
    );
}

import { filesEnding, isTest, isVendored } from "../../artifacts/project-files.ts";
import { addTo } from "../../core/group.ts";
import { basename, join } from "../../core/path.ts";
import type { Location } from "../../core/source.ts";
import { parsePython } from "../../formats/python.ts";
import { everyStatement } from "../../formats/python-tree.ts";
import { evidence, listNames } from "../../stack/query.ts";
import { ownPackages } from "../../stack/query-packages.ts";
import type { PlacedCall, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "scripts/missing-import",
  title: "Scripts import modules that exist",
  claim: "failure-is-noticed",
  severity: "low",
  why: "The script ends with ModuleNotFoundError on the day that somebody needs it.",
  *check(stack) {
    // The parser is at hand where an application of this language was found.
    const app = stack.components.find(each => each.kind === "django" || each.kind === "fastapi");
    if (!app) return;
    const packages = ownPackages(stack);
    const startedBy = startsOf(stack);
    for (const file of scriptsOf(stack, startedBy)) {
      const missing = missingIn(stack, file, packages);
      const [first, ...more] = missing;
      if (!first || !app.files.read(file)) continue;
      const runs = startedBy.get(startKey(file)) ?? [];
      const deploying = runs.find(({ call, deploys }) => deploys && call.command.connector !== "||");
      yield {
        subject: file,
        message: `${file} imports ${listNames([...new Set(missing.map(each => each.module))])}, which ${missing.length === 1 ? "is" : "are"} not in the repository: it ends with ModuleNotFoundError${deploying ? ", and the deployment runs it" : ""}.`,
        evidence: [
          evidence(first.at, `there is no ${first.module}`),
          ...more.map(each => evidence(each.at, `there is no ${each.module}`)),
          ...(deploying ? [evidence(deploying.call.at, "runs it in a deployment")] : []),
        ],
        severity:
          deploying && missing.some(each => each.atStart) ? "critical" : runs.length > 0 ? "medium" : "low",
      };
    }
  },
});

const folders = /(?:^|\/)(?:scripts?|bin|tools|ops|jobs|deploy|maintenance|management\/commands)\//;
const most = 300;

/** Python files that people and machines start: by their folder, or because something runs them. */
function scriptsOf(stack: Stack, startedBy: ReadonlyMap<string, unknown>): string[] {
  return filesEnding(stack.files, "py")
    .filter(path => basename(path) !== "__init__.py")
    .filter(path => folders.test(path) || startedBy.has(startKey(path)))
    .filter(path => !isTest(path) && !isVendored(path))
    .slice(0, most);
}

/** The calls that start a Python file, by `startKey`: asked once for each file of the repository. */
function startsOf(stack: Stack): ReadonlyMap<string, readonly PlacedCall[]> {
  const starts = new Map<string, PlacedCall[]>();
  for (const placed of stack.calls) {
    const { call } = placed;
    if (call.kind !== "program") continue;
    const { file, cwd, subcommand } = call;
    const keys = [
      ...(subcommand?.value === undefined ? [] : [`command ${subcommand.value}`]),
      ...(file?.value === undefined || cwd === undefined ? [] : [join(cwd, file.value)]),
    ];
    for (const key of keys) addTo(starts, key, placed);
  }
  return starts;
}

/** Django starts a management command by its name, everybody else a file by its path. */
function startKey(file: string): string {
  return /\/management\/commands\//.test(file) ? `command ${basename(file).slice(0, -3)}` : file;
}

/** What tools write, and what is kept out of git. */
const made = /_pb2|generated|version|local|secret|private|proto|_ext\b|_native/i;

interface Missing {
  readonly module: string;
  readonly at: Location;
  /** Imported when the script starts. */
  readonly atStart: boolean;
}

function missingIn(stack: Stack, file: string, packages: ReadonlyMap<string, readonly string[]>): Missing[] {
  const read = stack.files.read(file);
  if (!("source" in read)) return [];
  // A look at the import lines spares parsing the many scripts in which nothing is missing.
  if (!importedNames(read.source.text).some(module => isMissing(stack, module, file, packages))) return [];
  const { body } = parsePython(read.source).model;
  return [...everyStatement(body, { functions: true })].flatMap(({ statement, conditional, inside }) => {
    if (statement.kind !== "import" || conditional) return [];
    const { module, at } = statement;
    return isMissing(stack, module, file, packages) ? [{ module, at, atStart: inside.length === 0 }] : [];
  });
}

function importedNames(text: string): string[] {
  return [...text.matchAll(/^[ \t]*(?:from|import)[ \t]+([\w.]+)/gm)].map(match => match[1]!);
}

/** A module of a package of the repository that the script can see, and that stands nowhere. */
function isMissing(
  stack: Stack,
  module: string,
  file: string,
  packages: ReadonlyMap<string, readonly string[]>,
): boolean {
  const top = module.split(".")[0]!;
  const roots = top === "" || !module.includes(".") || made.test(module) ? undefined : packages.get(top);
  return roots?.some(root => isAbove(stack, root, file)) === true && !isThere(stack, module);
}

/** The script can see the package: it stands above the script, or in the directory of an application. */
function isAbove(stack: Stack, root: string, file: string): boolean {
  if (root === "" || file.startsWith(`${root}/`)) return true;
  return stack.components.some(({ dir }) => root === dir || root === (dir === "" ? "src" : `${dir}/src`));
}

const there = new WeakMap<Stack, Map<string, boolean>>();

/** Many scripts import the same module, and the answer goes through all paths. */
function isThere(stack: Stack, module: string): boolean {
  const answers = there.get(stack) ?? new Map<string, boolean>();
  there.set(stack, answers);
  const answer = answers.get(module) ?? standsSomewhere(stack, module);
  answers.set(module, answer);
  return answer;
}

/** Any file or folder of the repository, wherever imports may start. */
function standsSomewhere(stack: Stack, module: string): boolean {
  const tail = module.replaceAll(".", "/");
  return (
    stack.files.ignored(`${tail}.py`) ||
    stack.files.ignored(`${tail}/x.py`) ||
    stack.files.paths.some(path => {
      if (!path.includes(tail)) return false;
      const at = `/${path}`.indexOf(`/${tail}`);
      const after = `/${path}`.slice(at + tail.length + 1);
      return at !== -1 && (after.startsWith("/") || after.startsWith("."));
    })
  );
}

import { isTest as isTestFile, isVendored } from "../artifacts/project-files.ts";
import { basename } from "../core/path.ts";
import { type Location, locate } from "../core/source.ts";
import { isTest, wordsOf } from "./query-release.ts";
import type { PlacedCall, Stack } from "./stack.ts";

/** Questions about what a pipeline looks at before it ships. */

const runners =
  /(?:^|\/)(?:Makefile|justfile|Taskfile\.ya?ml|tox\.ini|noxfile\.py|setup\.cfg|pyproject\.toml|package\.json|\.pre-commit-config\.yaml|lefthook\.ya?ml|Dockerfile[^/]*|[\w.-]+\.(?:sh|bash|mk))$|(?:^|\/)\.(?:husky|circleci|github)\//;

/** Whether a pipeline, a script, a hook or the tool's configuration names one of these words. */
export function isNamedInChecks(stack: Stack, words: RegExp): boolean {
  return (
    stack.workflows.some(workflow => words.test(workflow.source.text)) ||
    stack.files.paths.some(path => !isVendored(path) && runners.test(path) && isIn(stack, path, words))
  );
}

/**
 * As `isNamedInChecks`, but a script counts only when a workflow, a hook or a tool's configuration calls it, and a
 * Makefile only when a workflow calls make: what people have to remember to run is no check.
 */
export function isCheckedBy(stack: Stack, words: RegExp): boolean {
  const makes = stack.workflows.some(workflow =>
    /(?<![\w-])(?:make|just|task)\s+\w/.test(workflow.source.text),
  );
  const isTaskFile = (path: string): boolean =>
    /(?:^|\/)(?:Makefile|justfile|Taskfile\.ya?ml)$|\.mk$/.test(path);
  const isScript = (path: string): boolean => /\.(?:sh|bash)$/.test(path) || (!makes && isTaskFile(path));
  const callers = stack.files.paths.filter(
    path => !isVendored(path) && (runners.test(path) || /\.ya?ml$/.test(path)) && !isScript(path),
  );
  return (
    stack.workflows.some(workflow => words.test(workflow.source.text)) ||
    stack.files.paths.some(path => {
      if (isVendored(path) || !runners.test(path) || !isIn(stack, path, words)) return false;
      const name = new RegExp(`(?<![\\w.-])${basename(path).replace(/[.+]/g, "\\$&")}(?![\\w-])`);
      return !isScript(path) || callers.some(caller => isIn(stack, caller, name));
    })
  );
}

function isIn(stack: Stack, path: string, words: RegExp): boolean {
  const read = stack.files.read(path);
  return "source" in read && words.test(read.source.text);
}

/** A pipeline that others wrote may check anything: a reusable workflow of another repository. */
export function callsForeignWorkflows(stack: Stack): boolean {
  return stack.workflows.some(
    workflow => workflow.incomplete || workflow.jobs.some(job => job.uses && job.uses.kind !== "local"),
  );
}

/** Commands of workflows that bring an image to a registry. */
export function imagePushes(stack: Stack): PlacedCall[] {
  return stack.calls.filter(
    ({ call, caller }) =>
      caller.workflow !== undefined &&
      ((call.kind === "docker-build" && call.push) ||
        (call.kind === "docker" && /^(?:image )?push$/.test(call.verb)) ||
        (call.kind === "compose" && call.subcommand === "push")),
  );
}

/** Tools that keep a schema in code and the changes to it beside, with what compares the two. */
export interface Migrations {
  readonly title: string;
  readonly at: Location;
  readonly check: string;
  readonly words: RegExp;
  /** Commands that run the tests of such a program. */
  readonly tests: RegExp;
}

const pythonTests = /\b(?:pytest|tox|nox|unittest|manage\.py test|python -m test)\b/;

/** The first program of the repository that has migrations of its own. */
export function migrationsOf(stack: Stack): Migrations | undefined {
  const django = stack.components.find(component => component.django);
  const own = stack.files.paths.find(
    path => /(?:^|\/)migrations\/0\d{3}_\w+\.py$/.test(path) && !isVendored(path),
  );
  if (django && own)
    return {
      title: "Django",
      tests: pythonTests,
      at: startOf(stack, django.django!.manage) ?? django.at,
      check: "makemigrations --check",
      words:
        /makemigrations\b[^\n]{0,80}(?:--check|--dry-run)|--check[^\n]{0,40}makemigrations|(?:check|missing|pending)[-_]?migrations?|pytest-django-migrations|django-test-migrations|migration-linter|linear-migrations/i,
    };
  const alembic = stack.files.paths.find(path => basename(path) === "alembic.ini" && !isVendored(path));
  const alembicAt = alembic && startOf(stack, alembic);
  if (alembicAt && stack.files.paths.some(path => /(?:^|\/)versions\/\w+\.py$/.test(path)))
    return {
      at: alembicAt,
      title: "Alembic",
      tests: pythonTests,
      check: "alembic check",
      words: /alembic.{0,40}\bcheck\b|pytest-alembic|pytest_alembic|compare_metadata|--autogenerate/i,
    };
  const prisma = stack.files.paths.find(
    path => basename(path) === "schema.prisma" && !isVendored(path) && !isTestFile(path),
  );
  const prismaAt = prisma && startOf(stack, prisma);
  if (prismaAt && stack.files.paths.some(path => /(?:^|\/)migrations\/\w+\/migration\.sql$/.test(path)))
    return {
      at: prismaAt,
      title: "Prisma",
      tests: /\b(?:test|tests|vitest|jest|mocha)\b/,
      check: "prisma migrate diff",
      words: /prisma\s+migrate\s+(?:diff|status)|migrate (?:diff|status)/,
    };
  return undefined;
}

/** The first line of a file. */
function startOf(stack: Stack, path: string): Location | undefined {
  const read = stack.files.read(path);
  return "source" in read ? locate(read.source, 0, read.source.text.search(/\r?\n|$/)) : undefined;
}

/** Whether the tests themselves compare the two: a test that calls the command. */
export function isNamedInTests(stack: Stack, words: RegExp): boolean {
  return stack.files.paths.some(
    path =>
      isTestFile(path) && /\.(?:py|[cm]?[jt]s)$/.test(path) && !isVendored(path) && isIn(stack, path, words),
  );
}

/** The first command of a workflow that runs the tests of such a program; those in a browser aside. */
export function testRun(stack: Stack, tests: RegExp): PlacedCall | undefined {
  return stack.calls.find(({ call, caller }) => {
    const words = caller.workflow === undefined ? "" : wordsOf(call);
    return isTest(words) && tests.test(words) && !/playwright|cypress|e2e/.test(words);
  });
}

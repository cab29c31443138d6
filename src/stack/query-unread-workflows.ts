import { isTest as isTestFile, isVendored } from "../artifacts/project-files.ts";
import { scriptsIn, type Workflow, workflow } from "../artifacts/workflow.ts";
import { addTo } from "../core/group.ts";
import { basename } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import { type Location, locate } from "../core/source.ts";
import { isTestStep } from "./query-release.ts";
import type { Stack } from "./stack.ts";

/** Workflows of one folder below the root, where GitHub never looks. */
export interface UnreadWorkflows {
  /** The folder that has a `.github` of its own. */
  readonly folder: string;
  readonly files: readonly { readonly path: string; readonly at: Location }[];
  /** Tests are among what they would run, and no workflow that runs does so. */
  readonly tests: boolean;
}

const below = /^(.+)\/\.github\/workflows\/[^/]+\.ya?ml$/;
/** What such a folder is made for: it becomes the root of another repository, or came from one as it is. */
const blank =
  /(?:^|[/._-])(?:templates?|examples?|samples?|skeletons?|scaffolds?|boilerplates?|starters?|generators?|stubs?|cookiecutters?|archives?|old|legacy|backup|docs|public|static|assets|external|libs?|deps)(?:[/._-]|$)|[{}]/i;

export function unreadWorkflows(stack: Stack): UnreadWorkflows[] {
  const folders = new Map<string, string[]>();
  const read = new Set(stack.workflows.map(({ file }) => basename(file)));
  for (const path of stack.files.paths) {
    const folder = below.exec(path)?.[1];
    if (folder === undefined || isVendored(path) || isTestFile(`${folder}/x`) || blank.test(folder)) continue;
    // A copy of what lies where it is read.
    if (read.has(basename(path))) continue;
    addTo(folders, folder, path);
  }
  const tested = stack.workflows.some(runsTests);
  return [...folders].flatMap(([folder, paths]) => {
    const found = paths.flatMap(path => {
      const source = sourceOf(stack, path);
      return source ? [{ path, source }] : [];
    });
    if (found.length === 0) return [];
    const tests = found.some(({ source }) => runsTests(workflow.parse(source).model));
    const files = found.map(({ path, source }) => ({
      path,
      at: locate(source, 0, source.text.search(/\r?\n|$/)),
    }));
    return [{ folder, files, tests: tests && !tested }];
  });
}

function runsTests(model: Workflow): boolean {
  return [...scriptsIn(model)].some(({ step }) => isTestStep(step));
}

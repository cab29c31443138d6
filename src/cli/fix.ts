import { resolve } from "node:path";
import { problemGap } from "../audit/excerpt.ts";
import { closest } from "../config/closest.ts";
import { excluding } from "../config/exclude.ts";
import type { FixGrade } from "../core/fix.ts";
import type { FixReport } from "../core/fix-report.ts";
import { UserError } from "../core/user-error.ts";
import { changesOf, describeFixes } from "../fix/describe-fixes.ts";
import { type FixOptions, fixProject } from "../fix/fix.ts";
import { patchOf, type TextChange } from "../fix/patch.ts";
import { roadmapOf } from "../fix/roadmap.ts";
import { fixJson } from "../reporters/fix-json.ts";
import { type FixEnding, fixText } from "../reporters/fix-text.ts";
import { roadmapJson } from "../reporters/roadmap-json.ts";
import { roadmapText } from "../reporters/roadmap-text.ts";
import { rules } from "../rules/registry.generated.ts";
import { link } from "../stack/link.ts";
import { lockedFile } from "../workspace/plan-write.ts";
import { openWorkspace, type Workspace } from "../workspace/workspace.ts";
import { finishWrite } from "../workspace/write.ts";
import { requireDirectory, type SettingsFlags, save, settingsFor } from "./audit.ts";
import { nothingFound } from "./audit-project.ts";
import { chooseFixes, requireTerminal } from "./fix-choose.ts";
import { judgesHere } from "./fix-judges.ts";
import { requireCleanFiles, undoPlan, writeChanges } from "./fix-write.ts";
import { useColor, write } from "./output.ts";
import { type OpenedProject, projectFiles } from "./project-files.ts";
import { version } from "./version.generated.ts";

export interface FixFlags extends SettingsFlags {
  readonly safe?: boolean;
  readonly needsTesting?: boolean;
  readonly bigChange?: boolean;
  readonly rule?: readonly string[];
  readonly write?: boolean;
  readonly interactive?: boolean;
  readonly patch?: string;
  readonly json?: boolean;
  readonly roadmap?: boolean;
  readonly allowDirty?: boolean;
  readonly color: boolean;
}

/** `shipworthy fix [DIR]`. Gives the exit code. */
export async function fixCommand(directory: string, flags: FixFlags): Promise<number> {
  await requireDirectory(directory);
  requireSense(flags);
  const root = openWorkspace(resolve(directory)).root;
  const recovery = finishWrite(root);
  if (recovery)
    write(process.stderr, `An interrupted run was ${recovery.how}: ${recovery.files.join(", ")}.\n`);
  const workspace = openWorkspace(root);
  const project = projectFiles(workspace);
  const options = await optionsFor(project, workspace, flags);
  if (flags.roadmap) return await showRoadmap(project, options, flags);
  let { outcome, report } = await run(project, options);
  let changes = changesOf(project.files, outcome);
  const writes = flags.write || (flags.interactive && flags.patch === undefined);
  if (writes) requireCleanFiles(root, changes, flags.allowDirty === true);
  if (flags.interactive && outcome.made.length > 0) {
    const chosen = await chooseFixes(report, colors(flags, process.stderr));
    if (chosen.size === 0) {
      write(process.stderr, "Nothing chosen, nothing changed.\n");
      return 1;
    }
    // What was left out may have been needed by what was chosen: the gate looks at the choice again.
    ({ outcome, report } = await run(project, { ...options, chosen }));
    changes = changesOf(project.files, outcome);
  }
  const ending = await end(root, changes, flags, writes === true);
  print(report, ending, flags);
  return exitCodeOf(report, ending);
}

/** What to do and to decide, in order, for every grade. Writes nothing. */
async function showRoadmap(project: OpenedProject, options: FixOptions, flags: FixFlags): Promise<number> {
  const { outcome, report } = await run(project, { ...options, level: "big-change", inStages: true });
  const roadmap = roadmapOf(project.files, outcome, report);
  const width = process.stdout.isTTY ? { width: process.stdout.columns } : {};
  write(
    process.stdout,
    flags.json
      ? roadmapJson(roadmap)
      : roadmapText(roadmap, { color: colors(flags, process.stdout), ...width }),
  );
  return roadmap.gaps.some(gap => gap.fatal) && roadmap.steps.length === 0 ? 3 : 0;
}

function requireSense(flags: FixFlags): void {
  const { safe, needsTesting, bigChange, interactive, json, rule = [] } = flags;
  if (flags.roadmap && (safe || needsTesting || bigChange || flags.write || interactive || flags.patch))
    throw new UserError(
      "--roadmap shows the fixes of all levels, and writes nothing.",
      "Leave out the level, --write, --interactive and --patch.",
    );
  if ([safe, needsTesting, bigChange].filter(Boolean).length > 1)
    throw new UserError(
      "More than one level is given.",
      "Give one of --safe, --needs-testing and --big-change: each includes those before it.",
    );
  if (interactive && json)
    throw new UserError("--json cannot ask questions.", "Leave out --interactive or --json.");
  if (interactive) requireTerminal();
  const ids = rules.map(each => each.id);
  for (const id of rule) {
    if (ids.includes(id)) continue;
    const meant = closest(id, ids);
    throw new UserError(
      `There is no rule "${id}".`,
      meant === undefined ? "List them with: shipworthy rules" : `Did you mean "${meant}"?`,
    );
  }
}

async function optionsFor(
  { files }: OpenedProject,
  workspace: Workspace,
  flags: FixFlags,
): Promise<FixOptions> {
  const config = await settingsFor(files, flags);
  const now = new Date();
  return {
    ...{ rules, config, now },
    link: (tree, like) =>
      link(excluding(tree, config.exclude), { deployed: config.deployed, now, ...(like ? { like } : {}) }),
    level: levelOf(flags),
    ...(flags.rule ? { only: flags.rule } : {}),
    locked: file => lockedFile(workspace.root, file),
    judges: judgesHere(),
  };
}

function levelOf({ needsTesting, bigChange }: FixFlags): FixGrade {
  return bigChange ? "big-change" : needsTesting ? "needs-testing" : "safe";
}

async function run({ files, problems }: OpenedProject, options: FixOptions) {
  const outcome = await fixProject(files, options);
  const isEmpty = outcome.start.examination.stack.sources.size === 0;
  const gaps = [...problems.map(problemGap), ...(isEmpty ? [nothingFound] : [])];
  return { outcome, report: describeFixes(files, outcome, { ...options, version, gaps }) };
}

/** Writes what was asked for, and says how to take it back. */
async function end(
  root: string,
  changes: readonly TextChange[],
  { patch, allowDirty }: FixFlags,
  writes: boolean,
): Promise<FixEnding> {
  if (patch !== undefined) await save(patch, patchOf(changes));
  if (!writes || changes.length === 0)
    return { written: false, undo: [], ...(patch === undefined ? {} : { patch }) };
  const undo = undoPlan(root, changes, allowDirty === true);
  writeChanges(root, changes, undo);
  return { written: true, undo: undo.commands, ...(patch === undefined ? {} : { patch }) };
}

function print(report: FixReport, ending: FixEnding, flags: FixFlags): void {
  if (flags.json) {
    write(process.stdout, fixJson(report, ending));
    return;
  }
  const width = process.stdout.isTTY ? { width: process.stdout.columns } : {};
  write(process.stdout, fixText(report, ending, { color: colors(flags, process.stdout), ...width }));
}

function colors({ color }: FixFlags, stream: NodeJS.WriteStream): boolean {
  return color && useColor(process.env, stream.isTTY === true);
}

/**
 * 0: nothing is left to write at this level; 1: there are fixes that were not written; 2: wrong usage, or files that
 * must not be written (not decided here); 3: something could not be examined, and there was nothing to fix.
 */
function exitCodeOf(report: FixReport, { written }: FixEnding): 0 | 1 | 3 {
  if (report.changes.length > 0) return written ? 0 : 1;
  return report.gaps.some(gap => gap.fatal) ? 3 : 0;
}

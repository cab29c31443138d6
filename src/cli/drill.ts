import { randomBytes } from "node:crypto";
import { setMaxListeners } from "node:events";
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Drill, DrillReport, DrillRun } from "../core/drill.ts";
import { UserError } from "../core/user-error.ts";
import { runDrills } from "../drill/drill.ts";
import { openLab } from "../drill/lab.ts";
import { drilledProject, prepareLab } from "../drill/prepare.ts";
import { requestsOf } from "../drill/requests.ts";
import type { DrillStack } from "../drills/drill.ts";
import { drills as allDrills } from "../drills/registry.generated.ts";
import { drillMarkdown } from "../reporters/drill-markdown.ts";
import { link } from "../stack/link.ts";
import { openWorkspace } from "../workspace/workspace.ts";
import { configOf, knownClaims, requireDirectory } from "./audit.ts";
import { drillLine, drillList, drillSummary, drillUse } from "./drill-text.ts";
import { removeLab, userEngine, userLabs } from "./lab.ts";
import { useColor, write } from "./output.ts";
import { projectFiles } from "./project-files.ts";
import { version } from "./version.generated.ts";

export interface DrillFlags {
  readonly claim?: readonly string[];
  readonly list?: boolean;
  readonly plan?: boolean;
  readonly keep?: boolean;
  /** Requests a second, instead of what shipworthy.yml says. */
  readonly rate?: number;
  readonly json?: boolean;
  readonly report?: string;
  readonly config?: string | false;
  readonly color: boolean;
}

/** `shipworthy drill [DIR]`. Gives the exit code: 1 something is refuted, 3 something could not be decided. */
export async function drillCommand(directory: string, flags: DrillFlags): Promise<number> {
  await requireDirectory(directory);
  const { files } = projectFiles(openWorkspace(resolve(directory)));
  const config = await configOf(files, flags.config);
  const stack = await link(files, { deployed: config.deployed });
  const project = drilledProject(stack);
  if (!project)
    throw new UserError(
      "There is no Compose project here, or several and none that is deployed.",
      "Name its files in shipworthy.yml: deployed: [compose.yml]",
    );
  const wanted = flags.claim ? await knownClaims(flags.claim) : undefined;
  const drills = allDrills.filter(drill => !wanted || wanted.includes(drill.claim));
  const load = { ...config.load, ...(flags.rate === undefined ? {} : { rate: flags.rate }) };
  const view: DrillStack = { stack, project, load };
  const out = flags.json ? process.stderr : process.stdout;
  const color = flags.color && useColor(process.env, out.isTTY === true);
  write(out, drillList(view, drills));
  if (flags.list) return 0;
  write(out, drillUse(view, drills));
  if (flags.plan) return 0;
  const ended = new AbortController();
  // Every pause of every request of a load waits for it: many listeners are no leak.
  setMaxListeners(0, ended.signal);
  const say = (text: string) => write(out, text);
  const run = await inLab(directory, view, drills, { keep: flags.keep === true, say, color, ended }).catch(
    error => {
      if (ended.signal.aborted) return undefined;
      throw error;
    },
  );
  if (!run || ended.signal.aborted) {
    say("Ended early; everything of the lab is removed.\n");
    return interrupted;
  }
  write(out, drillSummary(run, color));
  if (flags.json) write(process.stdout, `${JSON.stringify(run, null, 2)}\n`);
  if (flags.report !== undefined) await save(flags.report, run);
  return exitCodeOf(run.reports);
}

export function exitCodeOf(reports: readonly DrillReport[]): 0 | 1 | 3 {
  if (reports.some(({ outcome }) => outcome === "refuted")) return 1;
  return reports.some(({ outcome }) => outcome === "inconclusive") ? 3 : 0;
}

/** As a shell has it for a program that was told to end. */
const interrupted = 130;

interface LabRun {
  readonly keep: boolean;
  readonly say: (text: string) => void;
  readonly color: boolean;
  readonly ended: AbortController;
}

/** Makes the lab, drills, and removes it again whatever happens: also when the process is asked to end. */
async function inLab(
  directory: string,
  view: DrillStack,
  drills: readonly Drill<DrillStack>[],
  { keep, say, color, ended }: LabRun,
): Promise<DrillRun> {
  const end = () => ended.abort();
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const name of signals) process.on(name, end);
  const engine = await userEngine(ended.signal);
  const about = await engine.about();
  const store = userLabs();
  const lab = randomBytes(5).toString("hex");
  say(`engine ${about.version}, Compose ${about.composeVersion}; lab ${lab}\n`);
  const files = await store.open(lab, { root: resolve(directory) });
  const stopped = () => ended.signal.aborted;
  try {
    const prepared = await prepareLab(view.stack, view.project, engine, files, {
      ...{ lab, stopped, environment: process.env, say: line => say(`${line}\n`) },
      random: () => randomBytes(16).toString("hex"),
      ...(drills.every(drill => drill.needsTargetsOnly) ? { only: servicesOf(view, drills) } : {}),
    });
    const running = openLab({
      ...{ engine, ...prepared, say: line => say(`${line}\n`) },
      candidates: service => requestsOf(view.stack, view.project, service, prepared.model),
      source: { stack: view.stack, user: view.project },
    });
    const reports = await runDrills(running, drills, view, {
      say: line => say(drillLine(line, color)),
      stopped,
    });
    return {
      ...{ project: view.project.name, files: view.project.files, at: new Date().toISOString(), version },
      ...{ engine: about.version, images: prepared.images, causes: running.causes(reports), reports },
      changes: [...prepared.changes, ...running.given],
    };
  } finally {
    if (keep && !stopped())
      say(`The lab stays: shipworthy lab clean removes it. Its project: ${files.path("compose.json")}\n`);
    // What was ended must not keep us from cleaning up, so this is an engine of its own.
    else await removeLab(await userEngine(), store, lab);
    for (const name of signals) process.off(name, end);
  }
}

function servicesOf(view: DrillStack, drills: readonly Drill<DrillStack>[]): ReadonlySet<string> {
  const targets = drills.flatMap(drill => drill.targets(view));
  return new Set(
    targets.flatMap(({ services, also = [], beside = [] }) => [...services, ...also, ...beside]),
  );
}

async function save(path: string, run: DrillRun): Promise<void> {
  try {
    await writeFile(
      path,
      /\.(md|markdown)$/.test(path) ? drillMarkdown(run) : `${JSON.stringify(run, null, 2)}\n`,
    );
  } catch (error) {
    throw new UserError(
      `"${path}" cannot be written: ${String(error)}`,
      "Name a file in a directory you can write to.",
    );
  }
}

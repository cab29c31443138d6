import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { closest } from "../config/closest.ts";
import { type Acceptance, type Config, configNames, defaultConfig } from "../config/config.ts";
import type { DrillReport, DrillRun } from "../core/drill.ts";
import type { Confidence, Severity } from "../core/finding.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import type { Report } from "../core/report.ts";
import type { Source } from "../core/source.ts";
import { UserError } from "../core/user-error.ts";
import { openWorkspace } from "../workspace/workspace.ts";
import { exitCode } from "./exit-code.ts";
import { type Format, reporterFor, showsFixes } from "./formats.ts";
import { useColor, write } from "./output.ts";
import { projectFiles } from "./project-files.ts";

export interface AuditFlags {
  readonly format: Format;
  readonly output?: string;
  readonly claim?: readonly string[];
  readonly severity?: Severity;
  readonly confidence?: Confidence;
  readonly failOn?: Severity | "never";
  /** A path, or false for `--no-config`. */
  readonly config?: string | false;
  readonly baseline?: string;
  readonly writeBaseline?: string;
  readonly drills?: string;
  readonly accept: boolean;
  readonly color: boolean;
  readonly debug?: boolean;
}

export type SettingsFlags = Pick<AuditFlags, "config" | "baseline" | "writeBaseline">;

/** `shipworthy audit [DIR]`. Gives the exit code. */
export async function auditCommand(directory: string, flags: AuditFlags): Promise<number> {
  await requireDirectory(directory);
  const { auditProject } = await import("./audit-project.ts");
  const { files, problems } = projectFiles(openWorkspace(resolve(directory)));
  const settings = await settingsFor(files, flags);
  const config: Config = flags.accept ? settings : { ...settings, accept: [] };
  const report = await auditProject(files, {
    config,
    problems,
    ...(flags.accept ? {} : { ignoreInline: true }),
    ...(flags.debug ? { debug: true } : {}),
    ...(flags.drills === undefined ? {} : { drills: await drillReports(flags.drills) }),
    ...(showsFixes(flags.format) && flags.writeBaseline === undefined ? {} : { withoutFixes: true }),
    show: {
      ...(flags.claim ? { claims: await knownClaims(flags.claim) } : {}),
      ...(flags.severity ? { severity: flags.severity } : {}),
      ...(flags.confidence ? { confidence: flags.confidence } : {}),
    },
  });
  if (flags.writeBaseline !== undefined) return await keepBaseline(report, flags.writeBaseline);
  await emit(report, flags);
  return exitCode(report, flags.failOn ?? config.failOn);
}

export async function requireDirectory(directory: string): Promise<void> {
  const found = await stat(directory).catch(() => undefined);
  if (!found)
    throw new UserError(
      `There is no directory "${directory}".`,
      "Name the directory that holds the Compose file.",
    );
  if (!found.isDirectory()) {
    throw new UserError(
      `"${directory}" is a file.`,
      `Name its directory: shipworthy audit ${dirname(directory)}`,
    );
  }
}

/** The settings of a run, with its baseline. */
export async function settingsFor(files: ProjectFiles, flags: SettingsFlags): Promise<Config> {
  const config = await configOf(files, flags.config);
  const baseline = await baselineOf(files, config, flags);
  return baseline.length === 0 ? config : { ...config, accept: [...config.accept, ...baseline] };
}

/** The settings that a command named, or those of the project. */
export async function configOf(files: ProjectFiles, flag: string | false | undefined): Promise<Config> {
  if (flag === false) return defaultConfig;
  const source = flag === undefined ? configIn(files) : await textFile(flag, "settings");
  if (!source) return defaultConfig;
  const [{ readConfig }, { rules }] = await Promise.all([
    import("../config/read.ts"),
    import("../rules/registry.generated.ts"),
  ]);
  return readConfig(
    source,
    rules.map(rule => rule.id),
  );
}

function configIn(files: ProjectFiles): Source | undefined {
  const path = configNames.find(name => files.has(name) === "file");
  if (path === undefined) return undefined;
  const found = files.read(path);
  if ("problem" in found)
    throw new UserError(
      `${path}: ${found.problem.message}`,
      "Make the settings readable, or use --no-config.",
    );
  return found.source;
}

async function baselineOf(files: ProjectFiles, config: Config, flags: SettingsFlags): Promise<Acceptance[]> {
  const path = flags.baseline ?? (config.baseline && resolve(files.root, config.baseline));
  if (path === undefined || flags.writeBaseline !== undefined) return [];
  const source = await textFile(path, "baseline");
  const { readBaseline } = await import("../config/baseline.ts");
  return readBaseline(source);
}

/** What `shipworthy drill --report` wrote. */
async function drillReports(path: string): Promise<readonly DrillReport[]> {
  const { text } = await textFile(path, "drill report");
  const wrong = new UserError(
    `"${path}" is no report of drills.`,
    "Write one with: shipworthy drill --report FILE",
  );
  let run: Partial<DrillRun>;
  try {
    run = JSON.parse(text) as Partial<DrillRun>;
  } catch {
    throw wrong;
  }
  const isReport = (one: Partial<DrillReport>) =>
    [one?.drill, one?.claim, one?.subject, one?.outcome, one?.because].every(
      field => typeof field === "string",
    );
  if (!Array.isArray(run?.reports) || !run.reports.every(isReport)) throw wrong;
  return run.reports;
}

async function textFile(path: string, what: string): Promise<Source> {
  try {
    return { path, text: await readFile(path, "utf8") };
  } catch (error) {
    throw new UserError(`The ${what} file "${path}" cannot be read: ${reasonOf(error)}.`, "Check the path.");
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return (
    { ENOENT: "it does not exist", EACCES: "permission denied", EISDIR: "it is a directory" }[code] ??
    String(error)
  );
}

export async function knownClaims(asked: readonly string[]): Promise<readonly string[]> {
  const { claims } = await import("../claims/claims.ts");
  const ids = claims.map(claim => claim.id);
  for (const id of asked) {
    if (ids.includes(id)) continue;
    const meant = closest(id, ids);
    const hint = meant ? `Did you mean "${meant}"?` : "List them with: shipworthy claims";
    throw new UserError(`There is no claim "${id}".`, hint);
  }
  return asked;
}

async function keepBaseline(report: Report, path: string): Promise<number> {
  const { writeBaseline } = await import("../config/baseline.ts");
  await save(path, writeBaseline(report));
  write(process.stderr, `${path}: ${report.findings.length} findings are now the baseline.\n`);
  return report.gaps.some(gap => gap.fatal) ? 3 : 0;
}

async function emit(report: Report, { format, output, color }: AuditFlags): Promise<void> {
  const reporter = await reporterFor(format);
  const terminal = output === undefined && process.stdout.isTTY === true;
  const { rules } = await import("../rules/registry.generated.ts");
  const text = reporter(report, {
    rules,
    color: output === undefined && color && useColor(process.env, terminal),
    ...(terminal ? { width: process.stdout.columns } : {}),
  });
  if (output === undefined) write(process.stdout, text);
  else await save(output, text);
}

/** Writes a file of the user's choice. */
export async function save(path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  } catch (error) {
    throw new UserError(
      `"${path}" cannot be written: ${reasonOf(error)}.`,
      "Name a file in a directory you can write to.",
    );
  }
}

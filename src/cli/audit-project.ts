import { audit } from "../audit/audit.ts";
import { describe } from "../audit/describe.ts";
import { claims } from "../claims/claims.ts";
import { type Config, defaultConfig } from "../config/config.ts";
import { excluding } from "../config/exclude.ts";
import type { DrillReport } from "../core/drill.ts";
import type { Confidence, Severity } from "../core/finding.ts";
import type { Gap, Problem } from "../core/problem.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import type { Report } from "../core/report.ts";
import { rules } from "../rules/registry.generated.ts";
import { link } from "../stack/link.ts";
import type { Stack } from "../stack/stack.ts";
import { version } from "./version.generated.ts";

export interface AuditProjectOptions {
  /** Defaults to the settings of an empty file. */
  readonly config?: Config;
  readonly now?: Date;
  readonly debug?: boolean;
  /** What the reader of the files could not read; may still grow while they are read. */
  readonly problems?: readonly Problem[];
  /** Comments that accept a finding do not count. */
  readonly ignoreInline?: boolean;
  /** Verdicts of a run of drills, to be shown beside the findings. */
  readonly drills?: readonly DrillReport[];
  /** The report carries no fixes. */
  readonly withoutFixes?: boolean;
  readonly show?: {
    readonly claims?: readonly string[];
    readonly severity?: Severity;
    readonly confidence?: Confidence;
  };
}

/** Reads, links and checks a whole project with every rule. Runs nothing of the project and needs no engine. */
export async function auditProject(files: ProjectFiles, options: AuditProjectOptions = {}): Promise<Report> {
  const { config = defaultConfig, now = new Date(), debug, drills, ignoreInline, show } = options;
  const linked = await link(excluding(files, config.exclude), { deployed: config.deployed, now });
  const stack: Stack = {
    ...linked,
    problems: [...(options.problems ?? []), ...linked.problems],
    gaps: linked.sources.size > 0 ? linked.gaps : [...linked.gaps, nothingFound],
  };
  const description = describe(stack);
  return audit(stack, rules, {
    ...{ config, claims, now, version, description },
    ...(ignoreInline ? { ignoreInline } : {}),
    ...(debug ? { debug } : {}),
    ...(options.withoutFixes ? { withoutFixes: true } : {}),
    ...(drills ? { drills } : {}),
    ...(show ? { show } : {}),
  });
}

export const nothingFound: Gap = {
  about: "this directory",
  why: "It holds no Compose file, Dockerfile, nginx configuration, workflow or deployment script.",
  fatal: true,
};

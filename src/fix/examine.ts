import { find } from "../audit/find.ts";
import { settle } from "../audit/settle.ts";
import type { Config } from "../config/config.ts";
import type { Finding } from "../core/finding.ts";
import type { Gap } from "../core/problem.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import type { Rule } from "../core/rule.ts";
import type { Stack } from "../stack/stack.ts";

/** What an audit says of one state of the files. */
export interface Examination {
  readonly stack: Stack;
  /** What nobody has accepted. */
  readonly findings: readonly Finding[];
  /** Rules that failed: what they would have found is not known. */
  readonly failed: readonly Gap[];
}

/** How to look at files: the rules are an argument, and so is the linker. */
export interface Lens {
  readonly rules: readonly Rule<Stack>[];
  readonly config: Config;
  readonly now: Date;
  /** A project keeps the grade that it has in `like`: a restart policy that a fix adds makes no server of it. */
  link(files: ProjectFiles, like?: Stack): Promise<Stack>;
}

export async function examine(
  files: ProjectFiles,
  { rules, config, now, link }: Lens,
  like?: Stack,
): Promise<Examination> {
  const stack = await link(files, like);
  const enabled = rules.filter(rule => config.severity.get(rule.id) !== "off");
  const { outcomes, gaps } = find(stack, enabled);
  const found = outcomes.flatMap(outcome => outcome.findings);
  const today = now.toISOString().slice(0, 10);
  return { stack, findings: settle(stack, found, config, today).findings, failed: gaps };
}

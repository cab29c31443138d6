import type { ProjectFiles } from "../core/project-files.ts";
import type { Grade } from "../stack/stack.ts";
import type { State } from "./attempt.ts";
import { newFindings } from "./compare.ts";
import { examine, type Lens } from "./examine.ts";
import { overlay } from "./overlay.ts";

/** A project that the next audit takes for more of a server than the gate did, because of what the fixes wrote. */
export interface Regraded {
  /** The last file of the project, which names it. */
  readonly file: string;
  readonly was: Grade;
  readonly is: Grade;
  /** Findings that weigh more, or are told only then. All projects together: a finding may be of several. */
  readonly heavier: number;
}

const order: readonly Grade[] = ["development", "staging", "presumed", "deployed"];

/**
 * Reads the end of a run as if nothing were known of the projects before. The gate keeps their grades, so that no fix
 * is blamed for what it shows; whoever runs it has to hear of it all the same.
 */
export async function regradedBy(files: ProjectFiles, lens: Lens, end: State): Promise<Regraded[]> {
  const { stack, findings } = end.examination;
  if (end.texts.size === 0 || stack.projects.every(({ grade }) => grade === "deployed")) return [];
  const tree = overlay(files, end.texts);
  const grades = new Map((await lens.link(tree)).projects.map(each => [each.files.join("\n"), each.grade]));
  const changed = stack.projects.flatMap(project => {
    const is = grades.get(project.files.join("\n"));
    return is !== undefined && order.indexOf(is) > order.indexOf(project.grade)
      ? [{ file: project.files.at(-1)!, was: project.grade, is }]
      : [];
  });
  if (changed.length === 0) return [];
  const heavier = newFindings(findings, (await examine(tree, lens)).findings).length;
  return changed.map(each => ({ ...each, heavier }));
}

import type { DrillRun } from "../core/drill.ts";
import { groupDrills, type Verdict } from "./drill-groups.ts";
import { code, fence, prose } from "./markdown-text.ts";

/** A run of drills as a page for people: `shipworthy drill --report FILE.md`. */
export function drillMarkdown(run: DrillRun): string {
  const { causes, refuted, undecided, proved, idle, tally } = groupDrills(run);
  const about = `${tally}. ${run.at.slice(0, 10)}, engine ${run.engine}, ${run.files.map(code).join(", ")}.`;
  const parts = [`# Drills: ${prose(run.project)}`, about];
  const section = (title: string, items: readonly string[]) => {
    if (items.length > 0) parts.push(`## ${title}`, items.join("\n"));
  };
  for (const { cause, verdicts } of causes) {
    parts.push(`## In the way: ${prose(cause.services.join(", "))}`, fence("text", cause.what));
    parts.push(verdicts.map(one => `- ${one.outcome}: ${named(one)}`).join("\n"));
  }
  section("Refuted", refuted.map(withReason));
  section("Not decided", undecided.map(withReason));
  section(
    "Proved",
    proved.map(one => `- ${named(one)}`),
  );
  section("Nothing to do", idle.length > 0 ? [idle.map(code).join(", ")] : []);
  section(
    "What the clone has otherwise than the files",
    run.changes.map(one => `- ${prose(one)}`),
  );
  return `${parts.join("\n\n")}\n`;
}

function named({ drill, subjects }: Verdict): string {
  return `${code(drill)}${subjects.length > 0 ? ` (${prose(subjects.join(", "))})` : ""}`;
}

/** The first line of a reason is a sentence of ours, what follows are words of programs. */
function withReason(verdict: Verdict): string {
  const [first, ...rest] = verdict.because.split("\n");
  const words = fence("text", rest.join("\n")).replace(/^/gm, "  ");
  return `- ${named(verdict)}: ${prose(first!)}${rest.length > 0 ? `\n\n${words}\n` : ""}`;
}

import { type Phase, phases, type Roadmap, type RoadmapDecision, type RoadmapStep } from "../core/roadmap.ts";
import type { ReporterOptions } from "./reporter.ts";
import { type Style, styleFor } from "./style.ts";
import { count, printable, wrap } from "./words.ts";

const titles: Readonly<Record<Phase, readonly [string, string, string]>> = {
  immediate: ["Immediate", "safe to apply now", "shipworthy fix --safe --write"],
  planned: ["Planned", "to be tried before a release", "shipworthy fix --needs-testing --write"],
  future: ["Future", "changes of the structure", "shipworthy fix --big-change --write"],
};

/** The order of work for the terminal: what to do in each phase, and what to decide. */
export function roadmapText(
  roadmap: Roadmap,
  { color, width }: Pick<ReporterOptions, "color" | "width">,
): string {
  const style = styleFor(color);
  const blocks = phases.map(phase => phaseBlock(roadmap, phase, style, width));
  return `${[...blocks, ...gaps(roadmap, style, width), closing(roadmap, style)].filter(block => block !== "").join("\n\n")}\n`;
}

function phaseBlock({ steps, decisions }: Roadmap, phase: Phase, style: Style, width?: number): string {
  const mine = steps.filter(step => step.phase === phase);
  const open = decisions.filter(decision => decision.phase === phase);
  if (mine.length + open.length === 0) return "";
  const [title, means, command] = titles[phase];
  return [
    `${style.bold(title)}  ${style.dim(mine.length > 0 ? `${means}: ${command}` : means)}`,
    ...mine.map(step => stepBlock(step, style, width)),
    ...(open.length > 0
      ? [style.bold("  To decide"), ...open.map(each => decisionBlock(each, style, width))]
      : []),
  ].join("\n");
}

function stepBlock(
  { number, change: { finding }, after, files, lines }: RoadmapStep,
  style: Style,
  width?: number,
) {
  const { fix, rule, severity, subject } = finding;
  const size = `${count(lines, "line")} in ${count(files, "file")}`;
  const needs = after.length > 0 ? `, after ${after.join(", ")}` : "";
  return [
    wrap(`${String(number).padStart(3)}. ${style.severity(severity)}  ${printable(fix.title)}`, width, "  "),
    wrap(style.dim(`${rule}, ${printable(subject)}: ${size}${needs}`), width, "       "),
    ...(fix.test ? [wrap(`Test: ${printable(fix.test)}`, width, "       ")] : []),
    ...(fix.afterwards ? [wrap(`By hand: ${printable(fix.afterwards)}`, width, "       ")] : []),
  ].join("\n");
}

function decisionBlock({ finding, because }: RoadmapDecision, style: Style, width?: number): string {
  const [{ file, line }] = finding.evidence;
  return [
    wrap(`-  ${style.severity(finding.severity)}  ${printable(finding.message)}`, width, "   "),
    style.dim(`       ${finding.rule}, ${printable(file)}:${line}`),
    ...because.map(reason => wrap(`Its fix was refused: ${printable(reason)}`, width, "       ")),
  ].join("\n");
}

function gaps({ gaps }: Roadmap, style: Style, width?: number): string[] {
  const fatal = gaps.filter(gap => gap.fatal);
  if (fatal.length === 0) return [];
  const lines = fatal.map(({ about, why, place }) =>
    wrap(printable(`${place ? `${place.file}:${place.line}` : about}: ${why}`), width, "  "),
  );
  return [[style.bold("Could not be examined"), ...lines].join("\n")];
}

function closing({ steps, decisions, findingsBefore, findingsAfter }: Roadmap, style: Style): string {
  const urgent = steps.filter(
    ({ phase, change }) => phase !== "immediate" && change.finding.severity === "critical",
  );
  const lines = [
    style.bold(
      `${count(steps.length, "step")}, ${count(decisions.length, "decision")}: ${count(findingsBefore, "finding")} now, ${findingsAfter} after all steps.`,
    ),
  ];
  if (urgent.length > 0)
    lines.push(
      `Critical, and not to wait for the others: ${urgent.length === 1 ? "step" : "steps"} ${urgent.map(step => step.number).join(", ")}.`,
    );
  if (steps.length > 0)
    lines.push("shipworthy fix shows the lines of each; a step alone: --rule with the id below it.");
  return lines.join("\n");
}

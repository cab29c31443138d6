import type { Drill, DrillRun, Outcome } from "../core/drill.ts";
import type { DrillLine } from "../drill/drill.ts";
import type { DrillStack } from "../drills/drill.ts";
import { groupDrills, type Verdict } from "../reporters/drill-groups.ts";
import type { Service } from "../stack/stack.ts";

const mebibyte = 1 << 20;
const usualMemory = 256 * mebibyte;

/** The drills of a project, with what each does and to what. */
export function drillList(view: DrillStack, drills: readonly Drill<DrillStack>[]): string {
  const { project } = view;
  const lines = [`${project.name} (${project.files.join(", ")}), in a clone of its own:`];
  for (const drill of drills) {
    const subjects = drill.targets(view).map(({ subject }) => subject);
    lines.push(`  ${drill.id.padEnd(36)} ${subjects.length > 0 ? subjects.join("; ") : "nothing to do"}`);
    lines.push(`    ${drill.disturbs}`);
  }
  return `${lines.join("\n")}\n`;
}

/** What a run will use at most, said before it starts anything. */
export function drillUse(view: DrillStack, drills: readonly Drill<DrillStack>[]): string {
  const { services } = view.project;
  const targets = drills.reduce((sum, drill) => sum + drill.targets(view).length, 0);
  const memory = services.reduce((sum, service) => sum + memoryOf(service), 0);
  const minutes = Math.ceil((services.length * 15 + targets * 30) / 60);
  return `It will use up to ${Math.ceil(memory / mebibyte)} MB of memory in ${services.length} containers, the disk that its images need, and about ${minutes} min.\n`;
}

function memoryOf(service: Service): number {
  const limit = service.text("deploy", "resources", "limits", "memory") ?? service.text("mem_limit");
  return limitOf(limit?.text) ?? usualMemory;
}

/** `512M`, `1g`, `1.5G`, `1073741824` in bytes. */
function limitOf(text: string | undefined): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([bkmg]?)b?$/i.exec(text ?? "");
  if (!match) return undefined;
  const unit = { b: 1, "": 1, k: 1024, m: mebibyte, g: 1024 * mebibyte }[match[2]!.toLowerCase()] ?? 1;
  return Number(match[1]) * unit;
}

const marks: Readonly<Record<Outcome, string>> = {
  proved: "\u001b[32m✓ proved\u001b[0m",
  refuted: "\u001b[31m✗ refuted\u001b[0m",
  inconclusive: "? inconclusive",
  "not-applicable": "- not applicable",
};

export function mark(outcome: Outcome, color: boolean): string {
  return color ? marks[outcome] : marks[outcome].replace(/\u001b\[\d+m/g, "");
}

/** One line of live progress. */
export function drillLine(line: DrillLine, color: boolean): string {
  if (line.kind === "begins") return `\n${line.drill}${line.subject === "" ? "" : `  ${line.subject}`}\n`;
  if (line.kind === "entry") {
    const { atMs, phase, what, saw } = line.entry;
    return `  ${(atMs / 1000).toFixed(1).padStart(6)} s  ${phase.padEnd(7)}  ${what}: ${saw.split("\n").join("\n             ")}\n`;
  }
  return `  ${mark(line.report.outcome, color)}\n`;
}

/** All verdicts: what one cause explains under that, then the others, and of bad ones what decided them. */
export function drillSummary(run: DrillRun, color: boolean): string {
  const { causes, refuted, undecided, proved, idle, tally } = groupDrills(run);
  const lines = [""];
  if (run.changes.length > 0)
    lines.push("The clone is otherwise than the files in this:", ...run.changes.map(one => `  ${one}`), "");
  const line = ({ outcome, drill, subjects }: Verdict) =>
    `${mark(outcome, color)}  ${drill}${subjects.length > 0 ? `  ${subjects.join(", ")}` : ""}`;
  const told = (text: string) => text.split("\n").map(one => `      ${one}`);
  for (const { cause, verdicts } of causes)
    lines.push(
      `${cause.services.join(", ")}:`,
      ...told(cause.what),
      ...verdicts.map(one => `  ${line(one)}`),
    );
  for (const one of [...refuted, ...undecided]) lines.push(line(one), ...told(one.because));
  lines.push(...proved.map(line));
  if (idle.length > 0) lines.push(`${mark("not-applicable", color)}  ${idle.join(", ")}`);
  lines.push("", `${tally}.`);
  return `${lines.join("\n")}\n`;
}

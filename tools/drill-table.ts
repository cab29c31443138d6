import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { DrillReport, DrillRun } from "../src/core/drill.ts";
import { link } from "../src/stack/link.ts";
import { openWorkspace } from "../src/workspace/workspace.ts";
import { commit, pairsOf, run, shipworthy, standIn } from "./whole-repository.ts";

/**
 * What the drills say of whole repositories as they are committed, and after `fix --big-change`:
 * `npm run drill-table -- NAME=DIR...`. Prints Markdown: a table of claims before and after, and why each was not proved.
 * Needs an engine and minutes; images that it does not have are asked of tools/stand-ins.sh.
 */
const pairs = pairsOf(process.argv.slice(2), "npm run drill-table -- NAME=DIR...");

for (const [name, directory] of pairs) {
  const home = mkdtempSync(join(tmpdir(), "shipworthy-drills-"));
  // The folder's name is the project's name, and it stands in messages.
  const copy = join(home, name);
  try {
    cpSync(resolve(directory), copy, { recursive: true });
    commit(copy);
    const before = await drilled(name, copy, join(home, "before.json"));
    run("node", [shipworthy, "fix", "--big-change", "--write", "--no-color", copy]);
    const after = await drilled(name, copy, join(home, "after.json"));
    show(name, before, after);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

async function drilled(name: string, copy: string, file: string): Promise<DrillRun | string> {
  for (const image of await imagesOf(copy)) standIn(image);
  console.error(`${name}: drilling`);
  const { text } = run("node", [shipworthy, "drill", copy, "--report", file]);
  if (!existsSync(file)) return cleaned(text.trim().split("\n").slice(-4).join("\n"));
  return JSON.parse(cleaned(readFileSync(file, "utf8"))) as DrillRun;

  function cleaned(words: string): string {
    return words.replaceAll(copy, ".");
  }
}

async function imagesOf(copy: string): Promise<Set<string>> {
  const stack = await link(openWorkspace(copy));
  const bases = stack.builds.flatMap(build =>
    (build.dockerfile?.stages ?? []).flatMap(({ from }) =>
      from.parent === undefined && from.resolved !== "scratch" ? [from.resolved] : [],
    ),
  );
  const used = stack.projects.flatMap(project =>
    project.services.flatMap(service => (service.build ? [] : [service.image?.text])),
  );
  return new Set([...bases, ...used].filter(image => image !== undefined));
}

function show(name: string, before: DrillRun | string, after: DrillRun | string): void {
  console.log(`## ${name}\n`);
  for (const [when, run] of [
    ["As committed", before],
    ["After the fix", after],
  ] as const) {
    if (typeof run === "string")
      console.log(`${when}, nothing could be drilled:\n\n\`\`\`text\n${run}\n\`\`\`\n`);
    else {
      const images = run.images.filter(image => image.how === "missing");
      console.log(`${when}: ${tally(run)}, in ${minutes(run)} min. ${missing(images)}\n`);
    }
  }
  const [old, fresh] = [indexed(before), indexed(after)];
  console.log("| drill | of | as committed | after the fix |\n|---|---|---|---|");
  for (const key of new Set([...old.keys(), ...fresh.keys()])) {
    const one = old.get(key) ?? fresh.get(key)!;
    if (
      one.outcome === "not-applicable" &&
      (fresh.get(key)?.outcome ?? "not-applicable") === "not-applicable"
    )
      continue;
    console.log(`| ${one.drill} | ${one.subject} | ${word(old.get(key))} | ${word(fresh.get(key))} |`);
  }
  for (const [when, reports] of [
    ["as committed", old],
    ["after the fix", fresh],
  ] as const) {
    const lines = reasons([...reports.values()]);
    if (lines.length > 0) console.log(`\nNot proved, ${when}:\n\n${lines.join("\n")}`);
  }
  console.log();
}

/** One line for each reason, with all that it stands in the way of. */
function reasons(reports: readonly DrillReport[]): string[] {
  const kinds = new Map<string, DrillReport[]>();
  for (const report of reports) {
    if (report.outcome !== "refuted" && report.outcome !== "inconclusive") continue;
    const key = `${report.outcome}: ${report.because.split("\n")[0]!.replace(/^What was there held\. /, "")}${lastLine(report.because)}`;
    kinds.set(key, [...(kinds.get(key) ?? []), report]);
  }
  return [...kinds].map(([key, those]) => {
    const drills = [...new Set(those.map(report => `${report.drill} (${report.subject})`))];
    return `- ${key.slice(0, 400)} — ${drills.join(", ")}`;
  });
}

function lastLine(words: string): string {
  return words.includes("\n") ? ` … ${words.trim().split("\n").at(-1)!.trim()}` : "";
}

function indexed(run: DrillRun | string): Map<string, DrillReport> {
  if (typeof run === "string") return new Map();
  return new Map(run.reports.map(report => [`${report.drill} ${report.subject}`, report]));
}

function word(report: DrillReport | undefined): string {
  return report ? (report.outcome === "refuted" ? "**refuted**" : report.outcome) : "–";
}

function tally(run: DrillRun): string {
  const count = (outcome: string) => run.reports.filter(report => report.outcome === outcome).length;
  return `${count("proved")} proved, ${count("refuted")} refuted, ${count("inconclusive")} inconclusive`;
}

function minutes(run: DrillRun): string {
  return ([...run.reports, ...run.images].reduce((sum, { ms }) => sum + ms, 0) / 60_000).toFixed(1);
}

function missing(images: DrillRun["images"]): string {
  if (images.length === 0) return "Every image was there.";
  return images
    .map(
      image =>
        `The image of ${image.service} is missing: ${image.words.trim().split("\n").at(-1)!.slice(0, 200)}.`,
    )
    .join(" ");
}

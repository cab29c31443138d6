import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { auditProject } from "../src/cli/audit-project.ts";
import { judgesHere } from "../src/cli/fix-judges.ts";
import { projectFiles } from "../src/cli/project-files.ts";
import type { ReportedFinding } from "../src/core/report.ts";
import type { Examination } from "../src/fix/examine.ts";
import { link } from "../src/stack/link.ts";
import { openWorkspace } from "../src/workspace/workspace.ts";

/**
 * Holds audits against the programs that read the same files: `npm run judges -- DIR...`. Compose and nginx are asked
 * about every project of a server and every configuration of its proxies that can be put to them, `bash -n` or `dash -n`
 * about every script of a shell. Prints what one of them refuses and no finding of medium weight or more stands at; ends
 * with 1 when there is any.
 */
const directories = process.argv.slice(2);
if (directories.length === 0) throw new Error("npm run judges -- DIR...");
const judges = judgesHere();
const weighty = new Set(["critical", "high", "medium"]);
let asked = 0;
let told = 0;
let untold = 0;

for (const directory of directories) {
  const { files } = projectFiles(openWorkspace(resolve(directory)));
  const linked = await link(files);
  const projects = linked.projects.filter(({ grade }) => grade === "deployed");
  const proxies = linked.proxies.filter(({ service }) => service && projects.includes(service.project));
  const stack = { ...linked, projects, proxies };
  const { findings, gaps } = await auditProject(files, { show: { confidence: "likely" } });
  const places = [...findings, ...gaps.flatMap(gap => (gap.place ? [asFinding(gap.place.file)] : []))];
  for (const judge of judges) {
    asked += judge.name.startsWith("nginx") ? stack.proxies.length : stack.projects.length;
    const state: Examination = { stack, findings: [], failed: [] };
    for (const [about, why] of await judge.refusals(state, new Map())) say(directory, about, why, places);
  }
  for (const { file, shell } of stack.scripts) {
    const read = shell ? files.read(file) : undefined;
    if (!read || !("source" in read)) continue;
    asked++;
    const program = /^#! ?\/(?:usr\/)?bin\/(?:env )?sh\b/.test(read.source.text) ? "dash" : "bash";
    const { status, stderr } = spawnSync(program, ["-n"], { input: read.source.text, encoding: "utf8" });
    if (status !== 0 && status !== null) say(directory, file, stderr.split("\n")[0]!, places);
  }
}
console.log(`${directories.length} directories, ${asked} questions: ${told} refusals told, ${untold} not.`);
if (untold > 0) process.exitCode = 1;

type Placed = Pick<ReportedFinding, "severity" | "evidence">;

function asFinding(file: string): Placed {
  const place = { file, line: 1, column: 1, endLine: 1, endColumn: 1, excerpt: "", shows: "" };
  return { severity: "critical", evidence: [place] };
}

/** A refusal counts as told where a finding of weight has evidence in a file that it is about. */
function say(directory: string, about: string, why: string, findings: readonly Placed[]): void {
  const isTold = findings.some(
    ({ severity, evidence }) => weighty.has(severity) && evidence.some(({ file }) => about.includes(file)),
  );
  if (isTold) told++;
  else {
    untold++;
    console.log(`${directory}: ${about}: ${why}`);
  }
}

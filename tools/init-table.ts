import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { commit, pairsOf, run, shipworthy, withoutDeployment } from "./whole-repository.ts";

/**
 * What the audit says of the stack that `init` writes for whole repositories whose own deployment was taken away, before
 * and after `fix --big-change --write`: `npm run init-table -- NAME=DIR...`. Prints Markdown. No engine is needed.
 */
const pairs = pairsOf(process.argv.slice(2), "npm run init-table -- NAME=DIR...");

interface Finding {
  readonly severity: string;
  readonly rule: string;
  readonly message: string;
  readonly evidence: readonly { readonly file: string }[];
}

console.log(
  "| system | files of init | findings in them | elsewhere | after fix: in files of init | elsewhere | of the try |\n|---|---|---|---|---|---|---|",
);
const details: string[] = [];
for (const [name, directory] of pairs) {
  const copy = mkdtempSync(join(tmpdir(), "shipworthy-init-"));
  try {
    cpSync(resolve(directory), copy, { recursive: true });
    commit(copy);
    const taken = withoutDeployment(copy);
    commit(copy);
    const made = run("node", [shipworthy, "init", "--write", "--name", name, copy]);
    const written = new Set(/^\d+ files: (.*)$/m.exec(made.text)?.[1]?.split(", ") ?? []);
    commit(copy);
    // Prose that names a file which was taken away a moment ago: the whole repository does not have it.
    const isOfTheTry = ({ rule, message }: Finding): boolean => {
      const named = [...message.matchAll(/"([^"]+)"/g)].map(each => each[1]!);
      return rule === "scripts/documented-command" && named.every(each => isTaken(taken, each));
    };
    const before = audited(copy).filter(each => !isOfTheTry(each));
    run("node", [shipworthy, "fix", "--big-change", "--write", "--no-color", copy]);
    const all = audited(copy);
    const after = all.filter(each => !isOfTheTry(each));
    // What a file of the application shows, too, has its cause there.
    const own = (findings: readonly Finding[]) =>
      findings.filter(each => each.evidence.every(({ file }) => written.has(file))).length;
    console.log(
      `| ${name} | ${written.size} | ${own(before)} | ${before.length - own(before)} | ${own(after)} | ${after.length - own(after)} | ${all.length - after.length} |`,
    );
    details.push(
      `### ${name}\n`,
      ...after.map(
        each => `- ${each.severity} \`${each.rule}\` (${each.evidence[0]!.file}): ${each.message}`,
      ),
      "",
    );
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
console.log(`\n${details.join("\n")}`);

function audited(copy: string): readonly Finding[] {
  const report = run("node", [shipworthy, "audit", "--format", "json", copy]);
  return (JSON.parse(report.text) as { findings: Finding[] }).findings;
}

/** A path as prose writes it: from the root or from a folder. */
function isTaken(taken: readonly string[], named: string): boolean {
  return taken.some(path => path === named || path.endsWith(`/${named}`));
}

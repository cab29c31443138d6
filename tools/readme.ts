import { readFileSync } from "node:fs";
import { join } from "node:path";
import { auditProject } from "../src/cli/audit-project.ts";
import { text } from "../src/reporters/text.ts";
import { rules } from "../src/rules/registry.generated.ts";
import { openWorkspace } from "../src/workspace/workspace.ts";

const startMark = "<!-- output: audit examples/harbour -->";
const endMark = "<!-- end -->";

/** README.md with the report of the bundled example as it is now: its beginning and its end. */
export async function readme(root: string): Promise<string> {
  const current = readFileSync(join(root, "README.md"), "utf8");
  const start = current.indexOf(startMark);
  const end = current.indexOf(endMark, start);
  if (start === -1 || end === -1) throw new Error("README.md has lost its output marks");
  const report = await auditProject(openWorkspace(join(root, "examples/harbour")), {
    // The same page on every day: versions end and tables grow old without a commit.
    now: new Date("2026-09-01"),
    show: { confidence: "likely" },
  });
  const lines = text(report, { color: false, width: 110, rules }).trimEnd().split("\n");
  const shown = excerpt(lines);
  const block = `${startMark}\n\`\`\`text\n$ npx shipworthy audit examples/harbour\n${shown.join("\n")}\n\`\`\`\n`;
  return current.slice(0, start) + block + current.slice(end);
}

/** The first findings whole, then the claims and the verdict. */
function excerpt(lines: readonly string[]): string[] {
  const claims = lines.findLastIndex(line => /^Claims\b/.test(line));
  const head = lines.slice(0, 62);
  while (head.length > 0 && head.at(-1)!.trim() !== "") head.pop();
  const tail = claims === -1 ? lines.slice(-14) : lines.slice(claims);
  return [...head, "  ...", "", ...tail];
}

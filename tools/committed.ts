import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { generated, generatedReadme } from "./generate.ts";

/** Fails when a generated file is stale, or is not what git has. */
const wrong: string[] = [];
const files = [...(await generated()), ["README.md", await generatedReadme()] as const];
for (const [path, text] of files) {
  if (textOf(path) !== text) wrong.push(`${path} is stale: run npm run generate`);
  else if (git("ls-files", "--", path) === "") wrong.push(`${path} is not in git`);
  else if (git("diff", "--name-only", "--", path) !== "")
    wrong.push(`${path} has changes that are not staged`);
}
if (wrong.length > 0) {
  console.error(wrong.join("\n"));
  process.exitCode = 1;
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // absent counts as stale
  }
}

function git(...args: string[]): string {
  return execFileSync("git", args, { encoding: "utf8" }).trim();
}

const mostLines = 10;
const longest = 1_200;

/**
 * Why a build failed, in plain progress: what the builder says last, and what the step that failed had said. Without
 * that, "exit code: 1" is all there is.
 */
export function buildWords(stdout: string, stderr: string): string {
  const last = stderr.trim().split("\n").at(-1)?.trim() ?? "";
  const said = lastOf(stepOutput(stdout));
  if (said === "") return last === "" ? lastOf(stdout.trim().split("\n")) : last;
  return last === "" ? said : `${last}, saying:\n${said}`;
}

/** The step's own lines stand between two rules, below its name, each with the seconds since its start. */
function stepOutput(text: string): string[] {
  const blocks = text.split(/^-{6}\n/m).filter(block => /^ > \[/.test(block));
  const lines = (blocks.at(-1) ?? "").trimEnd().split("\n").slice(1);
  return lines.map(line => line.replace(/^(#\d+ )?\d+\.\d+ /, "").trimEnd()).filter(line => line !== "");
}

function lastOf(lines: readonly string[]): string {
  return lines.slice(-mostLines).join("\n").slice(-longest);
}

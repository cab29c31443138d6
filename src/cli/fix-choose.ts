import { createInterface } from "node:readline";
import type { FixReport } from "../core/fix-report.ts";
import { UserError } from "../core/user-error.ts";
import { changeText } from "../reporters/fix-text.ts";
import { write } from "./output.ts";

/** @throws UserError where nobody can answer. */
export function requireTerminal(): void {
  if (process.stdin.isTTY === true && process.stderr.isTTY === true) return;
  throw new UserError(
    "--interactive asks questions, and this is no terminal.",
    "Run it in a terminal, or choose with --rule and --write.",
  );
}

/** Asks for each fix. Gives the fingerprints of those that were taken; `q` leaves out the rest. */
export async function chooseFixes({ changes }: FixReport, color: boolean): Promise<Set<string>> {
  const chosen = new Set<string>();
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  // One reader for all questions: what is typed ahead answers the next one.
  const answers = prompt[Symbol.asyncIterator]();
  try {
    for (const [index, change] of changes.entries()) {
      write(process.stderr, `${changeText(change, { color, width: process.stderr.columns })}\n`);
      const answer = await ask(answers, `Make this change (${index + 1} of ${changes.length})? [y, n, q] `);
      // Ctrl-D: nothing is chosen.
      if (answer === undefined) return new Set();
      if (answer === "q") break;
      if (answer === "y") chosen.add(change.finding.fingerprint);
    }
  } finally {
    prompt.close();
  }
  return chosen;
}

async function ask(answers: AsyncIterator<string>, question: string): Promise<"y" | "n" | "q" | undefined> {
  for (;;) {
    write(process.stderr, question);
    const { value, done } = await answers.next();
    if (done) return undefined;
    const first = String(value).trim().toLowerCase()[0];
    if (first === "y" || first === "n" || first === "q") return first;
    write(process.stderr, "y: make it, n: leave it, q: leave it and all that follow.\n");
  }
}

import type { Evidence, Severity } from "../../core/finding.ts";
import type { Problem } from "../../core/problem.ts";
import type { Heredoc, ShellScript } from "../../formats/shell.ts";
import { evidence } from "../../stack/query.ts";
import { callerName, isWorkstationCall } from "../../stack/query-scripts.ts";
import type { PlacedCall, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const fatal = /^(No \S+ ends what begins here|This (quote|parenthesis) is never closed)$/;
const endless = /^The here-document that begins with \S+ never ends$/;
const shells = new Set(["sh", "bash", "dash", "ash"]);

export default defineRule({
  id: "scripts/syntax",
  title: "Shell scripts and steps can be read to their end",
  claim: "failure-is-noticed",
  severity: "high",
  why: "The shell refuses the script, or takes the rest of it for text: the commands after that place never run.",
  *check(stack) {
    for (const { script, placed, file } of units(stack)) {
      const heredocs = script.problems.filter(problem => endless.test(problem.message));
      const errors = script.problems.filter(problem => fatal.test(problem.message));
      const [first, ...more] = [...heredocs, ...errors];
      if (!first) continue;
      const lookalike = lookalikeOf(script);
      const places: Evidence[] = more.map(problem => evidence(problem.at, shown(problem)));
      if (lookalike) places.unshift(evidence(lookalike, "meant to end it, but not at the start of the line"));
      const consequence =
        errors.length > 0
          ? "the shell refuses to run it"
          : "everything after that place is taken for text, not run";
      yield {
        subject: placed && placed.caller.kind !== "script" ? callerName(placed) : file,
        message: `${placed ? callerName(placed) : file} cannot be read to its end: ${consequence}.`,
        evidence: [evidence(first.at, shown(first)), ...places],
        severity: placed ? severityOf(stack, placed) : "medium",
      };
    }
  },
});

function severityOf(stack: Stack, placed: PlacedCall): Severity {
  const { file, name } = placed.caller;
  const ships = stack.calls.some(
    other => other.deploys && other.caller.file === file && other.caller.name === name,
  );
  return ships ? "high" : isWorkstationCall(placed) ? "low" : "medium";
}

interface Unit {
  readonly script: ShellScript;
  readonly file: string;
  readonly placed?: PlacedCall;
}

/** Script files and steps of workflows; not what they hand to other shells. */
function units(stack: Stack): Unit[] {
  const list: Unit[] = stack.scripts
    .filter(script => script.script.problems.length > 0 && shells.has(script.interpreter ?? "bash"))
    .map(script => {
      const placed = stack.calls.find(({ caller }) => caller.script === script);
      return { script: script.script, file: script.file, ...(placed ? { placed } : {}) };
    });
  const seen = new Set<ShellScript>();
  for (const placed of stack.calls) {
    const { script, via } = placed.call;
    if (placed.caller.kind !== "workflow" || via !== undefined || seen.has(script)) continue;
    seen.add(script);
    if (script.problems.length > 0) list.push({ script, file: placed.caller.file, placed });
  }
  return list;
}

function shown(problem: Problem): string {
  if (endless.test(problem.message)) return "this here-document never ends";
  if (problem.message.startsWith("No ")) return problem.message.replace(/^No/, "no");
  return problem.message.replace(/^This/, "this");
}

function lookalikeOf(script: ShellScript): Heredoc["lookalike"] {
  const heredocs = [...script.commands, ...script.constructs].flatMap(command =>
    command.redirects.flatMap(redirect => redirect.heredoc ?? []),
  );
  return heredocs.find(heredoc => !heredoc.terminated)?.lookalike;
}

import type { Evidence, Severity } from "../../core/finding.ts";
import type { Problem } from "../../core/problem.ts";
import type { Heredoc, ShellScript } from "../../formats/shell.ts";
import { evidence } from "../../stack/query.ts";
import { callerName, isWorkstationCall } from "../../stack/query-scripts.ts";
import { brokenUnits } from "../../stack/shell-units.ts";
import type { PlacedCall, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "scripts/syntax",
  title: "Shell scripts and steps can be read to their end",
  claim: "failure-is-noticed",
  severity: "high",
  why: "The shell refuses the script, or takes the rest of it for text: the commands after that place never run.",
  *check(stack) {
    for (const { script, placed, file, endless, fatal } of brokenUnits(stack)) {
      const [first, ...more] = [...endless, ...fatal];
      if (!first) continue;
      const lookalike = lookalikeOf(script);
      const places: Evidence[] = more.map(problem => evidence(problem.at, shown(problem)));
      if (lookalike) places.unshift(evidence(lookalike, "meant to end it, but not at the start of the line"));
      const consequence =
        fatal.length > 0
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

function shown(problem: Problem): string {
  if (problem.message.startsWith("The here-document")) return "this here-document never ends";
  if (problem.message.startsWith("No ")) return problem.message.replace(/^No/, "no");
  return problem.message.replace(/^This/, "this");
}

function lookalikeOf(script: ShellScript): Heredoc["lookalike"] {
  const heredocs = [...script.commands, ...script.constructs].flatMap(command =>
    command.redirects.flatMap(redirect => redirect.heredoc ?? []),
  );
  return heredocs.find(heredoc => !heredoc.terminated)?.lookalike;
}

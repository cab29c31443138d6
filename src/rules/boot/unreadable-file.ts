import type { Severity } from "../../core/finding.ts";
import type { Problem } from "../../core/problem.ts";
import { evidence, weigh } from "../../stack/query.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/unreadable-file",
  title: "Compose and the pipeline can read their files",
  claim: "boots-healthy",
  severity: "critical",
  why: "A file with one mistake in its form is refused as a whole: no service of it starts, no job of it runs, and what ran before goes on as it is.",
  *check(stack) {
    const first = new Map<string, Problem>();
    for (const problem of stack.problems)
      if (problem.refused && !first.has(problem.at.file)) first.set(problem.at.file, problem);
    const told = new Set<string>();
    for (const project of stack.projects)
      for (const file of project.files) {
        const problem = first.get(file);
        if (!problem || told.has(file)) continue;
        told.add(file);
        yield violation("Compose", problem, weigh(project, "critical"));
      }
    for (const { file, platform } of stack.workflows) {
      const problem = platform === "github" ? first.get(file) : undefined;
      if (!problem || told.has(file)) continue;
      told.add(file);
      yield violation("GitHub", problem, releases(stack, file) ? "high" : "medium");
    }
  },
});

function violation(program: string, { at, message, hint }: Problem, severity: Severity) {
  const what = message.replace(/^Not valid YAML: /, "").replace(/: Compose refuses the file\.?$/, "");
  return {
    subject: at.file,
    message: `${program} refuses ${at.file}: it is no valid ${program === "Compose" ? "Compose file" : "workflow"} from here on (${what}).${hint ? ` ${hint}` : ""}`,
    severity,
    evidence: [evidence(at, "is refused here")] as const,
  };
}

/** What could be read of it changes a server, or its name says so. */
function releases(stack: Stack, file: string): boolean {
  return (
    /deploy|release|prod|publish/i.test(file) ||
    stack.calls.some(({ caller, deploys }) => deploys && caller.file === file)
  );
}

import type { Step } from "../../artifacts/workflow.ts";
import { contextsOf } from "../../artifacts/workflow.ts";
import type { Evidence } from "../../core/finding.ts";
import { allCommands, expansionsOf, type ShellScript } from "../../formats/shell.ts";
import { isDeployJob } from "../../stack/deploy-jobs.ts";
import { evidence, listNames, listPlain } from "../../stack/query.ts";
import { defineRule } from "../rule.ts";

/** Kinds of secrets in which quotes, dollars and line ends are usual; tokens and PEM keys have none. */
const anyText = /PASS|SECRET|DATABASE_URL|DSN|CREDENTIAL|DOTENV|ENV_FILE|(?:^|_)ENV$/;

export default defineRule({
  id: "secrets/pasted-into-shell",
  title: "Secrets reach deploy scripts as variables, not as text",
  claim: "no-secret-leaks",
  severity: "medium",
  why: "The value becomes part of the script before a shell reads it: a dollar, a quote or a backquote in a password changes the value or is executed.",
  *check(stack) {
    // Workflows that paste the same secret are one habit.
    const habits = new Map<string, { readonly files: string[]; readonly places: Evidence[] }>();
    for (const workflow of stack.workflows) {
      const places = new Map<number, Evidence>();
      const names = new Set<string>();
      for (const job of workflow.jobs) {
        for (const step of job.steps) {
          if (!isDeployJob(workflow, job) && step.remoteScript === undefined) continue;
          for (const { name, at, heredoc } of pasted(step)) {
            names.add(name);
            const shows = heredoc ? "the shell expands this heredoc" : "becomes text of the script";
            places.set(at.span.start, evidence(at, shows));
          }
        }
      }
      if (places.size === 0) continue;
      const key = `${names.size === 1 ? "the secret" : "the secrets"} ${listNames([...names].sort())}`;
      const habit = habits.get(key) ?? { files: [], places: [] };
      habits.set(key, habit);
      habit.files.push(workflow.file);
      habit.places.push(
        ...[...places.entries()].sort(([one], [other]) => one - other).map(([, each]) => each),
      );
    }
    for (const [secrets, { files, places }] of habits) {
      const [first, ...rest] = places;
      yield {
        subject: files[0]!,
        message: `${files.length === 1 ? "The deployment" : "The deployments"} in ${listPlain(files)} ${files.length === 1 ? "pastes" : "paste"} ${secrets} into the text of a script.`,
        evidence: [first!, ...rest],
      };
    }
  },
});

function* pasted(step: Step) {
  const scripts = new Set<ShellScript>(step.calls.map(call => call.script));
  if (step.run?.script) scripts.add(step.run.script);
  if (step.remoteScript) scripts.add(step.remoteScript);
  for (const script of scripts) {
    for (const { command } of allCommands(script)) {
      const heredocs = new Set(command.redirects.flatMap(redirect => redirect.heredoc?.parts ?? []));
      for (const part of expansionsOf(command)) {
        if (part.kind !== "expression") continue;
        const secret = contextsOf(part.text).find(context => context.startsWith("secrets."));
        const name = secret?.slice("secrets.".length);
        if (name && anyText.test(name)) yield { name, at: part.at, heredoc: heredocs.has(part) };
      }
    }
  }
}

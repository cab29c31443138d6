import { secretsAsFiles } from "../../remedies/secret-file.ts";
import { evidence, listNames } from "../../stack/query.ts";
import { deployedProjects, secretVariables, usesSecretFiles } from "../../stack/query-policies.ts";
import { defineRule } from "../rule.ts";

const mostPlaces = 8;

export default defineRule({
  id: "secrets/in-environment",
  title: "Secrets reach containers as files",
  claim: "no-secret-leaks",
  severity: "low",
  why: "A variable is shown by `docker inspect`, is inherited by every process that the program starts, and ends up in error reports that list the environment.",
  *check(stack) {
    for (const { project, services } of deployedProjects(stack)) {
      const variables = secretVariables(services);
      if (variables.length === 0) continue;
      if (usesSecretFiles(project)) {
        const [secret] = project.secrets;
        if (secret) yield { subject: project.name, kept: evidence(secret.at, "a secret that is a file") };
        continue;
      }
      const names = [...new Set(variables.map(variable => variable.name))];
      const places = new Map(
        variables.map(variable => [`${variable.at.file}:${variable.at.span.start}`, variable]),
      );
      yield {
        subject: project.name,
        message: `Project "${project.name}" hands ${listNames(names)} to its containers as variables; none of its secrets is a file.`,
        evidence: [...places.values()]
          .slice(0, mostPlaces)
          .map(variable => evidence(variable.at, "a secret in the environment")),
        // Who can ask the engine is root on a server of one team.
        confidence: "possible",
        fix: () => secretsAsFiles(stack, project, services),
      };
      return;
    }
  },
});

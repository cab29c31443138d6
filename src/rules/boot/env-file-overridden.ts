import { isSecretName } from "../../formats/secret.ts";
import { evidence, isStore, listNames, serverServices, weigh } from "../../stack/query.ts";
import { overriddenVariables } from "../../stack/query-overridden.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/env-file-overridden",
  title: "What an env file says reaches its container",
  claim: "configured-completely",
  severity: "high",
  why: "Compose fills `${...}` from its own .env and from the shell, never from `env_file`; what it does not find becomes an empty text, and `environment` wins over the file that has the value.",
  *check(stack) {
    for (const service of serverServices(stack)) {
      const found = overriddenVariables(stack, service);
      const [first, ...more] = found;
      if (!first) continue;
      const names = found.map(each => each.variable.name);
      const file = first.use.path.value;
      const shown = first.ofOthers ? "is empty" : "is empty, and wins over the file";
      const grave = isStore(service) || names.some(name => isSecretName(name));
      yield {
        subject: service.name,
        message: `"${service.name}" gets empty texts for ${listNames(names)}: Compose looks for them in .env and in the shell, and does not take what ${file} says.`,
        severity: weigh(service, grave ? "high" : "medium"),
        confidence: "likely",
        evidence: [
          evidence(first.variable.at, shown),
          ...more.map(each => evidence(each.variable.at, shown)),
          evidence(first.use.path.at, "has the value"),
        ],
      };
    }
  },
});

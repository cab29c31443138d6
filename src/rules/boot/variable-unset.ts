import { documentVariables, setByHand } from "../../remedies/env-example.ts";
import { evidence, gradeOf, listNames, serverServices, weigh } from "../../stack/query.ts";
import { unnamedEnvFiles } from "../../stack/query-env-named.ts";
import {
  bare,
  guardedNames,
  isDocumented,
  lacksValue,
  namesIn,
  passwordOfCommand,
  refusesEmpty,
} from "../../stack/query-unset.ts";
import type { Reference } from "../../stack/resolve/interpolate.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/variable-unset",
  title: "Compose stops when a credential is not set",
  claim: "configured-completely",
  severity: "medium",
  why: "Compose puts an empty text in place of a variable that is not set, with a warning: the stack is deployed with an empty key, user or password.",
  *check(stack) {
    for (const project of stack.projects) {
      if (gradeOf(project) === "development") continue;
      const services = serverServices(stack).filter(service => service.project === project);
      const guarded = guardedNames(stack, project);
      // That a command forgets the file which has them is told by itself.
      const forgotten = new Set(
        unnamedEnvFiles(stack)
          .filter(each => each.project === project)
          .flatMap(({ asked }) => asked.map(({ name }) => name)),
      );
      const asked = services.flatMap(service => passwordOfCommand(service, project.lookup));
      const references = unique([
        ...services.flatMap(service =>
          service.environment.flatMap(variable =>
            variable.from === "environment" ? bare(service, variable) : [],
          ),
        ),
        ...asked.map(each => each.reference),
      ]).filter(
        ({ name }) => project.lookup(name) === undefined && !guarded.has(name) && !forgotten.has(name),
      );
      const [first, ...rest] = references.map(each =>
        evidence(
          each.at,
          asked.find(({ reference }) => reference.at === each.at)?.shows ??
            "empty when the variable is not set",
        ),
      );
      if (!first) continue;
      const names = [...new Set(references.map(each => each.name))];
      const refused = new Set(services.filter(refusesEmpty).flatMap(namesIn));
      const documented = names.every(name => isDocumented(stack, name) || refused.has(name));
      yield {
        subject: project.files.join(", "),
        message: `${listNames(names)} ${names.length === 1 ? "is" : "are"} used without a check, so the stack also starts with ${names.length === 1 ? "an empty value" : "empty values"}.`,
        evidence: [first, ...rest],
        severity: weigh(
          project,
          documented ? "low" : lacksValue(stack, project, asked, names) ? "high" : "medium",
        ),
        fix: () => ({
          title: "Refuse to start without the variable",
          grade: "needs-testing",
          edits: [
            ...references.map(({ at, name }) => ({ at, text: `\${${name}:?set ${name}}` })),
            ...documentVariables(
              stack,
              project,
              names
                .filter(name => !isDocumented(stack, name))
                .map(name => ({ name, says: "Required: Compose stops without a value" })),
            ),
          ],
          test: "Run `docker compose config -q` on the server: it must pass there, and stop where one of them is not set.",
          afterwards: setByHand(stack, project, names),
        }),
      };
    }
  },
});

function unique(references: readonly Reference[]): Reference[] {
  const seen = new Map(references.map(each => [`${each.at.file}:${each.at.span.start}`, each]));
  return [...seen.values()].sort(
    (a, b) => a.at.file.localeCompare(b.at.file) || a.at.span.start - b.at.span.start,
  );
}

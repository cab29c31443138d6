import type { Edit } from "../../core/fix.ts";
import { addTo } from "../../core/group.ts";
import { dirname } from "../../core/path.ts";
import { isSecretName } from "../../formats/secret.ts";
import { offer } from "../../remedies/offer.ts";
import { evidence, isOptional, isStore, listNames, weigh } from "../../stack/query.ts";
import { oncePerPlace } from "../../stack/query-process.ts";
import type { Reference } from "../../stack/resolve/interpolate.ts";
import type { ComposeProject, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

interface Use {
  readonly reference: Reference;
  readonly service: Service;
}

export default defineRule({
  id: "boot/variable-default-mismatch",
  title: "A variable has one default in the whole project",
  claim: "configured-completely",
  severity: "medium",
  why: "While the variable is not set, the services disagree: one creates a database or a user that the other does not ask for.",
  *check(stack) {
    const first = oncePerPlace();
    for (const project of stack.projects.toSorted((a, b) => rank(a) - rank(b))) {
      for (const [name, uses] of usesOf(project)) {
        const shared =
          uses.some(use => isStore(use.service)) && new Set(uses.map(use => use.service)).size > 1;
        const values = new Set(uses.map(use => use.reference.argument ?? ""));
        if (!shared || values.size < 2 || project.lookup(name) !== undefined) continue;
        // A file that takes part in two projects has its mistakes once.
        if (!first(uses[0]!.reference.at) || isShown(stack, project, name)) continue;
        const places = uses.map(({ reference }) =>
          evidence(reference.at, reference.operator ? "one default" : "empty when it is not set"),
        );
        const services = [...new Set(uses.map(use => use.service.name))];
        yield {
          subject: `${project.files.join(", ")} ${name}`,
          message: `${name} has different values in ${listNames(services)} while nobody sets it.`,
          evidence: places,
          severity: weigh(project, "medium"),
          fix: () =>
            offer(
              {
                title: `Give ${name} one default`,
                grade: "needs-testing",
                test: `Run \`docker compose config\` without ${name}: it has the same value everywhere, and a volume that exists was created with it.`,
              },
              sameDefault(name, uses),
            ),
        };
      }
    }
  },
});

/** The form beside the Compose file gives it one value: whoever fills in a copy has set it. */
function isShown(stack: Stack, { directory }: ComposeProject, name: string): boolean {
  return stack.envFiles.some(
    ({ file, role, entries }) =>
      role === "example" &&
      dirname(file) === directory &&
      entries.some(entry => entry.name.value === name && entry.value.value !== ""),
  );
}

/** The store's default for all: it created what the others ask for. Undefined for secrets, which need no default at all. */
function sameDefault(name: string, uses: readonly Use[]): Edit[] | undefined {
  if (isSecretName(name)) return undefined;
  const inStores = uses.filter(use => isStore(use.service) && use.reference.argument);
  const given = inStores.length > 0 ? inStores : uses.filter(use => use.reference.argument);
  const values = new Set(given.map(use => use.reference.argument!));
  const [value] = values;
  if (value === undefined || values.size > 1 || value.includes("$")) return undefined;
  return uses
    .filter(use => use.reference.argument !== value)
    .map(({ reference }) => ({ at: reference.at, text: `\${${name}:-${value}}` }));
}

function rank({ grade }: ComposeProject): number {
  return ["deployed", "presumed", "staging", "development"].indexOf(grade);
}

/** Plain uses and defaults; where one place insists on the variable, the defaults do not matter. */
function usesOf(project: ComposeProject): Map<string, Use[]> {
  const found = new Map<string, Use[]>();
  const required = new Set<string>();
  for (const service of project.services) {
    if (isOptional(service)) continue;
    for (const { value, from } of service.environment) {
      if (from !== "environment") continue;
      for (const reference of value?.references ?? []) {
        const { operator, name } = reference;
        if (operator === ":?" || operator === "?") required.add(name);
        else if (operator === undefined || operator === ":-" || operator === "-")
          addTo(found, name, { reference, service });
      }
    }
  }
  for (const name of required) found.delete(name);
  return found;
}

import { evidence, gradeOf, listNames, weigh } from "../../stack/query.ts";
import { ambient } from "../../stack/query-ambient.ts";
import { connectionGaps } from "../../stack/query-connections.ts";
import { componentReads, givenVariables, isMentioned } from "../../stack/query-environment.ts";
import type { Service, Stack, Variable } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/variable-never-read",
  title: "Every variable that Compose sets is read",
  claim: "configured-completely",
  severity: "low",
  why: "Somebody believes that the variable configures something: a misspelt name or a removed feature looks like a working setting.",
  *check(stack) {
    const told = new Set<string>();
    for (const service of stack.services) {
      if (gradeOf(service) === "development") continue;
      const unread = unreadOf(stack, service).filter(
        each => !told.has(`${service.component!.dir} ${each.name}`),
      );
      if (unread.length === 0) continue;
      for (const { name } of unread) told.add(`${service.component!.dir} ${name}`);
      const names = unread.map(each => each.name);
      const places = unread.map(each => evidence(each.at, "read by nothing"));
      yield {
        subject: service.name,
        message: `Service "${service.name}" is given ${listNames(names)}, which its code never reads.`,
        evidence: places,
        severity: weigh(service, "low"),
        confidence: "likely",
      };
    }
  },
});

/** Set in the Compose file itself: an env file may be shared by several programs. */
function unreadOf(stack: Stack, service: Service): Variable[] {
  const { component, model } = service;
  if (!component || !model || model.facts?.kind !== "runtime") return [];
  const { names, wildcards, complete } = componentReads(stack, component);
  if (!complete || wildcards.some(each => each.prefix === undefined) || names.size === 0) return [];
  const reported = connectionGaps(stack).flatMap(gap => (gap.service === service ? gap.variables : []));
  const commands = [service.command?.text, service.entrypoint?.text, service.healthcheck?.command?.text].join(
    " ",
  );
  // Django looks at no DATABASE_URL by itself; ORMs of other languages do.
  const isAmbient = (name: string) =>
    ambient.test(name) || (name === "DATABASE_URL" && component.kind !== "django");
  return givenVariables(service).filter(variable => {
    const { name } = variable;
    if (variable.from !== "environment" || names.has(name) || isAmbient(name) || name.includes("__"))
      return false;
    if (reported.includes(variable) || commands.includes(name)) return false;
    if (wildcards.some(each => each.prefix !== undefined && name.startsWith(each.prefix))) return false;
    return !isMentioned(stack, component, name);
  });
}

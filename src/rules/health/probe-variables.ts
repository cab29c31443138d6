import { probeTest } from "../../remedies/probe.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import type { Interpolated, Reference } from "../../stack/resolve/interpolate.ts";
import { scalarValue } from "../../stack/resolve/values.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "health/probe-variables",
  title: "A health check gets the values that its service gets",
  claim: "health-is-truthful",
  severity: "medium",
  why: "Compose fills the variable with nothing, so the check asks for something else than what the service runs with.",
  *check(stack) {
    const first = oncePerPlace();
    for (const service of worstFirst(stack.services)) {
      for (const reference of checkReferences(service)) {
        if (reference.operator || setOnHost(stack, service, reference.name)) continue;
        const undoubled = containerOnly(service, reference);
        const fallback = undoubled ? undefined : fallbackElsewhere(service, reference.name);
        if ((!undoubled && !fallback) || !first(reference.at)) continue;
        const { name } = reference;
        const says = undoubled
          ? `reads ${name} with a single $, which Compose replaces on the host, where nothing sets it: the check runs with an empty value.`
          : `uses ${name} without the default that the service itself falls back to: the two differ while it is not set.`;
        const written = stack.sources
          .get(reference.at.file)
          ?.text.slice(reference.at.span.start, reference.at.span.end);
        const text = undoubled
          ? written?.startsWith("$") && `$${written}`
          : fallback && `\${${name}${fallback.operator}${fallback.argument}}`;
        yield {
          subject: service.name,
          message: `The health check of "${service.name}" ${says}`,
          severity: weigh(service, undoubled ? "medium" : "low"),
          evidence: [
            evidence(
              reference.at,
              undoubled ? "Compose replaces this before the container sees it" : "no default here",
            ),
            undoubled
              ? evidence(undoubled, `${name} is set in the container only`)
              : evidence(fallback!.at, "a default here"),
          ],
          fix: () =>
            text
              ? {
                  title: undoubled
                    ? `Let the container fill in ${name}`
                    : `Give ${name} the service's default`,
                  grade: "needs-testing",
                  edits: [{ at: reference.at, text }],
                  test: probeTest([service.name]),
                }
              : undefined,
        };
      }
    }
  },
});

function checkReferences(service: Service): readonly Reference[] {
  const check = service.get("healthcheck", "test");
  if (service.healthcheck?.from !== "compose" || !check) return [];
  if (check.kind !== "seq") return service.text("healthcheck", "test")?.references ?? [];
  return check.items.flatMap(item => scalarValue(item, service.project.lookup)?.references ?? []);
}

function setOnHost(stack: Stack, service: Service, name: string): boolean {
  return (
    service.project.lookup(name) !== undefined ||
    stack.envFiles.some(
      file => /(^|\/)\.?env/.test(file.file) && file.entries.some(entry => entry.name.value === name),
    )
  );
}

/** Where the container gets a literal value of this name, when the project never takes it from the host. */
function containerOnly(service: Service, reference: Reference) {
  const own = service.environment.find(each => each.name === reference.name);
  if (!own?.value || own.value.references.length > 0 || own.from === "image") return undefined;
  const elsewhere = service.project.services.some(other =>
    valuesOf(other).some(value => value.references.some(each => each.name === reference.name)),
  );
  return elsewhere ? undefined : own.at;
}

function fallbackElsewhere(service: Service, name: string): Reference | undefined {
  return valuesOf(service)
    .flatMap(value => value.references)
    .find(each => each.name === name && (each.operator === ":-" || each.operator === "-") && each.argument);
}

function valuesOf(service: Service): readonly Interpolated[] {
  return service.environment.flatMap(each => each.value ?? []);
}

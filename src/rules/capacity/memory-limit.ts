import type { Severity } from "../../core/finding.ts";
import { addTo } from "../../core/group.ts";
import { limitMemory } from "../../remedies/memory.ts";
import { evidence, isPresumed, listNames, serverServices, weigh, weighLack } from "../../stack/query.ts";
import type { Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "capacity/memory-limit",
  title: "Every service has a memory limit",
  claim: "stays-within-limits",
  severity: "medium",
  why: "When one service leaks, the kernel kills whatever it likes best on the whole machine, often the database.",
  *check(stack) {
    // A repository with many Compose files has one habit, not many defects: one finding for each severity.
    const groups = new Map<Severity, Service[]>();
    for (const service of serverServices(stack)) {
      const severity = weigh(service, "medium");
      addTo(groups, severity, service);
      if (isLimited(service)) yield { subject: service.name, kept: evidence(service.at, "memory limit") };
    }
    for (const [severity, own] of [...groups].flatMap(apart)) {
      const unlimited = own.filter(service => !isLimited(service));
      // What renews certificates or watches containers sleeps, and is nobody's first care where all others are limited.
      const open = unlimited.every(sleeps) ? [] : unlimited;
      // Overlays give a service of the base file to several projects: it stands in one place.
      const [first, ...more] = new Map(
        open.map(({ at }) => [`${at.file}:${at.span.start}`, evidence(at, "no memory limit")]),
      ).values();
      if (!first) continue;
      const projects = [...new Set(open.map(service => service.project.name))];
      yield {
        subject: projects.join(" "),
        message: message(projects, open, own),
        // Beside a server's stack the others show the same habit.
        severity: open.every(isPresumed) ? weighLack("presumed", severity) : severity,
        evidence: [first, ...more],
        fix: () => limitMemory(stack, open),
      };
    }
  },
});

/** Where a server's own stack has limits, what another one lacks that may be nobody's is no part of that habit. */
function apart([severity, all]: readonly [Severity, Service[]]): [Severity, Service[]][] {
  const own = all.filter(service => !isPresumed(service));
  return own.some(isLimited)
    ? [own, all.filter(service => isPresumed(service))].map(each => [severity, each])
    : [[severity, all]];
}

function sleeps({ kind, imageRef }: Service): boolean {
  return kind === "certificates" || /(?:^|\/)(?:[\w-]+-)?(?:autoheal|watchtower)$/.test(imageRef?.name ?? "");
}

function message(projects: readonly string[], open: readonly Service[], own: readonly Service[]): string {
  const names = listNames([...new Set(open.map(service => service.name))]);
  const has = open.length === 1 ? "has" : "have";
  if (open.length < own.length)
    return `${names} ${has} no memory limit and can use up the memory of the services that have one.`;
  if (open.length === 1) return `${names} has no memory limit and can use up the memory of the machine.`;
  return `No service of ${listNames(projects)} has a memory limit: each of ${names} can use up the memory of all.`;
}

/** Compose honours both spellings; a value with an unknown variable is still a limit. */
function isLimited(service: Service): boolean {
  return (
    service.get("mem_limit") !== undefined ||
    service.get("deploy", "resources", "limits", "memory") !== undefined
  );
}

import { filesNamed } from "../../artifacts/project-files.ts";
import type { Severity } from "../../core/finding.ts";
import { addTo } from "../../core/group.ts";
import { sourceOf } from "../../core/project-files.ts";
import type { Source } from "../../core/source.ts";
import { addPair } from "../../formats/yaml-edit.ts";
import { offer } from "../../remedies/offer.ts";
import { evidence, isPresumed, listNames, serverServices, weigh, weighLack } from "../../stack/query.ts";
import type { Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

/** Drivers that hand lines to something else, or bound what they keep by themselves. */
const unbounded = new Set(["json-file", ""]);

export default defineRule({
  id: "observe/log-rotation",
  title: "The logs of every service are bounded",
  claim: "logs-are-bounded",
  severity: "medium",
  why: "Docker's default log driver keeps every line for as long as the container lives; a talkative service fills the disk and takes the database down with it.",
  *check(stack) {
    if (filesNamed(stack.files, "daemon.json").length > 0) return;
    // A repository with many Compose files has one habit, not many defects: one finding for each severity.
    const groups = new Map<Severity, Service[]>();
    for (const project of stack.projects) {
      const own = serverServices(stack).filter(service => service.project === project);
      const open = own.filter(service => keepsAll(service));
      if (own.length > 0 && open.length === 0)
        yield { subject: project.name, kept: evidence(own[0]!.at, "every service bounds its log") };
      const severity = weigh(project, "medium");
      for (const each of open) addTo(groups, severity, each);
    }
    for (const [severity, all] of groups) {
      // Overlays give a service of the base file to several projects: it stands in one place.
      const open = [...new Map(all.map(each => [`${each.at.file}:${each.at.span.start}`, each])).values()];
      const names = [...new Set(open.map(service => service.name))];
      yield {
        subject: [...new Set(open.map(service => service.project.name))].join(" "),
        message: `Nothing bounds the ${open.length === 1 ? "log" : "logs"} of ${listNames(names)}: the default driver keeps every line that ${open.length === 1 ? "it writes" : "they write"}.`,
        // Beside a server's stack the others show the same habit.
        severity: open.every(isPresumed) ? weighLack("presumed", severity) : severity,
        evidence: places(open),
        fix: () =>
          offer(
            { title: "Rotate the logs", grade: "safe" },
            open.map(service => rotation(sourceOf(stack, service.at.file), service)),
          ),
      };
    }
  },
});

/** Json files without a size; undefined settings and unknown values count as bounded. */
function keepsAll(service: Service): boolean {
  const node = service.get("logging");
  const driver = service.text("logging", "driver");
  if (!unbounded.has(driver?.text ?? (driver ? "unknown" : ""))) return false;
  const size = service.get("logging", "options", "max-size");
  return size === undefined && (node === undefined || node.kind === "map");
}

function places(services: readonly Service[]) {
  const all = services.map(service => {
    const node = service.get("logging");
    return evidence(
      node?.at.file === service.at.file ? node.at : service.at,
      node ? "`logging` without `max-size`" : "no `logging` key",
    );
  });
  const unique = [...new Map(all.map(place => [`${place.at.file}:${place.at.span.start}`, place])).values()];
  return [unique[0]!, ...unique.slice(1)] as const;
}

function rotation(source: Source | undefined, service: Service) {
  // A service that is an alias of another one has its mapping elsewhere.
  if (!source || service.get("logging") || service.node.at.span.start < service.at.span.end) return undefined;
  return addPair(source, service.node, [
    "logging:",
    "  driver: json-file",
    "  options:",
    '    max-size: "10m"',
    '    max-file: "3"',
  ]);
}

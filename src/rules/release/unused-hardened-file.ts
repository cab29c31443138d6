import { evidence, isStore, publicPorts } from "../../stack/query.ts";
import { projectOf } from "../../stack/query-release.ts";
import type { ComposeProject, Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "release/unused-hardened-file",
  title: "The pipeline ships the Compose file that was made for the server",
  claim: "pipeline-gates",
  severity: "medium",
  why: "All care went into a file that never runs; the server runs the other one, and whoever reads the careful file believes that it is in force.",
  *check(stack) {
    const used = new Set<ComposeProject>();
    for (const placed of stack.calls) {
      const project = projectOf(stack, placed);
      if (project) used.add(project);
    }
    for (const shipped of stack.projects) {
      const { at } = shipped.because;
      if (shipped.grade !== "deployed" || !at) continue;
      const careful = stack.projects.find(
        other =>
          !used.has(other) &&
          other.grade !== "development" &&
          sameServices(shipped, other) &&
          better(other, shipped).length >= 3 &&
          better(shipped, other).length === 0,
      );
      const first = careful?.services[0];
      if (!careful || !first) continue;
      const file = careful.files.at(-1)!;
      yield {
        subject: file,
        message: `The pipeline ships ${shipped.files.at(-1)}, and nothing ships ${file}, which takes more care of the same services: ${better(careful, shipped).join(", ")}.`,
        confidence: "likely",
        evidence: [
          evidence(at, `ships ${shipped.files.at(-1)}`),
          evidence(first.at, "the more careful file is used by nothing"),
        ],
      };
    }
  },
});

/** At least half of the services of the smaller project are in both. */
function sameServices(one: ComposeProject, other: ComposeProject): boolean {
  const names = new Set(one.services.map(service => service.name));
  const shared = other.services.filter(service => names.has(service.name)).length;
  return shared >= 2 && shared * 2 >= Math.min(names.size, other.services.length);
}

const measures: readonly (readonly [string, (service: Service) => boolean])[] = [
  ["restart policies", service => service.restart !== undefined && service.restart.text !== "no"],
  ["health checks", service => service.healthcheck !== undefined && !service.healthcheck.disabled],
  ["bounded logs", service => service.get("logging") !== undefined],
  [
    "memory limits",
    service =>
      service.get("mem_limit") !== undefined || service.get("deploy", "resources", "limits") !== undefined,
  ],
  ["stores that are not published", service => isStore(service) && publicPorts(service).length === 0],
  [
    "no source code mounted over the image",
    service =>
      !(service.build && service.mounts.some(mount => mount.type === "bind" && mount.exists === "directory")),
  ],
];

/** What one project does for a clearly larger part of its services than the other. */
function better(one: ComposeProject, other: ComposeProject): string[] {
  const part = ({ services }: ComposeProject, holds: (service: Service) => boolean) =>
    services.filter(holds).length / Math.max(services.length, 1);
  return measures.flatMap(([name, holds]) => (part(one, holds) >= part(other, holds) + 0.3 ? [name] : []));
}

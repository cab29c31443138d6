import { addTo } from "../../core/group.ts";
import type { Location } from "../../core/source.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import { startedInContainer, startedInPipeline } from "../../stack/query-executable.ts";
import { oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import { callerName } from "../../stack/query-scripts.ts";
import type { Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "scripts/executable",
  title: "Every script that is started as a program may be started",
  claim: "boots-healthy",
  severity: "high",
  why: 'The kernel refuses it with "permission denied": the container ends at once, again after every restart, or the job of the pipeline does. On Windows nobody sees it, because Docker gives all files the right there.',
  *check(stack) {
    const first = oncePerPlace();
    const told = new Set<string>();
    // Files of one project that came without the right are one habit.
    const groups = new Map<string, { service: Service; path: string; at: Location }[]>();
    for (const service of worstFirst(stack.services)) {
      const found = startedInContainer(stack, service);
      if (!found || told.has(found.path) || !first(found.at)) continue;
      told.add(found.path);
      const key = service.project.files.join("\n");
      addTo(groups, key, { service, ...found });
    }
    for (const group of groups.values()) {
      const { service, path } = group[0]!;
      const names = listNames(group.map(each => each.service.name));
      const [place, ...more] = group.map(({ at }) => evidence(at, "is started as a program"));
      yield {
        subject: `${service.name} ${path}`,
        message:
          group.length === 1
            ? `${names} starts ${path} as a program, and git keeps that file without the right to be started: "permission denied".`
            : `${names} start scripts as programs, and git keeps these files without the right to be started: "permission denied".`,
        severity: weigh(service, "high"),
        evidence: [place!, ...more],
      };
    }
    for (const { path, at, placed } of startedInPipeline(stack)) {
      if (!first(at)) continue;
      yield {
        subject: `${placed.caller.file} ${path}`,
        message: `${callerName(placed)} starts ${path} as a program, and git keeps that file without the right to be started: the job ends there with "permission denied".`,
        severity: placed.deploys ? "high" : "medium",
        evidence: [evidence(at, "is started as a program")],
      };
    }
  },
});

import type { Evidence } from "../../core/finding.ts";
import { addTo } from "../../core/group.ts";
import { linuxLineEnds } from "../../remedies/line-ends.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import {
  isCheckoutOfWindows,
  startedByJobs,
  startedByService,
  type WindowsScript,
} from "../../stack/query-line-ends.ts";
import { oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import { callerName } from "../../stack/query-scripts.ts";
import type { Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/line-ends",
  title: "Scripts that run on Linux end their lines as Linux does",
  claim: "boots-healthy",
  severity: "critical",
  why: 'The kernel looks for a program called "sh\\r" and answers "no such file or directory" though the file is there; a shell that is handed the script stumbles over every line.',
  *check(stack) {
    const files = new Map<string, (WindowsScript & { service: Service })[]>();
    for (const service of worstFirst(stack.services)) {
      const found = startedByService(stack, service);
      if (found) addTo(files, found.path, { ...found, service });
    }
    // Windows makes such lines of a checkout, and git may keep the right ones.
    const confidence = isCheckoutOfWindows(stack) ? "possible" : "certain";
    for (const [path, group] of files) {
      const { service, isProgram } = group[0]!;
      const names = listNames(group.map(each => each.service.name));
      yield {
        subject: `${service.name} ${path}`,
        message: `${names} ${group.length === 1 ? "starts" : "start"} ${path}, whose lines end as on Windows: ${isProgram ? 'the container ends with "no such file or directory"' : "the shell takes the sign at their ends for a part of every command"}.`,
        severity: weigh(service, "critical"),
        confidence,
        evidence: places(group),
        fix: () => linuxLineEnds(stack, path),
      };
    }
    const told = new Set(files.keys());
    for (const found of startedByJobs(stack)) {
      const { path, placed } = found;
      if (told.has(path)) continue;
      told.add(path);
      yield {
        subject: `${placed.caller.file} ${path}`,
        message: `${callerName(placed)} runs ${path}, whose lines end as on Windows: the job ends there.`,
        severity: placed.deploys ? "high" : "medium",
        confidence,
        evidence: places([found]),
        fix: () => linuxLineEnds(stack, path),
      };
    }
  },
});

function places(group: readonly WindowsScript[]): Evidence[] {
  const first = oncePerPlace();
  return [
    evidence(group[0]!.head, "ends as on Windows, as all lines here"),
    ...group
      .map(({ at }) => at)
      .filter(first)
      .map(at => evidence(at, "is started here")),
  ];
}

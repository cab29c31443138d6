import type { Call } from "../../artifacts/commands.ts";
import { inside } from "../../core/path.ts";
import { evidence } from "../../stack/query.ts";
import { filesWritten } from "../../stack/query-backup-names.ts";
import {
  callerName,
  carriesDump,
  isDump,
  isWorkstationCall,
  servicesInside,
} from "../../stack/query-scripts.ts";
import type { PlacedCall, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "data/backup-inside",
  title: "A backup leaves the container that it is made in",
  claim: "backup-restores",
  severity: "high",
  why: "A file in the container is gone with it: the next release, or the very loss that the backup is for, deletes data and backup together.",
  *check(stack) {
    const told = new Set<string>();
    for (const placed of stack.calls) {
      const { call, caller } = placed;
      if (!call.inside || !(isDump(call) || carriesDump(call)) || told.has(caller.file)) continue;
      const services = servicesInside(stack, placed);
      if (services.length === 0 || services.some(service => service.project.grade === "development"))
        continue;
      // A redirect of the outer command writes on the server.
      const within = call.via === "exec" ? { ...placed, call: { ...call, writes: [] } } : placed;
      const file = filesWritten(within).find(each => each.directory.startsWith("/"));
      if (
        !file ||
        file.directory.includes("*") ||
        !services.every(service => isFleeting(service, file.directory))
      )
        continue;
      if (isCarriedOut(stack, placed)) continue;
      told.add(caller.file);
      yield {
        subject: `${caller.file}: ${services[0]!.name}`,
        message: `${callerName(placed)} writes its backup to ${file.directory} inside the container of "${services[0]!.name}", where nothing is mounted, and nothing takes it out.`,
        severity: isWorkstationCall(placed) ? "low" : "high",
        evidence: [
          evidence(file.at, "a path of the container"),
          evidence(services[0]!.at, `no volume at ${file.directory}`),
        ],
      };
    }
  },
});

function isFleeting({ mounts }: Service, directory: string): boolean {
  return !mounts.some(mount => mount.type !== "tmpfs" && inside(mount.target, directory) !== undefined);
}

/** The same script, or one that it calls, copies files out of a container, or reads them there. */
function isCarriedOut(stack: Stack, { caller, call }: PlacedCall): boolean {
  const beside = stack.calls.filter(other => other.caller.file === caller.file);
  return beside.some(
    other =>
      copiesOut(other.call) ||
      (other.call.inside !== undefined &&
        other.call !== call &&
        /^(?:cat|tar|aws|rclone|scp|rsync|curl|gzip|zcat)$/.test(other.call.name)) ||
      (other.call.kind === "program" && other.call.runs === "script"),
  );
}

function copiesOut(call: Call): boolean {
  if (call.kind === "compose") return call.subcommand === "cp";
  return call.kind === "docker" && /^(?:container )?cp$/.test(call.verb);
}

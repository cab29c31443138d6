import { type Severity, severities } from "../../core/finding.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import { places } from "../../stack/query-build.ts";
import { type DroppedCommand, droppedCommand, entryScript } from "../../stack/query-entry-script.ts";
import type { Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/command-handed-on",
  title: "Every service runs the command that it is given",
  claim: "boots-healthy",
  severity: "high",
  why: "The container is up and looks well, and runs another program: jobs wait in a queue that nobody works through, and nothing reports it.",
  *check(stack) {
    const found = new Map<string, { services: Service[]; dropped: DroppedCommand[] }>();
    for (const service of stack.services) {
      const entry = service.command && entryScript(stack, service);
      if (!entry) continue;
      const dropped = droppedCommand(stack, service);
      if (!dropped) {
        if (/\bexec\s+"\$@"/.test(entry.text))
          yield { subject: service.name, kept: evidence(entry.at, "hands the command on") };
        continue;
      }
      const group = found.get(entry.file) ?? { services: [], dropped: [] };
      found.set(entry.file, group);
      group.services.push(service);
      group.dropped.push(dropped);
    }
    for (const [file, { services, dropped }] of found) {
      const [first, ...more] = dropped;
      const names = [...new Set(services.map(each => each.name))];
      yield {
        subject: names.join(" "),
        message: `${listNames(names)} never ${names.length === 1 ? "runs its command" : "run their commands"}: the entry point ${file} hands nothing on, and runs ${first!.runs.name} instead.`,
        evidence: [
          evidence(first!.given, "this command is not run"),
          ...more.map(({ given }) => evidence(given, "this command is not run")),
          ...places(
            dropped.map(({ entry }) => entry.at),
            `runs ${file}, which does not ask for its arguments`,
          ),
          evidence(first!.runs.at, "runs instead"),
        ],
        severity: gravestOf(services.map(service => weigh(service, "high"))),
      };
    }
  },
});

function gravestOf(all: readonly Severity[]): Severity {
  return severities.find(each => all.includes(each)) ?? "low";
}

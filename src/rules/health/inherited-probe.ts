import type { Violation } from "../../core/finding.ts";
import { sourceOf } from "../../core/project-files.ts";
import type { Location } from "../../core/source.ts";
import { addPair } from "../../formats/yaml-edit.ts";
import { offer } from "../../remedies/offer.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import { httpProbe } from "../../stack/query-health.ts";
import { runningCommand, worstFirst } from "../../stack/query-process.ts";
import { opensNoPort } from "../../stack/query-silent-programs.ts";
import { workerName } from "../../stack/query-workers.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "health/inherited-probe",
  title: "A worker is not probed as if it were the web server",
  claim: "health-is-truthful",
  severity: "high",
  why: "The worker is unhealthy for ever although it works: alerts about it are ignored, and whatever waits for it or restarts unhealthy containers breaks it.",
  *check(stack) {
    const found = new Map<string, Probed[]>();
    for (const service of worstFirst(stack.services)) {
      const check = service.healthcheck;
      if (check?.from !== "dockerfile" || service.process?.from !== "compose") continue;
      const probe = httpProbe(service);
      const running = runningCommand(service);
      if (!probe || !running) continue;
      const worker =
        workerName(running.words) ??
        (opensNoPort(stack, service) ? "a program that starts no server" : undefined);
      if (!worker) continue;
      const at = check.command?.at ?? check.at;
      const key = `${at.file}:${at.span.start}`;
      const group = found.get(key);
      const one = { service, worker, running: running.at, at, port: probe.port };
      if (!group) found.set(key, [one]);
      // The same service in two variants of a project has one command and one cause.
      else if (!group.some(each => isSame(each.running, one.running))) group.push(one);
    }
    for (const group of found.values()) yield finding(stack, group as [Probed, ...Probed[]]);
  },
});

/** A worker with the check of the web server. */
interface Probed {
  readonly service: Service;
  readonly worker: string;
  readonly running: Location;
  /** The image's check. */
  readonly at: Location;
  readonly port: number | undefined;
}

function isSame(a: Location, b: Location): boolean {
  return a.file === b.file && a.span.start === b.span.start;
}

/** One image's check is one cause, however many workers it is inherited by. */
function finding(stack: Stack, group: readonly [Probed, ...Probed[]]): Violation {
  const [{ service, worker, port, at }] = group;
  const names = [...new Set(group.map(each => each.service.name))];
  const one = names.length === 1;
  return {
    subject: names.join(" "),
    message: one
      ? `"${service.name}" runs ${worker}, which serves no HTTP, but inherits the image's health check of port ${port}: it is unhealthy for ever.`
      : `${listNames(names)} are workers, which serve no HTTP, but inherit the image's health check of port ${port}: they are unhealthy for ever.`,
    severity: weigh(service, group.some(each => isActedOn(stack, each.service)) ? "high" : "medium"),
    evidence: [
      evidence(group[0].running, `runs ${worker}`),
      ...group.slice(1).map(each => evidence(each.running, `runs ${each.worker}`)),
      evidence(at, "the image's health check asks a web server"),
    ],
    fix: () =>
      offer(
        {
          title: "Switch the image's health check off",
          grade: "needs-testing",
          test: `Start it, and see that \`docker compose ps\` no longer calls ${listNames(names)} unhealthy.`,
        },
        group.map(({ service }) => {
          const source = sourceOf(stack, service.at.file);
          return source && !service.get("healthcheck")
            ? addPair(source, service.node, ["healthcheck:", "  disable: true"])
            : undefined;
        }),
      ),
  };
}

/** Something waits for its health, or restarts what is unhealthy. */
function isActedOn(stack: Stack, service: Service): boolean {
  const { services } = service.project;
  return (
    services.some(
      other =>
        other.dependsOn.some(
          ({ service: name, condition }) => name === service.name && condition === "service_healthy",
        ) || /autoheal/.test(`${other.name} ${other.image?.text ?? ""}`),
    ) ||
    stack.calls.some(
      ({ call }) =>
        (call.kind === "docker" && call.verb.startsWith("stack deploy")) ||
        (call.kind === "compose" &&
          call.subcommand === "up" &&
          call.args.some(arg => arg.value === "--wait")),
    )
  );
}

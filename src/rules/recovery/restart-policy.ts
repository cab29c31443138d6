import type { Evidence, Severity } from "../../core/finding.ts";
import { addTo } from "../../core/group.ts";
import { basename, dirname } from "../../core/path.ts";
import { sourceOf } from "../../core/project-files.ts";
import { child, textOf } from "../../formats/yaml.ts";
import { addPair } from "../../formats/yaml-edit.ts";
import { offer } from "../../remedies/offer.ts";
import { defaultNames } from "../../stack/project-files.ts";
import { evidence, listNames, serverServices, weigh, weighLack } from "../../stack/query.ts";
import { startText } from "../../stack/query-certificates.ts";
import { isComplete, isOnlyInterpreter } from "../../stack/query-process.ts";
import { handsFilesOver } from "../../stack/query-proxy.ts";
import type { ComposeProject, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "recovery/restart-policy",
  title: "Every long-running service restarts after a crash",
  claim: "survives-kill",
  severity: "high",
  why: "After a crash, an out-of-memory kill or a reboot the service stays down until somebody notices.",
  *check(stack) {
    const swarm = stack.calls.some(
      ({ call }) => call.kind === "docker" && call.verb.startsWith("stack deploy"),
    );
    const lacking: { project: ComposeProject; bare: readonly Service[]; severity: Severity }[] = [];
    for (const project of stack.projects) {
      const services = serverServices(stack).filter(
        service =>
          service.project === project &&
          isComplete(service) &&
          !isOnlyInterpreter(service) &&
          (service.kind !== "certificates" || renewing.test(startText(service))) &&
          !isTrial(service) &&
          !handsFilesOver(stack, service),
      );
      const bare: Service[] = [];
      for (const service of services) {
        const state = policyOf(service, swarm || isForSwarm(project));
        if (state === "absent") bare.push(service);
        else if (state) yield { subject: service.name, kept: state };
      }
      // Who has some of them restart has forgotten the others.
      const weight = bare.length < services.length ? weigh : weighLack;
      const severity = weight(project, bare.every(isAside) ? "medium" : "high");
      if (bare.length > 0) lacking.push({ project, bare, severity });
    }
    for (const group of sideBySide(lacking)) {
      const [{ project, severity }] = group as [(typeof lacking)[number]];
      const bare = group.flatMap(each => each.bare);
      const names = [...new Set(bare.map(service => service.name))];
      const [verb, stay] = names.length === 1 ? ["has", "stays"] : ["have", "stay"];
      const where = group.length === 1 ? "" : ` in ${group.length} stacks`;
      yield {
        subject: project.name,
        message: `${listNames(names)}${where} ${stay} down after a crash or a reboot: ${names.length === 1 ? "it" : "they"} ${verb} no restart policy.`,
        severity,
        evidence: bare.map(service => evidence(service.at, "no `restart` key")) as [Evidence],
        // Whether it is on a server is a guess, and a policy would settle it: the next audit takes the file for a server's.
        ...(project.grade === "presumed"
          ? {}
          : {
              fix: () =>
                offer(
                  { title: "Restart unless stopped", grade: "safe" },
                  bare.map(service => restartEdit(stack, service)),
                ),
            }),
      };
    }
  },
});

/** Stacks in folders side by side, each with Compose's own name, have one habit. */
function sideBySide<T extends { readonly project: ComposeProject; readonly severity: Severity }>(
  all: readonly T[],
): T[][] {
  const groups = new Map<string, T[]>();
  for (const each of all) {
    const [file = ""] = each.project.files;
    const folder = dirname(file);
    const key =
      defaultNames.includes(basename(file)) && folder.includes("/")
        ? `${dirname(folder)} ${each.severity} ${each.project.grade}`
        : each.project.files.join("+");
    addTo(groups, key, each);
  }
  return [...groups.values()];
}

/**
 * Only Swarm knows nodes to place a service on, spans a network over them, and keeps secrets and configs itself:
 * Compose refuses external ones.
 */
function isForSwarm({ services, secrets, configs, networks }: ComposeProject): boolean {
  return (
    networks.some(({ node }) => textOf(child(node, "driver"))?.value === "overlay") ||
    services.some(service => service.get("deploy", "placement")) ||
    [...secrets, ...configs].some(each => each.external)
  );
}

/** A test run, a demonstration, a shell for a person or the way back from a backup, by its command and its name. */
function isTrial(service: Service): boolean {
  const words = (service.process?.argv ?? []).map(word => word.value ?? "");
  return (
    words.some(word => /^(?:py\.?test|vitest|jest|mocha|phpunit|rspec|tox|nox)$/.test(word)) ||
    /(?:^|[-_])(?:tests?|demo|interactive|shell|restore|recovery)$/.test(service.name) ||
    (/(?:^|[-_])(?:tools|cli)$/.test(service.name) && service.text("stdin_open")?.text === "true")
  );
}

const aside = /(^|[-_])(exporter|autoheal|watchtower|otel|opentelemetry|cadvisor|promtail|alloy)([-_]|$)/;

/** It waits and renews for ever; without a loop it asks once and ends. */
const renewing = /\bwhile\b|\bcrond?\b/;

/** What watches the others, or has months of time: without it nobody is served worse at once. */
function isAside(service: Service): boolean {
  return (
    service.kind === "certificates" ||
    service.kind === "monitoring" ||
    service.kind === "admin" ||
    aside.test(service.name)
  );
}

/** What shows that it restarts; `absent` when nothing makes it; undefined when that is not known or chosen. */
function policyOf(service: Service, swarm: boolean): Evidence | "absent" | undefined {
  const { restart, restartPolicy } = service;
  if (restart) {
    const text = restart.text;
    if (text === undefined || text === "no" || text === "false") return undefined;
    return evidence(restart.at, `restarts: ${text}`);
  }
  if (restartPolicy)
    return restartPolicy.value === "none" ? undefined : evidence(restartPolicy.at, "has a restart policy");
  // In a swarm restarting is the default; a node that this policy is read from may be hidden in another key.
  if (swarm || service.get("deploy", "restart_policy")) return undefined;
  return "absent";
}

function restartEdit(stack: Stack, service: Service) {
  const source = sourceOf(stack, service.at.file);
  return (
    source && addPair(source, service.node, ["restart: unless-stopped"], ["image", "build", "container_name"])
  );
}

import { dirname, inside, join } from "../../core/path.ts";
import type { Location } from "../../core/source.ts";
import { containerFile, evidence, listNames, serverServices, serviceAt, weigh } from "../../stack/query.ts";
import { appAnswer } from "../../stack/query-health.ts";
import { listening } from "../../stack/query-listen.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "observe/monitoring-target",
  title: "Everything that monitoring asks for is there to answer",
  claim: "failure-is-noticed",
  severity: "medium",
  why: "A target that can never answer is red from the first day; people stop looking, and the failure that matters looks the same.",
  *check(stack) {
    for (const service of serverServices(stack)) {
      const { project } = service;
      for (const config of stack.prometheus) {
        const mount = service.mounts.find(
          each =>
            each.type === "bind" &&
            each.repositoryPath !== undefined &&
            (each.repositoryPath === config.file || dirname(config.file) === each.repositoryPath),
        );
        if (
          !mount ||
          service.kind !== "monitoring" ||
          project.services.some(other => other.networkMode !== undefined)
        )
          continue;
        // Names that nothing has are mostly left over from one example: one finding.
        const unknown: { readonly host: string; readonly at: Location }[] = [];
        for (const job of config.scrapeJobs) {
          if (job.relabels) continue;
          for (const { host, port, at } of job.targets) {
            const target = serviceAt(project, host);
            if (!target) {
              // A name with a dot, or one that Docker or the machine gives, may answer elsewhere.
              if (
                !/^[a-z][a-z0-9_-]*$/i.test(host) ||
                host === "localhost" ||
                project.networks.some(network => network.external)
              )
                continue;
              unknown.push({ host, at });
              continue;
            }
            const listens = listening(stack, target);
            if (listens && port !== undefined && !listens.ports.includes(port) && target.component) {
              yield {
                subject: `${config.file} ${host}`,
                message: `${config.file} asks "${host}" for metrics on port ${port}, and that service listens on ${listens.ports.join(", ")}.`,
                severity: weigh(project, "medium"),
                confidence: "likely",
                evidence: [
                  evidence(at, `port ${port} is asked`),
                  evidence(listens.at, `listens on ${listens.ports.join(", ")}`),
                ],
              };
              continue;
            }
            if (appAnswer(stack, target, job.metricsPath)?.answer !== "no") continue;
            yield {
              subject: `${config.file} ${host}`,
              message: `${config.file} asks "${host}" for ${job.metricsPath}, and its application has no such route.`,
              severity: weigh(project, "medium"),
              evidence: [
                evidence(at, `asked for ${job.metricsPath}`),
                evidence(target.at, "serves no such route"),
              ],
            };
          }
        }
        const hosts = [...new Set(unknown.map(({ host }) => host))];
        const [first, ...others] = unknown.map(({ at }) => evidence(at, "no service has this name"));
        if (first)
          yield {
            subject: `${config.file} ${hosts[0]}`,
            message: `${config.file} asks ${listNames(hosts)} for metrics, and no service of the project has ${hosts.length === 1 ? "that name" : "such names"}.`,
            severity: weigh(project, "medium"),
            evidence: [first, evidence(mount.at, "the configuration in force"), ...others],
          };
        for (const rule of config.ruleFiles) {
          const path = rule.value.startsWith("/")
            ? rule.value
            : join(dirname(mountedAt(mount, config.file)), rule.value);
          if (/[*?[]/.test(path) || !isAbsent(stack, service, path)) continue;
          yield {
            subject: `${config.file} ${rule.value}`,
            message: `${config.file} reads its alerts from ${rule.value}, which the container of "${service.name}" does not have: no alert is ever raised.`,
            severity: weigh(project, "medium"),
            evidence: [
              evidence(rule.at, "there is no such file in the container"),
              evidence(mount.at, "all that is mounted"),
            ],
          };
        }
      }
    }
  },
});

/** Where the container sees the configuration. */
function mountedAt(mount: { target: string; repositoryPath?: string }, file: string): string {
  return mount.repositoryPath === file
    ? mount.target
    : `${mount.target}/${file.slice(file.lastIndexOf("/") + 1)}`;
}

/** Not in a mount either; the official image itself has no rule files. */
function isAbsent(stack: Stack, service: Service, path: string): boolean {
  if (containerFile(stack, service, path).has === "no") return true;
  const mounted = service.mounts.some(mount => inside(mount.target, path) !== undefined);
  return !mounted && !service.build && service.imageRef?.name === "prom/prometheus";
}

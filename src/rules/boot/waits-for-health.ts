import type { Evidence, Severity } from "../../core/finding.ts";
import { join } from "../../core/path.ts";
import { waitsUntilHealthy } from "../../remedies/waiting.ts";
import { containerFile, evidence, listNames, serverServices, weigh } from "../../stack/query.ts";
import { workingDirectory } from "../../stack/query-import.ts";
import { oncePerPlace } from "../../stack/query-process.ts";
import type { Dependency, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/waits-for-health",
  title: "An application waits until its database can serve",
  claim: "waits-for-dependencies",
  severity: "medium",
  why: "After a reboot the application starts before the database accepts connections: migrations fail, and the process ends or serves errors.",
  *check(stack) {
    for (const project of stack.projects) {
      const pairs: Pair[] = [];
      const first = oncePerPlace();
      for (const service of serverServices(stack).filter(each => each.project === project)) {
        if (service.kind !== "app") continue;
        for (const edge of service.dependsOn) {
          const store = project.services.find(each => each.name === edge.service);
          if (!store || (store.kind !== "database" && store.kind !== "queue")) continue;
          if (edge.condition === "service_healthy")
            yield { subject: service.name, kept: evidence(edge.at, `waits until ${store.name} is healthy`) };
          else if (!waitsByItself(stack, service) && first(edge.at)) pairs.push({ service, store, edge });
        }
      }
      if (pairs.length === 0) continue;
      const names = [...new Set(pairs.map(pair => pair.service.name))];
      const stores = [...new Set(pairs.map(pair => pair.store.name))];
      yield {
        subject: project.name,
        message: `${listNames(names)} ${names.length === 1 ? "starts" : "start"} as soon as the container of ${listNames(stores)} runs, before it accepts connections.`,
        severity: weigh(project, worst(pairs)),
        evidence: pairs.map(pair => evidence(pair.edge.at, "does not wait until it is healthy")) as [
          Evidence,
        ],
        fix: () => waitsUntilHealthy(stack, pairs),
      };
    }
  },
});

interface Pair {
  readonly service: Service;
  readonly store: Service;
  readonly edge: Dependency;
}

const waiting =
  /wait|pg_isready|\bnc\b|netcat|dockerize|\buntil |\bwhile |sleep|retry|retries|check_db|_ready/i;

/** A command or an entry point that waits, or one that cannot be read. */
function waitsByItself(stack: Stack, service: Service): boolean {
  const { process, model } = service;
  if (!process || waiting.test(process.text)) return true;
  if (process.commands.some(argv => waiting.test(argv.map(word => word.value ?? "").join(" ")))) return true;
  const entry = (service.entrypoint ?? model?.entrypoint)?.words ?? [];
  if (waiting.test(entry.map(word => word.value ?? "").join(" "))) return true;
  const command = (service.command ?? model?.cmd)?.words ?? [];
  const scripts = [...entry, ...command.slice(0, 1)].flatMap(word => word.value ?? []);
  return scripts.filter(path => /^\.?\/|\.sh$/.test(path)).some(path => mayWait(stack, service, path));
}

function mayWait(stack: Stack, service: Service, path: string): boolean {
  const file = containerFile(stack, service, join(workingDirectory(service) ?? "/", path));
  if (file.repositoryPath === undefined) return file.has !== "no";
  const read = stack.files.read(file.repositoryPath);
  return !("source" in read) || waiting.test(read.source.text);
}

/** Frameworks that ask the database while they start. */
const asking = new Set(["django", "rails"]);

/** A restart policy repairs a lost race by itself; a pool that opens with the first request never loses one. */
function worst(pairs: readonly Pair[]): Severity {
  const loses = ({ service, store }: Pair): boolean => {
    const policy = service.restart?.text ?? service.restartPolicy?.value;
    const repaired = policy !== undefined && policy !== "no" && policy !== "none";
    return !repaired && store.kind === "database" && asksAtStart(service);
  };
  return pairs.some(loses) ? "medium" : "low";
}

function asksAtStart(service: Service): boolean {
  const migrates = service.process?.commands.some(argv =>
    argv.some(word => /^(migrate|upgrade|db:migrate|db:prepare|deploy)$/.test(word.value ?? "")),
  );
  return migrates === true || asking.has(service.component?.kind ?? "");
}

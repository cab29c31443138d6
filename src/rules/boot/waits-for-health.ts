import type { Evidence, Severity } from "../../core/finding.ts";
import type { Edit } from "../../core/fix.ts";
import { join } from "../../core/path.ts";
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
      const edits = pairs.map(pair => conditionEdits(stack, pair));
      const whole = edits.every(each => each !== undefined);
      yield {
        subject: project.name,
        message: `${listNames(names)} ${names.length === 1 ? "starts" : "start"} as soon as the container of ${listNames(stores)} runs, before it accepts connections.`,
        severity: weigh(project, worst(pairs)),
        evidence: pairs.map(pair => evidence(pair.edge.at, "does not wait until it is healthy")) as [
          Evidence,
        ],
        ...(whole
          ? {
              fix: {
                title: "Wait until it is healthy",
                grade: "needs-testing" as const,
                edits: edits.flat(),
              },
            }
          : {}),
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

/** Makes the dependency's condition `service_healthy`, when there is a health check to wait for. */
function conditionEdits(stack: Stack, { service, store, edge }: Pair): Edit[] | undefined {
  const source = stack.sources.get(edge.at.file);
  const node = service.get("depends_on");
  if (!source || !node || !store.healthcheck?.command || node.at.file !== edge.at.file) return undefined;
  if (node.kind === "map") {
    const condition = service.get("depends_on", edge.service, "condition");
    return condition && condition.at.file === edge.at.file
      ? [{ at: condition.at, text: "service_healthy" }]
      : undefined;
  }
  if (node.kind !== "seq" || node.flow || node.items.length !== 1) return undefined;
  const lineStart = source.text.lastIndexOf("\n", edge.at.span.start - 1) + 1;
  const dash = /^( *)- +$/.exec(source.text.slice(lineStart, edge.at.span.start));
  const keyLine = source.text.slice(0, lineStart).trimEnd().split("\n").at(-1) ?? "";
  const outer = /^ */.exec(keyLine)![0].length;
  // A list at its key's own indentation cannot become a mapping in place.
  if (!dash || dash[1]!.length <= outer) return undefined;
  const at = { file: source.path, span: { start: lineStart, end: edge.at.span.end } };
  return [{ at, text: `${dash[1]}${edge.service}:\n${dash[1]}  condition: service_healthy` }];
}

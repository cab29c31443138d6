import type { Evidence } from "../../core/finding.ts";
import type { Fix } from "../../core/fix.ts";
import { addTo } from "../../core/group.ts";
import { sourceOf } from "../../core/project-files.ts";
import { removePair } from "../../formats/yaml-edit.ts";
import { ownPair } from "../../remedies/service-edit.ts";
import { evidence, isOptional, listNames, weigh } from "../../stack/query.ts";
import { oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "recovery/scale-blocked",
  title: "A service with several replicas claims nothing that exists once",
  claim: "boots-healthy",
  severity: "high",
  why: "With a fixed name Compose starts nothing at all; with a fixed port only the first replica starts, and the others find it taken.",
  *check(stack) {
    const first = oncePerPlace();
    const swarm = stack.calls.some(
      ({ call }) => call.kind === "docker" && call.verb.startsWith("stack deploy"),
    );
    // Services that are written in one way are one habit.
    const groups = new Map<string, Blocked[]>();
    for (const service of worstFirst(stack.services)) {
      const { replicas, containerName } = service;
      // A swarm ignores container names and shares a published port between replicas.
      if (!replicas || replicas.value < 2 || swarm || !first(replicas.at)) continue;
      if (isForSwarm(stack, service)) continue;
      const fixed = service.ports.filter(
        port => port.published !== undefined && port.published > 0 && !isRange(port.raw),
      );
      const blocks = [
        ...(containerName ? [evidence(containerName.at, "a container name exists once")] : []),
        ...fixed.map(port => evidence(port.at, `port ${port.published} of the server exists once`)),
      ];
      if (blocks.length === 0) continue;
      const what = containerName ? "a fixed container name" : `port ${fixed[0]!.published} of the server`;
      const key = `${service.project.files.join("\n")}\n${what}`;
      const places = [evidence(replicas.at, `${replicas.value} replicas`), ...blocks];
      addTo(groups, key, { service, what, places, named: fixed.length === 0 });
    }
    for (const group of groups.values()) {
      const services = group.map(each => each.service);
      const { what } = group[0]!;
      const isRefused = services.some(each => each.containerName && !isOptional(each));
      const refused = isRefused ? " Compose refuses the whole file for that." : "";
      const [place, ...more] = group.flatMap(each => each.places);
      const one = services.length === 1;
      yield {
        subject: services[0]!.name,
        message: one
          ? `"${services[0]!.name}" asks for ${services[0]!.replicas!.value} replicas but claims ${what}, which only one of them can have.${refused}`
          : `${listNames(services.map(each => each.name))} ask for several replicas but claim ${what} each, which only one of them can have.${refused}`,
        severity: weigh(services[0]!, isRefused ? "critical" : "high"),
        evidence: [place!, ...more],
        fix: () => (one && group[0]!.named ? withoutName(stack, services[0]!) : undefined),
      };
    }
  },
});

interface Blocked {
  readonly service: Service;
  readonly what: string;
  readonly places: readonly Evidence[];
  /** Only its name stands in the way. */
  readonly named: boolean;
}

/** Its comment or its networks say that a swarm runs it. */
function isForSwarm(stack: Stack, { project }: Service): boolean {
  return project.files.some(path =>
    /\bdocker stack deploy\b|\bdriver:[ \t]*overlay\b/.test(stack.sources.get(path)?.text ?? ""),
  );
}

/** Takes the fixed name out, where nothing in the repository calls the container by it. */
function withoutName(stack: Stack, service: Service): Fix | undefined {
  const name = service.containerName?.text;
  const pair = ownPair(stack, service, "container_name");
  const source = pair && sourceOf(stack, pair.at.file);
  if (!source || name === undefined || isCalled(stack, service, name)) return undefined;
  const edit = removePair(source, pair);
  return (
    edit && {
      title: `Let Compose name the containers of ${service.name}`,
      grade: "needs-testing",
      edits: [edit],
      test: `Start it: \`docker compose ps\` shows every replica of ${service.name}. Look for the name ${name} in scripts and monitoring outside this repository.`,
    }
  );
}

/** Other services find it under its service's name all the same. */
function isCalled(stack: Stack, service: Service, name: string): boolean {
  if (name === service.name) return false;
  const word = new RegExp(`(?<![\\w.-])${name.replace(/\W/g, "\\$&")}(?![\\w.-])`, "g");
  const uses = [...stack.sources.values()].flatMap(source => [...source.text.matchAll(word)]);
  return uses.length > 1;
}

/** `8000-8003:8000` gives each replica a port of its own. */
function isRange(raw: string): boolean {
  return /\d-\d/.test(raw);
}

import type { Evidence } from "../../core/finding.ts";
import type { Location } from "../../core/source.ts";
import { evidence, weigh } from "../../stack/query.ts";
import type { ComposeProject, NamedNetwork, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const builtIn = /^(bridge|host|none|default|ingress)$|^container:/;

export default defineRule({
  id: "scripts/network-name",
  title: "Networks are called as Compose calls them",
  claim: "boots-healthy",
  severity: "medium",
  why: "Docker refuses to start a container on a network that does not exist under that very name.",
  *check(stack) {
    const created = new Set(
      stack.calls.flatMap(({ call }) =>
        call.kind === "docker" && call.verb === "network create" ? call.operands.map(arg => arg.value) : [],
      ),
    );
    const named = new Set(
      stack.projects.flatMap(project =>
        project.networks.filter(network => !network.external).map(network => network.engineName),
      ),
    );
    const seen = new Set<string>();
    for (const use of uses(stack)) {
      if (builtIn.test(use.name) || created.has(use.name) || named.has(use.name)) continue;
      const match = keyed(stack, use.name);
      if (!match || seen.has(`${use.at.file} ${use.name}`)) continue;
      seen.add(`${use.at.file} ${use.name}`);
      const shown: Evidence = evidence(match.network.at, `on the engine it is "${match.network.engineName}"`);
      yield {
        subject: `${use.at.file}: ${use.name}`,
        message: `${use.at.file} joins the network "${use.name}", but Compose creates it as "${match.network.engineName}": the container does not start.`,
        evidence: [evidence(use.at, `joins "${use.name}"`), shown],
        severity: use.development ? "low" : weigh(match.project, "medium"),
      };
    }
  },
});

interface Use {
  readonly name: string;
  readonly at: Location;
  readonly development: boolean;
}

/** `docker run --network`, external networks of other projects, `runArgs` of a development container. */
function uses(stack: Stack): Use[] {
  const found: Use[] = [];
  for (const { call } of stack.calls)
    for (const arg of call.kind === "docker-run" ? call.networks : [])
      if (arg.value !== undefined) found.push({ name: arg.value, at: arg.at, development: false });
  for (const container of stack.devcontainers)
    container.runArgs.forEach((arg, index) => {
      const inline = /^--net(?:work)?=(.+)$/.exec(arg.value)?.[1];
      const after = /^--net(?:work)?$/.test(container.runArgs[index - 1]?.value ?? "")
        ? arg.value
        : undefined;
      const name = inline ?? after;
      if (name !== undefined) found.push({ name, at: arg.at, development: true });
    });
  for (const project of stack.projects)
    for (const network of project.networks)
      if (network.external)
        found.push({
          name: network.engineName,
          at: network.at,
          development: project.grade === "development",
        });
  return found;
}

/** A network with this key that Compose creates under a longer name. */
function keyed(stack: Stack, name: string): { network: NamedNetwork; project: ComposeProject } | undefined {
  for (const project of stack.projects)
    for (const network of project.networks)
      if (!network.external && network.name === name && network.engineName !== name)
        return { network, project };
  return undefined;
}

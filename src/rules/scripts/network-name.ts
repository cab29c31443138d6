import type { Location } from "../../core/source.ts";
import { evidence, listPlain, weigh } from "../../stack/query.ts";
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
    // One network that Compose calls differently is one cause, whoever joins it.
    const groups = new Map<NamedNetwork, { project: ComposeProject; uses: Use[] }>();
    for (const use of uses(stack)) {
      if (builtIn.test(use.name) || created.has(use.name) || named.has(use.name)) continue;
      const match = keyed(stack, use.name);
      if (!match || seen.has(`${use.at.file} ${use.name}`)) continue;
      seen.add(`${use.at.file} ${use.name}`);
      const group = groups.get(match.network) ?? { project: match.project, uses: [] };
      groups.set(match.network, group);
      group.uses.push(use);
    }
    for (const [network, { project, uses: joining }] of groups) {
      const weighty = joining.filter(use => !use.development);
      const [first, ...more] = [...weighty, ...joining.filter(use => use.development)];
      const { name, at } = first!;
      const files = [...new Set([first!, ...more].map(use => use.at.file))];
      const one = files.length === 1;
      yield {
        subject: `${at.file}: ${name}`,
        message: `${listPlain(files)} ${one ? "joins" : "join"} the network "${name}", but Compose creates it as "${network.engineName}": the ${one ? "container does" : "containers do"} not start.`,
        evidence: [
          evidence(at, `joins "${name}"`),
          ...more.map(use => evidence(use.at, `joins "${name}"`)),
          evidence(network.at, `on the engine it is "${network.engineName}"`),
        ],
        severity: weighty.length === 0 ? "low" : weigh(project, "medium"),
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

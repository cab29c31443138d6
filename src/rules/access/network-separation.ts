import { separateDoor } from "../../remedies/networks.ts";
import { evidence, isStore, listNames, serverServices, weigh } from "../../stack/query.ts";
import { openPorts } from "../../stack/query-ports.ts";
import type { Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "access/network-separation",
  title: "The front door cannot reach the databases",
  claim: "exposes-only-the-front-door",
  severity: "low",
  why: "A proxy that shares a network with the database is one step from it when it is broken into or set up wrong.",
  *check(stack) {
    for (const project of stack.projects) {
      const services = serverServices(stack).filter(service => service.project === project);
      const door = services.find(service => service.kind === "proxy" && openPorts(service).length > 0);
      if (!door) continue;
      const stores = services.filter(isStore);
      const reached = stores.filter(store => networksOf(store).some(name => networksOf(door).includes(name)));
      const [first, ...more] = reached;
      if (!first) {
        if (stores[0])
          yield { subject: project.name, kept: evidence(stores[0].at, "on a network of its own") };
        continue;
      }
      yield {
        subject: project.name,
        message: `The proxy "${door.name}" of project "${project.name}" shares a network with ${listNames(reached.map(store => store.name))}, which it does not need.`,
        evidence: [
          evidence(door.at, "faces the internet"),
          evidence(first.at, "on the same network"),
          ...more.map(store => evidence(store.at, "on the same network")),
        ],
        severity: weigh(project, "low"),
        fix: () => separateDoor(stack, project, door),
      };
    }
  },
});

/** Services without networks of their own are on the project's default one. */
function networksOf(service: Service): string[] {
  if (service.networkMode) return [];
  return service.networks.length > 0 ? service.networks.map(network => network.value) : ["default"];
}

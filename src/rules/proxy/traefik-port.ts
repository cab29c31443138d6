import { itemsOf, textOf } from "../../formats/yaml.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { servingPorts } from "../../stack/query-proxy.ts";
import { routersOf, traefikPorts } from "../../stack/query-traefik.ts";
import type { Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "proxy/traefik-port",
  title: "Traefik talks to the port that each service listens on",
  claim: "boots-healthy",
  severity: "critical",
  why: "Traefik answers every request for the service with 502 or 404, while all containers look healthy.",
  *check(stack) {
    for (const service of stack.services) {
      const routers = routersOf(service).filter(
        each => each.target === undefined || !each.target.includes("@"),
      );
      const [router] = routers;
      if (!router) continue;
      const serving = servingPorts(stack, service);
      if (!serving) continue;
      const doubt = serving.inCode ? { confidence: "likely" as const } : {};
      const listens = `"${service.name}" listens on ${serving.ports.join(", ")}`;
      const labels = traefikPorts(service);
      for (const label of labels) {
        const port = Number(label.value?.text);
        if (!Number.isInteger(port) || port === 0) continue;
        if (serving.ports.includes(port)) {
          yield { subject: service.name, kept: evidence(label.at, "the port that the service listens on") };
          continue;
        }
        yield {
          subject: service.name,
          message: `Traefik sends requests for "${service.name}" to port ${port}, but the service listens on ${serving.ports.join(", ")}.`,
          severity: weigh(service, "critical"),
          ...doubt,
          evidence: [evidence(label.at, `port ${port} is asked for`), evidence(serving.at, listens)],
        };
      }
      const chosen = labels.length === 0 && router.target === undefined ? lowestExposed(service) : undefined;
      if (chosen === undefined || (chosen !== null && serving.ports.includes(chosen))) continue;
      yield {
        subject: service.name,
        message:
          chosen === null
            ? `No label tells Traefik the port of "${service.name}", and the container exposes none: Traefik leaves the service out.`
            : `No label tells Traefik the port of "${service.name}": it takes the lowest that the container exposes, ${chosen}, but the service listens on ${serving.ports.join(", ")}.`,
        severity: weigh(service, "critical"),
        ...doubt,
        evidence: [
          evidence(router.at, chosen === null ? "no port to send to" : `sends to port ${chosen}`),
          evidence(serving.at, listens),
        ],
      };
    }
  },
});

/** Official images that expose nothing: what is exposed is said in the project. */
const bare =
  /^(?:python|node|golang|rust|ruby|debian|ubuntu|alpine|eclipse-temurin|bun|oven\/bun|denoland\/deno)$/;

/** Official images that expose a port of their own: EXPOSE in their Dockerfiles. */
const ownPort: Readonly<Record<string, string>> = { nginx: "80", httpd: "80" };

/** The port that Traefik takes by itself; null when none is exposed, undefined when that is not known. */
function lowestExposed(service: Service): number | null | undefined {
  const { model } = service;
  const family = model?.base?.family ?? "";
  const own = Object.hasOwn(ownPort, family) ? [ownPort[family]!] : [];
  if (!model || (!bare.test(family) && own.length === 0)) return undefined;
  const exposed = [
    ...own,
    ...model.exposes.map(each => each.value),
    ...itemsOf(service.get("expose")).map(item => textOf(item)?.value ?? "?"),
    ...service.ports.map(port => (port.target === undefined ? "?" : String(port.target))),
  ];
  const ports = exposed.map(text => Number(text.replace(/\/tcp$/, "")));
  if (ports.some(port => !Number.isInteger(port))) return undefined;
  return ports.length === 0 ? null : Math.min(...ports);
}

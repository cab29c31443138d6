import { frontDoorFix, type PlainEntry } from "../../remedies/front-door-fix.ts";
import { listenPorts, tlsServers } from "../../stack/proxy/effective.ts";
import {
  evidence,
  isOptional,
  listNames,
  proxiesOf,
  publicPorts,
  serverServices,
  weigh,
} from "../../stack/query.ts";
import { caddyOf, caddyPorts, isPlainCaddy, plainSites, speaksTls } from "../../stack/query-caddy.ts";
import { generatedProxies } from "../../stack/query-generated-proxy.ts";
import { deafTlsPorts, lacksConfiguration, plainPorts, tlsElsewhere } from "../../stack/query-proxy.ts";
import { hasSecureTwin } from "../../stack/query-secure-twin.ts";
import { plainTraefikPorts, traefikOf } from "../../stack/query-traefik.ts";
import type { ComposeProject, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "proxy/https",
  title: "Visitors reach the application through TLS",
  claim: "encrypts-traffic",
  severity: "high",
  why: "Passwords, session cookies and tokens cross the network in clear text: anybody on the way can read and change them.",
  *check(stack) {
    for (const project of stack.projects) {
      if (project.grade !== "deployed") continue;
      const [tls] = proxiesOf(stack, project).flatMap(proxy => tlsServers(proxy.effective));
      if (tls) yield { subject: project.name, kept: evidence(tls.listens[0]!.at, "speaks TLS") };
      const secured = stack.caddies
        .filter(caddy => caddy.service.project === project)
        .flatMap(caddy => caddy.model.sites.filter(speaksTls));
      if (secured[0]) yield { subject: project.name, kept: evidence(secured[0].at, "speaks TLS") };
      yield* beside(stack, project);
      if (tls || tlsElsewhere(stack, project) || hasSecureTwin(stack, project)) continue;
      // What the front door is told is not here: that is told by itself.
      if (project.services.some(lacksConfiguration)) continue;
      // A script writes the servers with their certificates.
      const written = generatedProxies(stack).filter(proxy => proxy.service?.project === project);
      if (written.some(proxy => tlsServers(proxy.effective).length > 0)) continue;
      const entries = entriesOf(stack, project);
      const [first, ...more] = entries;
      if (!first) continue;
      // A pipeline or script that ships it shows that this is a server, and how it is reached.
      const pulled = entries.every(({ service, port }) => !service.build && port.published !== 80);
      // Images that are pulled to a port of their own often stand behind the web server of the machine.
      const shipped = project.because.at !== undefined && !pulled;
      const deaf = deafTlsPorts(stack, project);
      yield {
        subject: project.name,
        message: `Project "${project.name}" is published in plain HTTP: nothing in this repository speaks TLS for it${deaf.length > 0 ? ", and nobody listens on port 443, which it publishes" : ""}.`,
        severity: weigh(project, shipped || deaf.length > 0 ? "high" : "medium"),
        confidence: pulled && deaf.length === 0 ? "possible" : "likely",
        evidence: [
          evidence(first.port.at, `"${first.service.name}" in plain HTTP`),
          ...more.map(({ service, port }) => evidence(port.at, `"${service.name}" in plain HTTP`)),
          ...deaf.map(port => evidence(port.at, "nothing listens behind it")),
        ],
        fix: () => frontDoorFix(stack, project, entries),
      };
    }
  },
});

/** Caddy speaks TLS, and for others: what this project serves goes through its site for everybody, in the clear. */
function* beside(stack: Stack, project: ComposeProject) {
  for (const caddy of stack.caddies) {
    if (caddy.service.project !== project || isOptional(caddy.service)) continue;
    if (!publicPorts(caddy.service).some(port => port.target === 80)) continue;
    for (const { site, services } of plainSites(caddy)) {
      yield {
        subject: `${project.name} ${services[0]}`,
        message: `${listNames(services)} ${services.length === 1 ? "is" : "are"} served in plain HTTP only: Caddy speaks TLS for other names.`,
        severity: weigh(project, project.because.at === undefined ? "medium" : "high"),
        confidence: "likely" as const,
        evidence: [evidence(site.at, "plain HTTP for every name")] as const,
      };
    }
  }
}

/** Where visitors come in: nginx on its published ports, and programs of this repository that are published. */
function entriesOf(stack: Stack, project: ComposeProject): PlainEntry[] {
  const proxies = proxiesOf(stack, project);
  const traefik = plainTraefikPorts(stack, project);
  if (traefik) return traefik.map(port => ({ service: traefikOf(project)!, port }));
  return serverServices(stack)
    .filter(service => service.project === project)
    .flatMap(service => {
      const proxy = proxies.find(each => each.service === service);
      const ports = plainPorts(service);
      if (proxy) {
        if (proxy.effective.gaps.length > 0) return [];
        const listens = listenPorts(proxy.effective);
        return ports.filter(port => listens.includes(port.target!)).map(port => ({ service, port }));
      }
      const caddy = caddyOf(stack, service);
      if (caddy) {
        const listens = isPlainCaddy(caddy) ? caddyPorts(caddy) : undefined;
        return ports.filter(port => listens?.includes(port.target!)).map(port => ({ service, port }));
      }
      if (
        service.kind !== "app" ||
        !(service.build ?? (isShipped(project) && service.made)) ||
        isEdge(service) ||
        isWorkshop(service)
      )
        return [];
      return ports
        .filter(({ target }) => ![debuggers, terminals, stores].some(ports => ports.has(target!)))
        .map(port => ({ service, port }));
    });
}

/** Pulled images of this repository also stand in files that others are meant to start as they like. */
function isShipped({ because }: ComposeProject): boolean {
  return because.at !== undefined;
}

function isEdge(service: Service): boolean {
  const words = service.process?.commands.flat().map(word => word.value ?? "") ?? [];
  if (words.some(word => /^--(?:ssl|certfile|keyfile|tls)|ssl:/.test(word))) return true;
  return service.environment.some(each => /SSL_CERT|TLS_CERT|CERT_FILE|HTTPS/i.test(each.name));
}

/** Ports of databases and queues, which speak no HTTP. */
const stores = new Set([1433, 1521, 3306, 5432, 5672, 6379, 9092, 11211, 27017]);

/** Ports of debuggers: another rule's matter. */
const debuggers = new Set([5005, 5678, 9229, 9230]);
/** SSH, remote desktops and VNC: no pages. */
const terminals = new Set([22, 3389, 5900, 5901]);
const workshop =
  /^(?:nodemon|vite|ng|react-scripts|vue-cli-service|webpack|webpack-dev-server|runserver|--reload|--debug)$/;

/** It runs a development server: nobody means it to face visitors. */
function isWorkshop(service: Service): boolean {
  if (/dev|local|build/i.test(service.build?.target?.value ?? "")) return true;
  if (service.component?.kind === "vite" || service.component?.kind === "cra") return true;
  const words = service.process?.commands.flat().map(word => word.value ?? "") ?? [];
  return words.some(
    (word, index) =>
      workshop.test(word) || (word === "dev" && /^(?:run|yarn|pnpm|next)$/.test(words[index - 1] ?? "")),
  );
}

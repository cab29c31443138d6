import { addTo } from "../../core/group.ts";
import { evidence, listNames, publicPorts, serverServices, weigh } from "../../stack/query.ts";
import type { Mount, Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const socket = /(?:^|\/)(?:docker|podman|containerd|crio)\.sock$/;
/** Images whose work is to watch or to steer the engine. */
const byDesign =
  /traefik|watchtower|portainer|autoheal|nginx-proxy|docker-gen|caddy|acme-companion|dozzle|diun|cadvisor|socket-proxy|socat|promtail|alloy|grafana-agent|vector|fluent|datadog|telegraf|netdata|ofelia|runner|drone|woodpecker|jenkins|docker-volume-backup|homepage|homarr|glances|beszel|dockge|yacht|swarmpit|ouroboros|filebeat|metricbeat|otel|opentelemetry|newrelic|sablier|crowdsec|deunhealth|^docker$|dind|registrator|logspout|coolify|dokku|localstack|act_/;

export default defineRule({
  id: "access/docker-socket",
  title: "No service holds the socket of the container engine",
  claim: "runs-unprivileged",
  severity: "high",
  why: "Whoever can write to the engine's socket can start a container that mounts the server's disk: the socket is root on the server, mounted read-only or not.",
  habit: true,
  *check(stack) {
    // An anchor gives it to all that are made from it.
    const places = new Map<string, { service: Service; mount: Mount; isOwn: boolean; isTool: boolean }[]>();
    for (const service of serverServices(stack)) {
      const mount = service.mounts.find(each => each.type === "bind" && socket.test(each.source ?? ""));
      if (!mount) continue;
      const name = service.imageRef?.name ?? service.model?.base?.name ?? "";
      const isTool = byDesign.test(name);
      // A tool that nobody reaches from outside does what it is for.
      if (isTool && publicPorts(service).length === 0) continue;
      const isOwn = service.build !== undefined && !isTool;
      addTo(places, `${mount.at.file}\0${mount.at.span.start}`, { service, mount, isOwn, isTool });
    }
    for (const held of places.values()) {
      const { service, mount, isTool } = held[0]!;
      const isOwn = held.some(each => each.isOwn);
      const ports = held.flatMap(each => publicPorts(each.service).slice(0, 1));
      const [are, hold] = held.length === 1 ? ["is", "holds"] : ["are", "hold"];
      yield {
        subject: service.name,
        message: `Service${held.length === 1 ? "" : "s"} ${listNames(held.map(each => each.service.name))} ${hold} the socket of the container engine${ports.length > 0 ? ` and ${are} reached from outside` : ""}: a break-in there is root on the server.`,
        evidence: [
          evidence(mount.at, "the engine's socket is mounted here"),
          ...ports.map(port => evidence(port.at, "reached from outside here")),
        ],
        severity: weigh(service, isOwn ? "high" : "medium"),
        ...(isOwn ? {} : { confidence: isTool ? ("possible" as const) : ("likely" as const) }),
      };
    }
  },
});

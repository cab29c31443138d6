import { evidence, publicPorts, serverServices, weigh } from "../../stack/query.ts";
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
  *check(stack) {
    for (const service of serverServices(stack)) {
      const mount = service.mounts.find(each => each.type === "bind" && socket.test(each.source ?? ""));
      if (!mount) continue;
      const name = service.imageRef?.name ?? service.model?.base?.name ?? "";
      const isTool = byDesign.test(name);
      const ports = publicPorts(service);
      // A tool that nobody reaches from outside does what it is for.
      if (isTool && ports.length === 0) continue;
      const isOwn = service.build !== undefined && !isTool;
      yield {
        subject: service.name,
        message: `Service "${service.name}" holds the socket of the container engine${ports.length > 0 ? " and is reached from outside" : ""}: a break-in there is root on the server.`,
        evidence: [
          evidence(mount.at, "the engine's socket is mounted here"),
          ...ports.slice(0, 1).map(port => evidence(port.at, "reached from outside here")),
        ],
        severity: weigh(service, isOwn ? "high" : "medium"),
        ...(isOwn ? {} : { confidence: isTool ? ("possible" as const) : ("likely" as const) }),
      };
    }
  },
});

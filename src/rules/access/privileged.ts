import type { Evidence, Severity } from "../../core/finding.ts";
import { child, itemsOf, textOf } from "../../formats/yaml.ts";
import { evidence, listNames, serverServices, weigh } from "../../stack/query.ts";
import type { Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

/** Images whose work needs rights over the host: they are what they are installed for. */
const byDesign =
  /cadvisor|node-exporter|node_exporter|netdata|datadog|telegraf|glances|beszel|promtail|alloy|dind|^docker$|buildkit|wireguard|openvpn|tailscale|gluetun|zerotier|zabbix-agent|crowdsec|falco|sysdig|newrelic|runner|home-?assistant|zigbee|frigate|plex|jellyfin|nfs|samba|scrutiny|process-exporter|metricbeat|auditbeat|filebeat|otelcol|opentelemetry-collector|grafana-agent|dcgm|pihole|adguard|unifi|elasticsearch|logspout/;

const order: readonly Severity[] = ["high", "medium", "low"];

interface Right extends Evidence {
  readonly right: string;
  readonly severity: Severity;
}

export default defineRule({
  id: "access/privileged",
  title: "No container has rights over the server",
  claim: "runs-unprivileged",
  severity: "high",
  why: "With these rights, or with the server's own directories, a break-in into the container is a break-in into the server.",
  *check(stack) {
    for (const [service, ...copies] of groupsOf(serverServices(stack))) {
      const rights = [...rightsOf(service)];
      const all = [service, ...copies].flatMap(each => [...rightsOf(each)]);
      const [first, ...rest] = [...new Map(all.map(each => [placeOf(each), each])).values()];
      const severity = order.find(each => rights.some(right => right.severity === each))!;
      const names = [service, ...copies].map(each => each.name);
      const what = listNames(rights.map(each => each.right)).replaceAll('"', "");
      yield {
        subject: service.name,
        message:
          copies.length === 0
            ? `Service "${service.name}" has rights over the server: ${what}.`
            : `Services ${listNames(names)} have rights over the server: ${what.replace(/^it is/, "each is")}.`,
        evidence: [evidence(first!.at, first!.shows), ...rest.map(each => evidence(each.at, each.shows))],
        severity: weigh(service, severity),
        // Whether a foreign image needs them is not known.
        ...(service.build ? {} : { confidence: "likely" as const }),
      };
    }
  },
});

/** Services with rights, those of one image in one project together: a copy is no second cause. */
function groupsOf(services: readonly Service[]): [Service, ...Service[]][] {
  const groups = new Map<string, [Service, ...Service[]]>();
  for (const service of services) {
    const name = service.imageRef?.name ?? service.model?.base?.name ?? "";
    if (byDesign.test(name) || service.kind === "monitoring") continue;
    const rights = [...rightsOf(service)].map(each => each.right);
    if (rights.length === 0) continue;
    const image = service.image?.text ?? service.build?.dockerfilePath ?? service.name;
    // Protections that are switched off for each service are one habit.
    const isHabit = rights.every(right => right.endsWith(" profile"));
    const key = JSON.stringify([service.project.files, isHabit ? "" : image, rights]);
    const group = groups.get(key);
    if (group) group.push(service);
    else groups.set(key, [service]);
  }
  return [...groups.values()];
}

const placeOf = ({ at }: Evidence): string => `${at.file}:${at.span.start}`;

const capabilities = /^(?:CAP_)?(?:ALL|SYS_ADMIN|SYS_MODULE|SYS_RAWIO|DAC_READ_SEARCH|BPF)$/i;
/** Disks and the memory itself: who reads them reads past every permission. */
const rawDevices =
  /^\/dev\/(?:k?mem|port|(?:sd|hd|vd|xvd)[a-z]\d*|nvme\d+n\d+(?:p\d+)?|dm-\d+|(?:mapper|disk)\/.+)$/;
const hostDirectories = /^\/(?:etc|root|boot|dev|proc|sys|usr|bin|sbin|lib|var\/lib\/docker)\/*$/;

function* rightsOf(service: Service): Generator<Right> {
  const privileged = service.text("privileged");
  if (privileged?.text === "true")
    yield { at: privileged.at, shows: "privileged", right: "it is privileged", severity: "high" };
  // Whoever names each capability has weighed them: reading past permissions is then all that this one adds.
  const weighed = itemsOf(service.get("cap_drop")).some(item => textOf(item)?.value.toUpperCase() === "ALL");
  for (const item of itemsOf(service.get("cap_add"))) {
    const capability = textOf(item);
    if (capability && capabilities.test(capability.value))
      yield {
        at: capability.at,
        shows: "a capability that opens the server",
        right: `the capability ${capability.value}`,
        severity: weighed && /DAC_READ_SEARCH$/i.test(capability.value) ? "low" : "high",
      };
  }
  for (const item of itemsOf(service.get("devices"))) {
    const device = textOf(item) ?? textOf(child(item, "source"));
    const path = device?.value.split(":")[0];
    if (device && path !== undefined && rawDevices.test(path))
      yield {
        at: device.at,
        shows: "a disk or the memory of the server",
        right: `the server's device ${path}`,
        severity: "high",
      };
  }
  const pid = service.text("pid");
  if (pid?.text === "host")
    yield {
      at: pid.at,
      shows: "shares the server's processes",
      right: "the server's processes",
      severity: "medium",
    };
  for (const item of itemsOf(service.get("security_opt"))) {
    const option = textOf(item);
    if (option && /^(?:seccomp|apparmor)[:=]unconfined$/.test(option.value))
      yield {
        at: option.at,
        shows: "switches a protection of the engine off",
        right: `no ${option.value.split(/[:=]/)[0]} profile`,
        severity: "medium",
      };
  }
  for (const mount of service.mounts) {
    if (mount.type !== "bind" || mount.source === undefined) continue;
    if (mount.source === "/" || (!mount.readOnly && hostDirectories.test(mount.source)))
      yield {
        at: mount.at,
        shows: "a system directory of the server",
        right: `the server's directory ${mount.source}`,
        severity: "high",
      };
  }
}

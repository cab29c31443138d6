import type { ComposeMount, ComposeObject, ComposeService } from "../core/engine.ts";
import { inside, join } from "../core/path.ts";

/** What keeps a service out of a clone, because it would reach beyond it. Undefined when nothing does. */
export function reachesOut(service: ComposeService): string | undefined {
  if (service["privileged"] === true) return "it is privileged";
  const network = service["network_mode"];
  if (network === "host" || /^container:/.test(String(network))) return `it shares the network of ${network}`;
  for (const key of ["pid", "ipc", "uts", "userns_mode"])
    if (service[key] === "host") return `it shares the host's ${key.replace("_mode", "")} namespace`;
  if (Array.isArray(service["devices"]) && service["devices"].length > 0)
    return "it uses devices of the host";
  if (service["cgroup_parent"] !== undefined) return "it joins a control group of the host";
  if (
    Array.isArray(service["volumes_from"]) &&
    service["volumes_from"].some(from => /^container:/.test(String(from)))
  )
    return "it uses volumes of another project's container";
  const rights = (service["cap_add"] as readonly string[] | undefined) ?? [];
  const mighty = rights.find(right =>
    /^(CAP_)?(ALL|SYS_ADMIN|SYS_MODULE|SYS_PTRACE|SYS_RAWIO|SYS_BOOT|NET_ADMIN)$/i.test(right),
  );
  if (mighty !== undefined) return `it has the right ${mighty} over the host`;
  const mount = (service.volumes ?? []).find(({ type, source }) => type === "bind" && isOfHost(source ?? ""));
  return mount && `it mounts ${mount.source} of the host`;
}

/** Through these a container sees or steers the machine and its engine. */
function isOfHost(path: string): boolean {
  if (/\.sock$/.test(path) || path === "/") return true;
  return [
    "/proc",
    "/sys",
    "/dev",
    "/boot",
    "/var/run",
    "/run",
    "/var/lib/docker",
    "/etc",
    "/usr",
    "/bin",
    "/lib",
  ].some(directory => inside(directory, path) !== undefined && !/^\/etc\/(localtime|timezone)$/.test(path));
}

export interface ServiceClone {
  readonly service: ComposeService;
  readonly changes: readonly string[];
  /** Sources outside the project's copy, and where the clone looks for them: below the lab's directory. */
  readonly outside: readonly { readonly source: string; readonly to: string }[];
}

export interface CloneContext {
  readonly labels: Readonly<Record<string, string>>;
  /** The lab's directory, and the project's copy in it. */
  readonly directory: string;
  readonly copy: string;
  /** Image names that are built here, by the user's name for them, and the name in the lab. */
  readonly images: ReadonlyMap<string, string>;
}

/** Not copied: they name the user's containers, or mean nothing to a clone. */
const dropped = ["container_name", "ports", "develop", "external_links", "mac_address", "env_file"];
const localLogs = new Set(["json-file", "local", "none"]);

/** The service as it is in the lab: everything as the files say, but for what would reach beyond it. */
export function cloneService(name: string, from: ComposeService, context: CloneContext): ServiceClone {
  const changes: string[] = [];
  const outside: { source: string; to: string }[] = [];
  const service: Record<string, unknown> = { ...from };
  for (const key of dropped) delete service[key];
  const ports = (from["ports"] as readonly ComposeObject[] | undefined) ?? [];
  if (ports.length > 0)
    changes.push(
      `${name}: ${ports.map(port => String(port["published"] ?? port["target"])).join(", ")} not published`,
    );
  const container = from["container_name"];
  if (typeof container === "string") changes.push(`${name}: without the container name ${container}`);
  service["labels"] = { ...(from["labels"] as object | undefined), ...context.labels };
  const built = context.images.get(from.image ?? `${name} built`);
  if (built !== undefined) {
    service["image"] = built;
    service["pull_policy"] = "missing";
  }
  if (from.build) {
    const { tags: _, cache_to: __, ...build } = from.build;
    service["build"] = {
      ...build,
      labels: { ...(build["labels"] as object | undefined), ...context.labels },
    };
  }
  const networks = networksOf(from, container, name, changes);
  if (networks) service["networks"] = networks;
  if (from["network_mode"] === "bridge") delete service["network_mode"];
  const logging = from["logging"] as ComposeObject | undefined;
  if (logging?.["driver"] !== undefined && !localLogs.has(String(logging["driver"]))) {
    service["logging"] = { driver: "json-file" };
    changes.push(`${name}: logs to json-file instead of ${logging["driver"]}`);
  }
  const hosts = from["extra_hosts"];
  if (hosts !== undefined && JSON.stringify(hosts).includes("host-gateway")) {
    service["extra_hosts"] = JSON.parse(JSON.stringify(hosts).replaceAll("host-gateway", nowhere));
    changes.push(`${name}: the host cannot be reached by name`);
  }
  if (from.volumes)
    service["volumes"] = from.volumes.map(mount => cloneMount(name, mount, context, changes, outside));
  return { service: service as ComposeService, changes, outside };
}

/** An address of TEST-NET-1, which nobody has. */
const nowhere = "192.0.2.1";

function networksOf(
  from: ComposeService,
  container: unknown,
  name: string,
  changes: string[],
): Record<string, unknown> | undefined {
  if (from["network_mode"] !== undefined && from["network_mode"] !== "bridge") return undefined;
  const given = (from["networks"] as Readonly<Record<string, ComposeObject | null>> | undefined) ?? {};
  const entries = Object.entries(Object.keys(given).length > 0 ? given : { default: null });
  const fixed = entries.some(([, network]) => network?.["ipv4_address"] ?? network?.["ipv6_address"]);
  if (fixed) changes.push(`${name}: without its fixed address`);
  return Object.fromEntries(
    entries.map(([network, settings]) => {
      const { ipv4_address: _, ipv6_address: __, link_local_ips: ___, ...rest } = settings ?? {};
      // Others may know it by the container name that it does not have here.
      const aliases = [
        ...((rest["aliases"] as string[] | undefined) ?? []),
        ...(typeof container === "string" ? [container] : []),
      ];
      return [
        network,
        aliases.length > 0 ? { ...rest, aliases } : Object.keys(rest).length > 0 ? rest : null,
      ];
    }),
  );
}

function cloneMount(
  name: string,
  mount: ComposeMount,
  { directory }: CloneContext,
  changes: string[],
  outside: { source: string; to: string }[],
): ComposeMount {
  if (mount.type !== "bind" || mount.source === undefined) return mount;
  // The project's copy, or what lies beside it.
  if (inside(directory, mount.source) !== undefined) return mount;
  const to = `outside${mount.source}`;
  outside.push({ source: mount.source, to });
  changes.push(`${name}: ${mount.target} is a copy of ${mount.source}`);
  return { ...mount, source: join(directory, to) };
}

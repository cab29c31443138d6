import { inside } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import { parseYaml, textOf, type YamlNode } from "../formats/yaml.ts";
import { containerFile } from "./query.ts";
import type { ComposeProject, Port, Service, Stack, Variable } from "./stack.ts";

/** Traefik as a front door: its static configuration, and what labels ask of it. */

/** A router that labels of a service define. Names are lower case, as Traefik takes them. */
export interface TraefikRouter {
  readonly name: string;
  readonly service: Service;
  /** The label by which it is shown: its rule, or the first one that names it. */
  readonly at: Location;
  /** Undefined when no label names any, or one that cannot be resolved does. */
  readonly entrypoints?: readonly string[];
  readonly entrypointsAt?: Location;
  /** `tls=true`, or anything below `tls.`. */
  readonly tls: boolean;
  /** As written: variables are the same in the rules that they are compared with. */
  readonly rule?: string;
  readonly middlewares: readonly string[];
  /** Another service of Traefik answers: its API, a file's, one that is named. */
  readonly target?: string;
}

export interface TraefikStatic {
  readonly service: Service;
  /** `entrypoints.web.address` and the like in lower case, with values. */
  readonly options: ReadonlyMap<string, { readonly value: string; readonly at: Location }>;
}

/** The Traefik of a project; undefined when there is none, or more than one. */
export function traefikOf(project: ComposeProject): Service | undefined {
  const found = project.services.filter(
    service => /(?:^|\/)traefik$/.test(service.imageRef?.family ?? "") && service.profiles.length === 0,
  );
  return found.length === 1 ? found[0] : undefined;
}

const mainFile = /^(?:\/etc\/traefik)?\/traefik\.(?:ya?ml|toml)$/;

/** Traefik's static configuration: its flags, or its YAML file. Undefined when part of it cannot be seen. */
export function traefikStatic(stack: Stack, service: Service): TraefikStatic | undefined {
  if (service.build || service.environment.some(each => /^TRAEFIK_/i.test(each.name))) return undefined;
  if (service.envFiles.length > 0 || service.entrypoint) return undefined;
  const words = service.command?.words ?? [];
  const options = new Map<string, { value: string; at: Location }>();
  for (const [index, { value, at }] of words.entries()) {
    if (value === undefined) return undefined;
    const flag = /^--([^=]+)(?:=(.*))?$/s.exec(value);
    if (!flag) continue;
    const next = words[index + 1]?.value;
    const given = flag[2] ?? (next !== undefined && !next.startsWith("-") ? next : "true");
    options.set(flag[1]!.toLowerCase(), { value: given.replace(/^(["'])(.*)\1$/, "$2"), at });
  }
  const named = options.get("configfile")?.value;
  const mount = service.mounts.find(
    each => each.target === "/etc/traefik" || mainFile.test(each.target) || each.target === named,
  );
  if (!mount && named === undefined) return options.size > 0 ? { service, options } : undefined;
  const path = named ?? (mainFile.test(mount!.target) ? mount!.target : "/etc/traefik/traefik.yml");
  const file = containerFile(stack, service, path).repositoryPath;
  const read = file === undefined || !/\.ya?ml$/.test(file) ? undefined : stack.files.read(file);
  if (!read || !("source" in read)) return undefined;
  const fromFile = new Map<string, { value: string; at: Location }>();
  flatten(parseYaml(read.source).model[0]?.root, "", mount?.at ?? service.at, fromFile);
  return fromFile.size > 0 ? { service, options: fromFile } : undefined;
}

function flatten(
  node: YamlNode | undefined,
  prefix: string,
  at: Location,
  into: Map<string, { value: string; at: Location }>,
): void {
  if (node?.kind === "map") {
    if (prefix !== "") into.set(prefix, { value: "true", at });
    for (const { key, value } of node.entries)
      flatten(value, `${prefix}${prefix === "" ? "" : "."}${key.value.toLowerCase()}`, at, into);
    return;
  }
  const value =
    node?.kind === "seq" ? node.items.map(each => textOf(each)?.value).join(",") : textOf(node)?.value;
  into.set(prefix, { value: value ?? "true", at });
}

const routerLabel = /^traefik\.http\.routers\.(.+?)\.(rule|entrypoints|service|middlewares|tls(?:\..+)?)$/i;

/** The routers that labels of a service define; none where Traefik is told to leave the service alone. */
export function routersOf(service: Service): TraefikRouter[] {
  if (label(service, "traefik.enable")?.value?.text === "false") return [];
  const groups = new Map<string, Map<string, Variable>>();
  for (const each of service.labels) {
    const found = routerLabel.exec(each.name);
    if (!found) continue;
    const name = found[1]!.toLowerCase();
    const group = groups.get(name) ?? new Map<string, Variable>();
    groups.set(name, group.set(found[2]!.toLowerCase(), each));
  }
  return [...groups].map(([name, labels]) => routerOf(service, name, labels));
}

function routerOf(service: Service, name: string, labels: ReadonlyMap<string, Variable>): TraefikRouter {
  const text = (key: string) => labels.get(key)?.value?.text;
  const entrypoints = labels.get("entrypoints");
  const rule = labels.get("rule")?.value?.raw;
  const target = labels.get("service");
  return {
    name,
    service,
    at: (labels.get("rule") ?? [...labels.values()][0]!).at,
    ...(entrypoints && text("entrypoints") !== undefined
      ? { entrypoints: listOf(text("entrypoints")!.toLowerCase()), entrypointsAt: entrypoints.at }
      : {}),
    tls: [...labels].some(
      ([key, each]) => key.startsWith("tls.") || (key === "tls" && each.value?.text !== "false"),
    ),
    ...(rule === undefined ? {} : { rule }),
    // A middleware whose name cannot be resolved may do anything.
    middlewares: labels.has("middlewares") ? listOf(text("middlewares") ?? "?@file") : [],
    ...(target ? { target: target.value?.text ?? "?" } : {}),
  };
}

function listOf(text: string): string[] {
  return text.split(",").flatMap(each => each.trim() || []);
}

function label(service: Service, name: string): Variable | undefined {
  return service.labels.find(each => each.name.toLowerCase() === name);
}

/** The ports that labels tell Traefik to talk to. A service of Traefik that has an address of its own counts too. */
export function traefikPorts(service: Service): Variable[] {
  return service.labels.filter(each =>
    /^traefik\.http\.services\..+\.loadbalancer\.server\.(?:port|url)$/i.test(each.name),
  );
}

/** The network that Traefik is told to reach a service by: a label, or a default of its own. */
export function traefikNetwork(service: Service, options: TraefikStatic["options"]): string | undefined {
  const own = label(service, "traefik.docker.network") ?? label(service, "traefik.swarm.network");
  if (own) return own.value?.text ?? "?";
  return options.get("providers.docker.network")?.value ?? options.get("providers.swarm.network")?.value;
}

/** The port that an entry point listens on; undefined when there is no such one, or its address is not read. */
export function entrypointPort(options: TraefikStatic["options"], name: string): number | undefined {
  const address = options.get(`entrypoints.${name}.address`)?.value;
  const digits = /:(\d+)(?:\/tcp)?$/.exec(address ?? "")?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** A middleware of the project's labels that sends visitors elsewhere; true for one that stands in another place. */
export function mayRedirect(project: ComposeProject, middleware: string): boolean {
  const name = middleware.toLowerCase().replace(/@docker$/, "");
  if (name.includes("@") || name.includes("?") || name.includes("$")) return true;
  const labels = project.services.flatMap(service => service.labels.map(each => each.name.toLowerCase()));
  const own = labels.filter(each => each.startsWith(`traefik.http.middlewares.${name}.`));
  return own.length === 0 || own.some(each => /\.(?:redirectscheme|redirectregex|chain|plugin)\./.test(each));
}

/** A file or folder of a container that is gone with it: no volume, no folder of the host stands there. */
export function isFleeting(service: Service, path: string): boolean {
  return !service.mounts.some(mount => mount.type !== "tmpfs" && inside(mount.target, path) !== undefined);
}

/**
 * The published ports of a project's Traefik that surely speaks plain HTTP alone, and has no other proxy in front:
 * no entry point for TLS, no resolver, no router with TLS. Undefined when it may speak TLS.
 */
export function plainTraefikPorts(stack: Stack, project: ComposeProject): Port[] | undefined {
  const traefik = traefikOf(project);
  const settings = traefik && traefikStatic(stack, traefik);
  if (!traefik || !settings || traefik.networkMode) return undefined;
  const keys = [...settings.options.keys()];
  const secure =
    /^certificatesresolvers\.|\.http\.tls|\.forwardedheaders\.|\.proxyprotocol\.|\.http3|\.redirections\./;
  if (keys.some(key => secure.test(key)) || !keys.some(key => /^entrypoints\./.test(key))) return undefined;
  const names = new Set(keys.flatMap(key => /^entrypoints\.([^.]+)\.address$/.exec(key)?.[1] ?? []));
  const open = [...names].map(name => entrypointPort(settings.options, name));
  if (open.some(port => port === undefined || port === 443 || port === 8443)) return undefined;
  if (project.services.some(each => routersOf(each).some(router => router.tls))) return undefined;
  if (traefik.ports.some(port => port.published === 443 || port.target === 443)) return undefined;
  const ports = traefik.ports.filter(port => port.public === true && open.includes(port.target));
  return ports.length > 0 ? ports : undefined;
}

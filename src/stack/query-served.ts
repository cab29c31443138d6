import type { NginxLocation, NginxServer } from "../artifacts/nginx-model.ts";
import { inside } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import { itemsOf, textOf } from "../formats/yaml.ts";
import { allLocations } from "./proxy/effective.ts";
import { effectiveDirective } from "./proxy/inherit.ts";
import { containerFile } from "./query.ts";
import { startsByScript } from "./query-certificates.ts";
import { traefikPorts } from "./query-traefik.ts";
import type { CaddyInstance, ProxyInstance, Service, Stack } from "./stack.ts";

/** Directories from which a front door serves files, and what is seen there. */

export interface ServedDirectory {
  /** The directory in the container; undefined where no `root` is said at all. */
  readonly path?: string;
  /** What visitors ask for. */
  readonly url: string;
  readonly at: Location;
  /** What stands there in the official image is a page of its own. */
  readonly whole: boolean;
}

/** The directories of nginx's locations that answer with files and nothing else. */
export function nginxDirectories(proxy: ProxyInstance): ServedDirectory[] {
  const asked = askedPorts(proxy);
  return proxy.effective.servers.flatMap(server => {
    const { listens } = server;
    if (asked && listens.length > 0 && listens.every(({ port }) => port !== undefined && !asked.has(port)))
      return [];
    return allLocations(server).flatMap(location => served(server, location) ?? []);
  });
}

/** The ports that the network or a Traefik beside it asks; undefined where that cannot be told. */
function askedPorts({ service }: ProxyInstance): ReadonlySet<number> | undefined {
  if (!service) return undefined;
  // A swarm's Traefik reads the labels of the service, not those of its containers.
  const swarm = itemsOf(service.get("deploy", "labels")).flatMap(item => textOf(item)?.value ?? []);
  const asked = swarm.filter(text => /^traefik\.http\.services\..+\.server\.port=/i.test(text));
  const ports = [
    ...service.ports.map(port => port.target),
    ...[...traefikPorts(service).map(({ value }) => value?.text ?? ""), ...asked].map(text =>
      Number(/(\d+)\/?$/.exec(text)?.[1]),
    ),
  ];
  const known = ports.every(port => port !== undefined && !Number.isNaN(port)) && ports.length > 0;
  return known ? new Set(ports as number[]) : undefined;
}

const answers =
  /^(?:return|rewrite|stub_status|internal|empty_gif|dav_methods|js_content|content_by_lua\w*|access_by_lua\w*|mirror|grpc_pass|deny)$/;

function served(server: NginxServer, location: NginxLocation): ServedDirectory | undefined {
  const { modifier, path, directives } = location;
  if (location.proxyPass || modifier === "@" || modifier === "=" || path.value.includes("well-known"))
    return undefined;
  if (directives.some(each => answers.test(each.name.value) || each.name.value.endsWith("_pass")))
    return undefined;
  // `if` and nested locations may answer in another way.
  if (location.nested.length > 0 || directives.some(each => each.name.value === "if")) return undefined;
  const tries = directives.find(each => each.name.value === "try_files");
  const last = tries?.args.at(-1)?.value ?? "";
  if (/^[@=]|^\/index\.php/.test(last)) return undefined;
  // The last word of try_files is a location of its own, and it may hand requests on.
  const next = server.locations.find(
    other => last.startsWith("/") && other.path.value === last.split("?")[0],
  );
  if (next?.proxyPass) return undefined;
  const place = effectiveDirective(location, "alias") ?? effectiveDirective(location, "root");
  const value = place?.args[0]?.value;
  if (place && (value === undefined || !value.startsWith("/") || value.includes("$"))) return undefined;
  const whole = path.value === "/" && modifier !== "~" && modifier !== "~*";
  return {
    ...(value === undefined ? {} : { path: value.replace(/(.)\/+$/, "$1") }),
    url: path.value,
    at: place?.at ?? location.path.at,
    whole,
  };
}

/** The directories of Caddy's file servers. */
export function caddyDirectories({ model }: CaddyInstance): ServedDirectory[] {
  return model.sites.flatMap(site => {
    const all = flat(site.directives);
    const roots = all.filter(each => each.name.value === "root");
    const [root] = roots;
    const path = root?.args.at(-1)?.value;
    if (roots.length !== 1 || !all.some(each => each.name.value === "file_server")) return [];
    if (!path?.startsWith("/") || /[{$]/.test(path)) return [];
    return [
      {
        path: path.replace(/(.)\/+$/, "$1"),
        url: site.addresses[0]?.text ?? "the site",
        at: root!.at,
        whole: true,
      },
    ];
  });
}

type Directives = CaddyInstance["model"]["sites"][number]["directives"];

function flat(directives: Directives): Directives {
  return directives.flatMap(each => [each, ...flat(each.block ?? [])]);
}

/** The only pages that the official images bring. */
const ownPages: Readonly<Record<string, readonly string[]>> = {
  nginx: ["/usr/share/nginx/html"],
  "nginxinc/nginx-unprivileged": ["/usr/share/nginx/html"],
  caddy: ["/usr/share/caddy", "/srv"],
};

/** Surely nothing stands at a path of a front door's container, and nothing is mounted there, above or below it. */
export function isNothingThere(stack: Stack, service: Service, path: string): boolean {
  const covered = service.mounts.some(
    ({ target }) => inside(target, path) !== undefined || inside(path, target) !== undefined,
  );
  if (covered || service.get("configs") || service.get("volumes_from") || service.get("develop"))
    return false;
  const pages = ownPages[service.imageRef?.name ?? ""];
  if (!service.build) return pages !== undefined && !startsByScript(service) && !pages.includes(path);
  const { model } = service;
  const base = ownPages[model?.base?.name ?? ""];
  if (!model || !base || base.includes(path)) return false;
  // What a step of the image makes is not always known.
  const steps = model.built.flatMap(({ stage }) => stage.runs.map(run => run.fragment.text));
  if (steps.some(text => text.includes(path) || /\b(?:curl|wget|git|tar|unzip|apk|apt-get)\b/.test(text)))
    return false;
  return containerFile(stack, service, path).has === "no";
}

import type { NginxLocation, NginxServer } from "../artifacts/nginx-model.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Location } from "../core/source.ts";
import type { NginxDirective } from "../formats/nginx.ts";
import { allLocations, type EffectiveNginx, listenPorts, tlsServers } from "./proxy/effective.ts";
import { proxyTarget } from "./proxy/route.ts";
import { gradeOf, hostNames, publicPorts, variable } from "./query.ts";
import { caddyOf, caddyPorts, isPlainCaddy } from "./query-caddy.ts";
import { type Listening, listening } from "./query-listen.ts";
import { pagesOf } from "./query-pages.ts";
import { plainTraefikPorts, traefikOf } from "./query-traefik.ts";
import type { ComposeProject, Grade, PlacedCall, Port, ProxyInstance, Service, Stack } from "./stack.ts";

/** Questions about nginx and what stands in front of, and behind it. */

/** A file that no service uses may run on a server, but nobody knows: it weighs one step less. */
export function proxyGrade(proxy: ProxyInstance): Grade {
  return proxy.service ? gradeOf(proxy.service) : "staging";
}

/** A service's name, or the file. */
export function proxyName(proxy: ProxyInstance): string {
  return proxy.service?.name ?? proxy.files[0] ?? "nginx";
}

/** How a sentence begins: `The proxy "web"`, or `The nginx configuration deploy/site.conf`. */
export function proxyTitle(proxy: ProxyInstance): string {
  return proxy.service ? `The proxy "${proxy.service.name}"` : `The nginx configuration ${proxyName(proxy)}`;
}

/** Proxies whose defects matter on a server: examples and workstation set-ups are left out. */
export function serverProxies(stack: Stack): ProxyInstance[] {
  return stack.proxies.filter(
    proxy =>
      proxyGrade(proxy) !== "development" &&
      (proxy.service !== undefined ||
        !proxy.files.some(file => /example|sample|\bdev\b|local|\btest|\.dist$/i.test(file))),
  );
}

/** One host that nginx sends requests to. */
export interface Upstreamed {
  readonly host: string;
  /** Undefined when it is not known. */
  readonly port?: number;
  readonly at: Location;
  /** nginx looks the name up when it starts, and never again. */
  readonly atStart: boolean;
  /** None for a server of an `upstream` that several locations may use. */
  readonly location?: NginxLocation;
}

/** Every host of `*_pass` and `upstream`, groups taken apart. */
export function upstreamHosts(nginx: EffectiveNginx): Upstreamed[] {
  const found: Upstreamed[] = [];
  for (const upstream of nginx.upstreams)
    for (const { host, port, at, parameters } of upstream.servers)
      found.push({
        host,
        ...(port === undefined ? {} : { port }),
        at,
        atStart: !parameters.includes("resolve"),
      });
  for (const location of nginx.servers.flatMap(allLocations)) {
    const pass = location.proxyPass;
    const target = pass && proxyTarget(location);
    if (!pass || !target?.host || nginx.upstreams.some(upstream => upstream.name.value === target.host))
      continue;
    const { host, port } = target;
    found.push({
      host,
      ...(port === undefined ? {} : { port }),
      at: pass.url.at,
      atStart: !pass.isVariable,
      location,
    });
  }
  return found;
}

/** The services of the proxy's project that a location sends to. */
export function servicesBehind(proxy: ProxyInstance, location: NginxLocation): Service[] {
  const project = proxy.service?.project;
  const host = location.proxyPass && proxyTarget(location)?.host;
  if (!project || !host) return [];
  const group = proxy.effective.upstreams.find(upstream => upstream.name.value === host);
  const hosts = group ? group.servers.map(server => server.host) : [host];
  return project.services.filter(service => hostNames(service).some(name => hosts.includes(name)));
}

/** What a service listens on, where its own configuration says so. Undefined when that is not certain. */
export function servingPorts(stack: Stack, service: Service): Listening | undefined {
  const own = stack.proxies.find(proxy => proxy.service === service);
  if (own) {
    if (own.effective.gaps.length > 0 || own.effective.servers.length === 0) return undefined;
    if (own.effective.tree.some(directive => directive.name.value === "stream")) return undefined;
    const listens = own.effective.servers.flatMap(server => server.listens);
    // A variable of a template may be any port.
    if (listens.some(listen => listen.port === undefined)) return undefined;
    return { ports: listenPorts(own.effective), at: own.effective.servers[0]!.listens[0]!.at };
  }
  const caddy = stack.caddies.find(each => each.service === service);
  if (caddy) {
    const ports = caddyPorts(caddy);
    return ports && { ports, at: caddy.model.sites[0]!.at };
  }
  if (service.process?.argv[0]?.value?.split("/").at(-1) === "php-fpm") return phpPorts(service);
  const open = listening(stack, service) ?? declaredPort(service);
  const word = service.process?.argv.find(({ value }) => value?.endsWith(String(open?.ports[0])));
  return open && word && !open.inCode ? { ...open, at: word.at } : open;
}

/** PORT of the service and EXPOSE of its image agree, whatever the program is written in. */
function declaredPort(service: Service): Listening | undefined {
  const given = variable(service, "PORT");
  const port = Number(given?.value?.text);
  const exposed = service.model?.exposes ?? [];
  const agree = exposed.length === 1 && Number(exposed[0]!.value.replace(/\/tcp$/, "")) === port;
  return given && Number.isInteger(port) && port > 0 && agree
    ? { ports: [port], at: given.at, inCode: true }
    : undefined;
}

/** The official images of PHP listen on 9000, unless the project brings a file of pools or changes theirs. */
function phpPorts({ model, mounts, facts, at }: Service): Listening | undefined {
  const family = model?.base?.family ?? facts?.family;
  if (family !== "php" || mounts.some(mount => /php-fpm|\/usr\/local\/etc$/.test(mount.target)))
    return undefined;
  const changed = (model?.built ?? []).some(({ stage }) =>
    [
      ...stage.copies.map(copy => copy.destination.value + copy.sources.map(each => each.value).join(" ")),
      ...stage.runs.map(run => run.fragment.text),
    ].some(text => /fpm\.d|fpm\.conf|www\.conf|zz-|\.conf\b|\blisten\b/.test(text)),
  );
  return changed ? undefined : { ports: [9000], at: model?.stage.from.at ?? at };
}

const terminators =
  /(?:^|[/-])(?:traefik|caddy[\w-]*|nginx-proxy|nginx-proxy-manager|acme-companion|cloudflared|swag|letsencrypt[\w-]*|https-portal|haproxy|envoy|ngrok|tailscale|tunnel|pomerium|kong|apisix)(?:$|[:/@-])/i;

/** A service that speaks TLS for others: Traefik, Caddy, a tunnel. nginx is judged by its configuration. */
export function isTerminator(service: Service): boolean {
  return (
    terminators.test(service.imageRef?.family ?? service.image?.raw ?? "") || terminators.test(service.name)
  );
}

/** Published for everybody, and none of the ports is for TLS. */
export function plainPorts(service: Service): Port[] {
  return publicPorts(service).filter(port => port.protocol === "tcp" && port.target !== undefined);
}

const siteName = /(?:^|[-_])(?:front-?end|web-?app|client|ui|spa|site|static|assets)(?:[-_]|$)/i;

/**
 * A pulled image that puts a built site into a folder which the open proxy serves, and that nobody asks for anything:
 * its work is done when the files lie there.
 */
export function handsFilesOver(stack: Stack, service: Service): boolean {
  const { project, mounts } = service;
  if (service.build || service.ports.length > 0 || service.labels.length > 0) return false;
  if (!siteName.test(service.name) || service.get("expose") || service.healthcheck) return false;
  const shared = project.services.some(
    other =>
      other !== service &&
      publicPorts(other).some(port => port.target === 80 || port.target === 443) &&
      other.mounts.some(({ source }) => source !== undefined && mounts.some(own => own.source === source)),
  );
  const names = hostNames(service).map(name => name.replace(/[^\w-]/g, "\\$&"));
  const asked = new RegExp(`(?://|\\bserver\\s+|\\s|["'])(?:${names.join("|")}):\\d`);
  return shared && ![...stack.sources.values()].some(({ text }) => asked.test(text));
}

const infrastructure =
  /\.tf$|(?:^|\/)(?:Caddyfile|Chart\.yaml|kustomization\.ya?ml|fly\.toml|app\.ya?ml|cloudflared\/|traefik\/|k8s\/|kubernetes\/|helm\/|haproxy\.cfg)/;

/** Something in this repository, or in what it says of its surroundings, encrypts the traffic of a project. */
export function tlsElsewhere(stack: Stack, project: ComposeProject): boolean {
  if (
    project.networks.some(network => network.external) ||
    project.services.some(each => isPrepared(stack, each))
  )
    return true;
  const others = stack.projects.filter(each => each === project || each.grade !== "development");
  const plain = stack.caddies.filter(isPlainCaddy);
  const plainTraefik = plainTraefikPorts(stack, project) && traefikOf(project);
  const terminates = (service: Service): boolean => {
    const caddy = caddyOf(stack, service);
    return isTerminator(service) && !(caddy && plain.includes(caddy)) && service !== plainTraefik;
  };
  if (others.some(each => each.services.some(terminates))) return true;
  // A file that no service uses may be the configuration of the host.
  const near = stack.proxies.filter(({ service }) => service === undefined || service.project === project);
  if (near.some(proxy => tlsServers(proxy.effective).length > 0 || trustsOuterProxy(proxy))) return true;
  if (writtenOf(stack, project) || stack.calls.some(isTunnel)) return true;
  const read = new Set(plain.map(caddy => caddy.file));
  return stack.files.paths.some(path => infrastructure.test(path) && !read.has(path));
}

const spoken =
  /nginx[- ]?proxy[- ]?manager|cloudflare[- ](?:tunnel|ssl|proxy|origin)|\b(?:tls|ssl|https)\b[^.\n]{0,30}(?:terminat|offload)|(?:terminat|offload)\w*[^.\n]{0,30}\b(?:tls|ssl|https)\b|reverse proxy[^.\n]{0,60}\b(?:tls|ssl|https)\b/i;

/** `Live demo: https://shop.example.org`; pages about something else stand on hosts that many share. */
const live =
  /\b(?:live|demo|production|deployed|available|hosted|running|website)\b[^\n]{0,60}https:\/\/(?!(?:\w+\.)*(?:github|gitlab|docker|npmjs|localhost|example|your|vercel|netlify|shields|img|youtu|docs)[\w-]*\.)[a-z0-9][\w-]*\.[\w.-]+/i;

/** A page for operators, or a comment of the Compose file, says what speaks TLS in front of it, or where the site is. */
function writtenOf(stack: Stack, project: ComposeProject): boolean {
  const pages = pagesOf(stack);
  if (pages.some(({ path, text }) => /^readme\./i.test(path) && live.test(text))) return true;
  const own = project.files.flatMap(path => sourceOf(stack, path) ?? []);
  return [...pages, ...own].some(({ text }) => spoken.test(text) || showsDoor(project, text));
}

/** `reverse_proxy web:3000` or `proxy_pass http://127.0.0.1:8000`, as a page shows it beside a certificate of its own. */
function showsDoor(project: ComposeProject, text: string): boolean {
  if (
    !/\btls internal\b/.test(text) &&
    ![...text.matchAll(fetched)].some(([, asked, kept]) => !exampleSite.test(asked ?? kept!))
  )
    return false;
  const doors = text.matchAll(/\b(?:reverse_proxy|proxy_pass)\s+(?:https?:\/\/)?([\w.-]+):(\d+)/g);
  return [...doors].some(([, host, port]) =>
    project.services.some(
      service =>
        service.name === host ||
        (/^(?:localhost|127\.0\.0\.1)$/.test(host!) &&
          service.ports.some(({ published }) => String(published) === port)),
    ),
  );
}

/** `cloudflared access` only goes through somebody's tunnel. */
function isTunnel({ call }: PlacedCall): boolean {
  return call.name === "cloudflared" && /^(?:tunnel|service)$/.test(call.args[0]?.value ?? "");
}

/** Its ports, labels or variables are those of a service that speaks TLS or that stands behind one that does. */
function isPrepared(stack: Stack, service: Service): boolean {
  const { labels, environment, ports } = service;
  const prepared = plainTraefikPorts(stack, service.project) ? /caddy/i : /traefik|caddy/i;
  const secure = ports.filter(port => [443, 8443].includes(port.target ?? 0) || port.published === 443);
  return (
    labels.some(label => prepared.test(label.name)) ||
    environment.some(each => /^(?:VIRTUAL_HOST|LETSENCRYPT_HOST)$/.test(each.name)) ||
    secure.some(port => !isDeaf(stack, service, port))
  );
}

/** nginx or Caddy, with a configuration that is known as a whole, listens to nothing behind this port. */
function isDeaf(stack: Stack, service: Service, port: Port): boolean {
  const caddy = caddyOf(stack, service);
  if (caddy) return port.target !== undefined && caddyPorts(caddy)?.includes(port.target) === false;
  const proxy = stack.proxies.find(each => each.service === service);
  const listens = proxy && proxy.effective.gaps.length === 0 ? listenPorts(proxy.effective) : [];
  return port.target !== undefined && listens.length > 0 && !listens.includes(port.target);
}

/** The server's port for TLS belongs to a proxy of the project that does not listen there: nothing else on the machine can. */
export function deafTlsPorts(stack: Stack, project: ComposeProject): Port[] {
  return project.services.flatMap(service =>
    publicPorts(service).filter(port => port.published === 443 && isDeaf(stack, service, port)),
  );
}

/** It takes the client's address or scheme from a header: another proxy stands in front of it. */
function trustsOuterProxy({ effective }: ProxyInstance): boolean {
  return (
    takesOuter(effective.tree) ||
    effective.maps.some(map => /^\$http_(?:x_forwarded_proto|cf_)/.test(map.source))
  );
}

function takesOuter(directives: readonly NginxDirective[]): boolean {
  return directives.some(
    ({ name, args, block }) =>
      name.value === "set_real_ip_from" ||
      (name.value !== "log_format" &&
        args.some(
          ({ value }) =>
            /\$http_(?:x_forwarded|cf_|forwarded)/.test(value) && !/^\$http_x_forwarded_for/.test(value),
        )) ||
      (block !== undefined && takesOuter(block)),
  );
}

/** The first literal name of a server. */
export function serverName(server: NginxServer): string | undefined {
  return server.names.find(({ value }) => /^[\w.-]+\.[\w.-]+$/.test(value))?.value;
}

/** `certbot --nginx -d shop.harbour.org`, or where certbot has put it. */
const fetched =
  /\bcertbot\b[^\n]{0,120} -d ([\w.-]+\.[a-z]{2,})|\/etc\/letsencrypt\/live\/([\w.-]+\.[a-z]{2,})\//g;
const exampleSite = /(?:^|[.-])(?:example|your[\w-]*|my[\w-]*|domain\w*)[.-]/;

/** A proxy whose configuration is mounted from the repository, which does not have it. */
export function lacksConfiguration({ kind, mounts }: Service): boolean {
  return (
    kind === "proxy" &&
    mounts.some(
      ({ target, exists }) =>
        exists === "absent" &&
        /^\/etc\/(?:nginx\/(?:nginx\.conf|conf\.d\/[^/]+\.conf)|caddy\/Caddyfile)$/.test(target),
    )
  );
}

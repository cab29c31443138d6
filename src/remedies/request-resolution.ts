import type { NginxLocation, NginxServer } from "../artifacts/nginx-model.ts";
import type { Edit } from "../core/fix.ts";
import { addAfter, addBefore, replaceArgs } from "../formats/nginx-edit.ts";
import { allLocations } from "../stack/proxy/effective.ts";
import { effectiveDirective, proxyHeadersAt } from "../stack/proxy/inherit.ts";
import { serviceAt } from "../stack/query.ts";
import type { ProxyInstance, Stack } from "../stack/stack.ts";
import { allEdits, nginxSource, ownDirectives, passOf } from "./nginx.ts";

/**
 * Lets nginx look every service up while it serves, and not once when it starts: the address becomes a variable, and
 * Docker's name server is named. Undefined where one of the services is behind an `upstream` (what that keeps for
 * connections would be lost), or where a variable would change what the service is asked for.
 */
export function resolvePerRequest(stack: Stack, proxy: ProxyInstance): readonly Edit[] | undefined {
  const project = proxy.service?.project;
  if (!project || proxy.service?.networkMode) return undefined;
  const isService = (host: string) => serviceAt(project, host) !== undefined;
  if (proxy.effective.upstreams.some(group => group.servers.some(({ host }) => isService(host))))
    return undefined;
  const edits: (Edit | undefined)[] = [];
  for (const server of proxy.effective.servers) {
    const fixed = allLocations(server).filter(
      ({ proxyPass: pass }) => pass && !pass.isVariable && pass.host !== undefined && isService(pass.host),
    );
    if (fixed.length === 0) continue;
    edits.push(...fixed.flatMap(location => asVariable(stack, location)));
    if (!effectiveDirective(server, "resolver")) edits.push(withResolver(stack, server));
  }
  return allEdits(edits);
}

function withResolver(stack: Stack, server: NginxServer): Edit | undefined {
  const own = ["server_name", "listen"].flatMap(name => ownDirectives(stack, server.scope, name).slice(-1));
  const anchor = own.sort((a, b) => b.at.span.start - a.at.span.start)[0];
  const source = anchor && nginxSource(stack, anchor.at);
  return source && addAfter(source, anchor, ["resolver 127.0.0.11 valid=10s;"]);
}

/** What ends or changes the phase in which a variable is set. */
const rewrites = new Set(["rewrite", "break", "if", "return", "set"]);
const plainPath = /^\/[\w./-]*$/;

function asVariable(stack: Stack, location: NginxLocation): (Edit | undefined)[] {
  const pass = passOf(location);
  const source = pass && nginxSource(stack, pass.at);
  const target = location.proxyPass!;
  // Redirects to the service's own name are only put right where the address is no variable.
  const asksByOwnName = proxyHeadersAt(location).get("Host") === "$proxy_host";
  const [, address, path] = /^(https?:\/\/[\w.-]+(?::\d+)?)(\/.*)?$/.exec(target.url.value) ?? [];
  if (location.directives.some(({ name }) => rewrites.has(name.value))) return [undefined];
  if (!source || asksByOwnName || address === undefined || effectiveDirective(location, "proxy_redirect"))
    return [undefined];
  const variable = `$to_${target.host!.replace(/\W/g, "_")}`;
  const lines = [`set ${variable} ${address};`];
  if (path !== undefined) {
    const { modifier, path: from } = location;
    const isPrefix = modifier === "" || modifier === "^~";
    if (!isPrefix || !plainPath.test(path) || !plainPath.test(from.value)) return [undefined];
    // A variable passes the path on as it was sent. Where a path stands behind the address, even the same one, nginx
    // sends the decoded path, and so does this.
    const pattern = from.value.replace(/[.-]/g, "\\$&").replaceAll("\\-", "-");
    lines.push(`rewrite ^${pattern}(.*)$ ${path}$1 break;`);
  }
  return [addBefore(source, pass, lines), replaceArgs(source, pass, variable)];
}

import { sourceOf } from "../core/project-files.ts";
import { type Location, locate } from "../core/source.ts";
import type { AppComponent } from "./app/detect.ts";
import { route } from "./proxy/route.ts";
import { gradeOf } from "./query.ts";
import { codeOf } from "./query-code.ts";
import { serverName, serverProxies, servicesBehind } from "./query-proxy.ts";
import type { ProxyInstance, Service, Stack } from "./stack.ts";

/** Pages of an application in the browser whose addresses the proxy hands to a program. */
export interface ShadowedPages {
  readonly proxy: Service;
  readonly target: Service;
  /** Where the proxy hands them on. */
  readonly at: Location;
  /** Never empty. */
  readonly pages: readonly { readonly path: string; readonly at: Location }[];
}

const browser = new Set(["vite", "cra"]);
const longest = 200_000;
/** `<Route path="/client/profile" ...>`, and `path: "/client/profile"` in a table of routes. */
const inElement = /<Route\b[^>\n]{0,200}?\bpath=\{?["'](\/[\w./-]+)/g;
const inTable = /^[ \t]*\{?[ \t]*path:[ \t]*["'](\/[\w./-]+)/gm;
const tables = /\bcreateBrowserRouter\b|\bcreateRouter\b|\buseRoutes\b|\bRouteObject\b/;

export function shadowedPages(stack: Stack): ShadowedPages[] {
  const pages = stack.components.filter(each => browser.has(each.kind)).flatMap(pagesOf(stack));
  if (pages.length === 0) return [];
  return serverProxies(stack).flatMap(proxy => inFront(proxy, pages));
}

type Page = ShadowedPages["pages"][number];

const pagesOf =
  (stack: Stack) =>
  (component: AppComponent): Page[] =>
    codeOf(component).flatMap(path => {
      const source = sourceOf(stack, path);
      if (!source || source.text.length > longest || !/router/i.test(source.text)) return [];
      const found = [
        ...source.text.matchAll(inElement),
        ...(tables.test(source.text) ? source.text.matchAll(inTable) : []),
      ];
      return found.map(match => ({
        path: match[1]!,
        at: locate(source, match.index + match[0].length - match[1]!.length, match.index + match[0].length),
      }));
    });

function inFront(proxy: ProxyInstance, pages: readonly Page[]): ShadowedPages[] {
  const { service, effective } = proxy;
  if (!service || gradeOf(service) !== "deployed" || effective.gaps.length > 0) return [];
  const server =
    effective.servers.find(each => each.listens.some(listen => listen.ssl)) ?? effective.servers[0];
  const port = server?.listens[0]?.port;
  if (!server || port === undefined) return [];
  const ask = (path: string) => route(effective, { port, host: serverName(server) ?? "example.org", path });
  // What answers the first page hands out the application.
  const home = ask("/");
  const hands = home.outcome.kind === "static" && home.outcome.root !== undefined;
  const from =
    home.location && home.outcome.kind === "proxy" ? servicesBehind(proxy, home.location)[0] : undefined;
  if (!hands && !(from?.component && browser.has(from.component.kind)) && from?.kind !== "proxy") return [];
  const groups = new Map<string, ShadowedPages & { pages: Page[] }>();
  for (const page of pages) {
    const { outcome, location } = ask(page.path);
    const [target] = outcome.kind === "proxy" && location ? servicesBehind(proxy, location) : [];
    if (!target || target === from || outcome.kind !== "proxy") continue;
    if (!target.component || browser.has(target.component.kind) || target.component.kind === "next") continue;
    const key = `${location!.at.file} ${location!.at.span.start}`;
    const group = groups.get(key) ?? { proxy: service, target, at: outcome.at, pages: [] };
    groups.set(key, group);
    if (!group.pages.some(({ path }) => path === page.path)) group.pages.push(page);
  }
  return [...groups.values()];
}

import { djangoSettingUnder } from "../../artifacts/django-settings.ts";
import type { NginxLocation } from "../../artifacts/nginx-model.ts";
import type { Location } from "../../core/source.ts";
import { sendToUpstream } from "../../remedies/nginx.ts";
import { offer } from "../../remedies/offer.ts";
import { allLocations } from "../../stack/proxy/effective.ts";
import { proxyHeadersAt } from "../../stack/proxy/inherit.ts";
import { proxyTarget } from "../../stack/proxy/route.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { lookupOf, settingsOf } from "../../stack/query-environment.ts";
import { servicesBehind } from "../../stack/query-proxy.ts";
import type { ProxyInstance } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

interface Refused {
  readonly location: NginxLocation;
  readonly host: string;
  readonly because: Location;
  readonly shows: string;
}

export default defineRule({
  id: "proxy/host-header",
  title: "Django is asked under a host name that it accepts",
  claim: "boots-healthy",
  severity: "high",
  why: "nginx sends the upstream's name as Host when nothing else is set, and Django answers 400 to a name that it does not know or that is no host name.",
  *check(stack) {
    for (const proxy of stack.proxies) {
      const { service } = proxy;
      if (!service) continue;
      const refused = refusedLocations(proxy);
      const [first, ...more] = refused;
      if (!first) continue;
      const paths = [...new Set(refused.map(each => each.location.path.value))].slice(0, 4);
      const whole = refused.some(({ location }) => location.path.value === "/");
      const reasons = new Map(refused.map(each => [`${each.because.file}:${each.because.span.start}`, each]));
      yield {
        subject: service.name,
        message: `Django answers 400 to what the proxy "${service.name}" sends it from ${paths.join(" and ")}: the Host header is "${first.host}".`,
        severity: weigh(service, whole ? "high" : "medium"),
        evidence: [
          evidence(placeOf(first), `sends Host: ${first.host}`),
          ...more.map(each => evidence(placeOf(each), `sends Host: ${each.host}`)),
          ...[...reasons.values()].map(each => evidence(each.because, each.shows)),
        ],
        fix: () =>
          offer(
            {
              title: "Pass the visitor's host name on",
              grade: "needs-testing",
              test: "Ask for these paths through the proxy, and follow a link that the application builds.",
            },
            sendToUpstream(
              stack,
              refused.map(each => each.location),
              "Host $host",
            ),
          ),
      };
    }
  },
});

function placeOf({ location }: Refused): Location {
  return location.proxyPass?.url.at ?? location.at;
}

function refusedLocations(proxy: ProxyInstance): Refused[] {
  return proxy.effective.servers.flatMap(allLocations).flatMap(location => {
    if (location.proxyPass?.protocol !== "http") return [];
    const headers = proxyHeadersAt(location);
    if (headers.get("Host") !== "$proxy_host" || headers.get("X-Forwarded-Host")) return [];
    const target = proxyTarget(location);
    const service = servicesBehind(proxy, location).find(each => each.component?.kind === "django");
    if (!target?.host || !service) return [];
    const { host } = target;
    const upstream = proxy.effective.upstreams.find(each => each.name.value === host);
    if (host.includes("_")) {
      const because = upstream?.name.at ?? service.at;
      return [
        {
          location,
          host,
          because,
          shows: `"${host}" has an underscore, which Django accepts in no host name`,
        },
      ];
    }
    const settings = settingsOf(service);
    const allowed = settings && djangoSettingUnder(settings, "ALLOWED_HOSTS", lookupOf(service));
    const debug = settings && djangoSettingUnder(settings, "DEBUG", lookupOf(service));
    const at = settings?.values.get("ALLOWED_HOSTS")?.at;
    if (!Array.isArray(allowed) || allowed.length === 0 || debug !== false || !at) return [];
    if (allowed.some(entry => typeof entry !== "string" || accepts(entry, host))) return [];
    return [{ location, host, because: at, shows: `does not hold "${host}"` }];
  });
}

function accepts(entry: string, host: string): boolean {
  const pattern = entry.toLowerCase();
  return pattern === "*" || pattern === host || (pattern.startsWith(".") && `.${host}`.endsWith(pattern));
}

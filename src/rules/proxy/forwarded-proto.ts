import { djangoSettingUnder } from "../../artifacts/django-settings.ts";
import type { NginxLocation } from "../../artifacts/nginx-model.ts";
import { sendToUpstream } from "../../remedies/nginx.ts";
import { offer } from "../../remedies/offer.ts";
import { allLocations, tlsServers } from "../../stack/proxy/effective.ts";
import { proxyHeadersAt } from "../../stack/proxy/inherit.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { lookupOf, settingsOf } from "../../stack/query-environment.ts";
import { servicesBehind } from "../../stack/query-proxy.ts";
import type { ProxyInstance, Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "proxy/forwarded-proto",
  title: "Django is told that the visitor came through TLS",
  claim: "boots-healthy",
  severity: "high",
  why: "Django takes a request for plain HTTP when the proxy does not say otherwise: it redirects to HTTPS again and again, or refuses forms because their origin does not fit.",
  *check(stack) {
    for (const proxy of stack.proxies) {
      const { service } = proxy;
      if (!service) continue;
      const silent = silentLocations(proxy);
      const [first, ...more] = silent;
      if (!first) continue;
      const loops = first.redirects;
      yield {
        subject: service.name,
        message: loops
          ? `"${first.target.name}" redirects visitors of the proxy "${service.name}" to the page they asked for, without end: the proxy does not send X-Forwarded-Proto.`
          : `"${first.target.name}" takes what the proxy "${service.name}" sends it for plain HTTP: X-Forwarded-Proto is not sent.`,
        severity: weigh(service, loops ? "critical" : "medium"),
        evidence: [
          evidence(first.at, "sends no X-Forwarded-Proto"),
          ...more.map(each => evidence(each.at, "sends no X-Forwarded-Proto")),
          evidence(first.because, loops ? "redirects what came in plain HTTP" : "waits for the header"),
        ],
        fix: () =>
          offer(
            {
              title: "Tell the application how the visitor came",
              grade: "needs-testing",
              test: "Open a page and send a form through TLS.",
            },
            silent.every(each => each.believes)
              ? sendToUpstream(
                  stack,
                  silent.map(each => each.location),
                  "X-Forwarded-Proto $scheme",
                )
              : undefined,
          ),
      };
    }
  },
});

const checkPath = /^\/(?:[\w-]+\/)?(?:health(?:z|check)?|healthz?|ping|ready|readyz|live|livez|status)\/?$/;

/** Locations of TLS servers that keep the scheme from a Django program that asks for it. */
function silentLocations(proxy: ProxyInstance) {
  return tlsServers(proxy.effective)
    .flatMap(({ server }) => allLocations(server))
    .flatMap(location => {
      // A check of health is answered the same, and no visitor comes there.
      if (location.proxyPass?.protocol !== "http" || checkPath.test(location.path.value)) return [];
      if (proxyHeadersAt(location).get("X-Forwarded-Proto") !== undefined) return [];
      const target = servicesBehind(proxy, location).find(each => each.component?.kind === "django");
      const wish = target && wishOf(target);
      return target && wish ? [{ target, location, at: placeOf(location), ...wish }] : [];
    });
}

function placeOf(location: NginxLocation) {
  return location.proxyPass?.url.at ?? location.at;
}

function wishOf(service: Service) {
  const settings = settingsOf(service);
  if (!settings || settings.unseen.length > 0) return undefined;
  const lookup = lookupOf(service);
  const redirect = djangoSettingUnder(settings, "SECURE_SSL_REDIRECT", lookup);
  const header = djangoSettingUnder(settings, "SECURE_PROXY_SSL_HEADER", lookup);
  const names = Array.isArray(header) && header[0] === "HTTP_X_FORWARDED_PROTO";
  const at = settings.values.get(redirect === true ? "SECURE_SSL_REDIRECT" : "SECURE_PROXY_SSL_HEADER")?.at;
  if (!at || (redirect !== true && !names)) return undefined;
  return { redirects: redirect === true, because: at, believes: names };
}

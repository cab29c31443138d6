import { isTruthy } from "../../artifacts/value.ts";
import { addSettings, replaceSetting } from "../../remedies/django-settings.ts";
import { offer } from "../../remedies/offer.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { djangoOf } from "../../stack/query-frameworks.ts";
import { openPorts } from "../../stack/query-ports.ts";
import {
  hasNoLogins,
  type SettingsInForce,
  settingHere,
  settingsInForce,
  textsOf,
} from "../../stack/query-settings.ts";
import { tlsInFrontOf } from "../../stack/query-tls.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const local = /^https?:\/\/(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::\d+)?$/;

export default defineRule({
  id: "access/proxy-ssl-header",
  title: "Django knows when a visitor came through TLS",
  claim: "boots-healthy",
  severity: "high",
  why: "Behind a proxy that speaks TLS, Django sees plain HTTP: it redirects to HTTPS without end, refuses forms because their origin does not fit, and writes http:// into links.",
  *check(stack) {
    for (const here of settingsInForce(stack)) {
      const { service } = here;
      const tls = tlsInFrontOf(stack, service);
      // What the proxy does not send, Django cannot read: that is a finding about the proxy.
      if (!tls?.sendsScheme || !here.complete || serverTrustsProxy(service)) continue;
      const header = settingHere(here, "SECURE_PROXY_SSL_HEADER");
      if (header) {
        if (header.value !== null && header.value !== undefined)
          yield { subject: here.settings.file, kept: evidence(header.at, "reads the proxy's header") };
        if (header.value !== null) continue;
      }
      const redirect = settingHere(here, "SECURE_SSL_REDIRECT");
      if (redirect && redirect.value === undefined) continue;
      const loops = redirect?.value !== undefined && isTruthy(redirect.value);
      const refuses = !loops && !isBeforeOrigins(stack, service) && refusesForms(here);
      if (refuses === undefined) continue;
      const near =
        header ?? here.settings.values.get("ALLOWED_HOSTS") ?? here.settings.values.get("MIDDLEWARE");
      if (!near) continue;
      const origins = here.settings.values.get("CSRF_TRUSTED_ORIGINS");
      const consequence = loops
        ? "every page redirects to itself without end"
        : refuses
          ? "forms of the site are refused with status 403, because their origin is https and the request seems to be http"
          : "links and redirects that it builds begin with http";
      yield {
        subject: here.settings.file,
        message: `Django in service "${service.name}" takes what comes through TLS for plain HTTP, because SECURE_PROXY_SSL_HEADER is not set: ${consequence}.`,
        evidence: [
          loops
            ? evidence(redirect.at, "redirects what seems to be plain HTTP")
            : evidence(near.at, "no SECURE_PROXY_SSL_HEADER in these settings"),
          ...(refuses && origins ? [evidence(origins.at, "trusts local origins only")] : []),
          evidence(tls.at, "TLS ends here"),
        ],
        severity: weigh(service, loops ? "critical" : refuses ? "high" : "low"),
        ...(loops ? {} : { confidence: "likely" as const }),
        // Who reaches it without the proxy could claim to have come through TLS.
        fix: () =>
          offer(
            {
              title: "Read the scheme that the proxy sends",
              grade: "needs-testing",
              test: "Open a page, send a form and follow a link of a mail, each through TLS.",
            },
            openPorts(service).length > 0 ? undefined : believe(stack, here),
          ),
      };
    }
  },
});

function believe(stack: Stack, here: SettingsInForce) {
  const value = '("HTTP_X_FORWARDED_PROTO", "https")';
  const header = here.settings.values.get("SECURE_PROXY_SSL_HEADER");
  if (header) return replaceSetting(stack, header.at, value);
  const near = here.settings.values.get("MIDDLEWARE") ?? here.settings.values.get("ALLOWED_HOSTS");
  return addSettings(stack, here, [`SECURE_PROXY_SSL_HEADER = ${value}`], near?.at);
}

/** Django compares the origin of a form since 4.0. */
function isBeforeOrigins(stack: Stack, { component }: Service): boolean {
  const series = component?.django && djangoOf(stack, component.manifest)?.series;
  return series !== undefined && Number.parseInt(series, 10) < 4;
}

/** Whether Django refuses forms for their origin; undefined when that cannot be told. */
function refusesForms(here: SettingsInForce): boolean | undefined {
  const middleware = textsOf(settingHere(here, "MIDDLEWARE")?.value);
  if (!middleware) return undefined;
  if (!middleware.includes("django.middleware.csrf.CsrfViewMiddleware")) return false;
  if (hasNoLogins(here)) return false;
  const origins = settingHere(here, "CSRF_TRUSTED_ORIGINS");
  if (!origins) return true;
  return textsOf(origins.value)?.every(origin => local.test(origin));
}

/** A server that reads the header for Django: gunicorn and uvicorn told to trust the proxy. */
function serverTrustsProxy(service: Service): boolean {
  const words = service.process?.argv.map(word => word.value ?? "$") ?? ["$"];
  if (words.some(word => /^--?(?:forwarded-allow-ips|proxy-headers|c$|config)|^\$/.test(word))) return true;
  if (service.component?.files.paths.some(path => path.endsWith("gunicorn.conf.py"))) return true;
  return service.environment.some(each => /^(?:FORWARDED_ALLOW_IPS|GUNICORN_CMD_ARGS)$/.test(each.name));
}

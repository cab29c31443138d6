import { basename } from "../../core/path.ts";
import { route } from "../../stack/proxy/route.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { neverCollected } from "../../stack/query-collected-static.ts";
import { servicesBehind } from "../../stack/query-proxy.ts";
import { type SettingsInForce, settingHere, settingsInForce, textsOf } from "../../stack/query-settings.ts";
import type { ProxyInstance, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "proxy/static-files",
  title: "Somebody serves the static files of Django",
  claim: "boots-healthy",
  severity: "high",
  why: "With DEBUG off Django answers 404 for its own styles and scripts: pages and the admin come up bare, and what needs scripts does not work.",
  *check(stack) {
    for (const here of settingsInForce(stack)) {
      const { service } = here;
      const url = urlOf(here);
      if (url === undefined || settingHere(here, "DEBUG")?.value === true || isServedByDjango(stack, here))
        continue;
      const apps = textsOf(settingHere(here, "INSTALLED_APPS")?.value) ?? [];
      const hasAdmin = apps.some(app => app.startsWith("django.contrib.admin"));
      const hasPages = stack.files.paths.some(
        path =>
          /(?:^|\/)templates\/.*\.html$/.test(path) &&
          path.startsWith(service.component!.dir === "" ? "" : `${service.component!.dir}/`),
      );
      if (!hasAdmin && !hasPages) continue;
      const proxies = stack.proxies.filter(each => each.service?.project === service.project);
      if (proxies.some(proxy => servesWithoutPrefix(proxy, url))) continue;
      const asked = proxies.flatMap(proxy => {
        const at = proxy.effective.gaps.length === 0 ? handedOn(proxy, here, url) : undefined;
        return at ? [{ proxy, at }] : [];
      });
      const [one] = asked;
      const empty = asked.length === 0 ? neverCollected(stack, here, url) : undefined;
      if (empty)
        yield {
          subject: service.name,
          message: `Nothing collects the static files of "${service.name}": the proxy "${empty.proxy.name}" serves ${url} from a volume that stays empty.`,
          severity: weigh(service, hasPages ? "high" : "medium"),
          confidence: "likely",
          evidence: [
            evidence(empty.at, "nothing is put there"),
            evidence(empty.mount.at, "shared, and never filled"),
          ],
        };
      if (!one || asked.length < proxies.filter(proxy => leadsTo(proxy, here)).length) continue;
      const setting = here.settings.values.get("STATIC_URL")!;
      yield {
        subject: service.name,
        message: `Nobody serves ${url} of "${service.name}": the proxy "${one.proxy.service!.name}" hands it to Django, which serves no static files on a server.`,
        severity: weigh(service, hasPages ? "high" : "medium"),
        confidence: "likely",
        evidence: [
          evidence(one.at, `hands ${url} on`),
          evidence(setting.at, "Django expects somebody else to serve this"),
        ],
      };
    }
  },
});

/** The path below which static files are asked for; undefined for another host, or where it cannot be told. */
function urlOf(here: SettingsInForce): string | undefined {
  const value = settingHere(here, "STATIC_URL")?.value;
  if (typeof value !== "string" || /^(?:https?:)?\/\//.test(value) || value === "" || value === "/")
    return undefined;
  return `/${value.replace(/^\/|\/$/g, "")}/`;
}

const servers =
  /whitenoise|servestatic|dj_static|django\.views\.static|StaticFilesHandler|--insecure|storages|boto|S3|cloudinary/i;

/** WhiteNoise, a view, another storage, or the development server. */
function isServedByDjango(stack: Stack, { service, settings }: SettingsInForce): boolean {
  const { component, process } = service;
  if (!component || process?.argv.some(word => /^runserver/.test(word.value ?? ""))) return true;
  const words = [...(process?.commands.flat() ?? [])].map(word => word.value ?? "");
  if (words.some(word => servers.test(word) || word.startsWith("--static-map"))) return true;
  const below = component.dir === "" ? "" : `${component.dir}/`;
  const files = stack.files.paths.filter(
    path =>
      path.startsWith(below) &&
      /^(?:urls|wsgi|asgi|settings\w*|base|prod\w*|views)\.py$/.test(basename(path)),
  );
  return [...new Set([...files, ...settings.files])].some(path => {
    const read = stack.files.read(path);
    return "source" in read && servers.test(read.source.text);
  });
}

function leadsTo(proxy: ProxyInstance, { services }: SettingsInForce): boolean {
  return proxy.effective.servers.some(server =>
    server.locations.some(location =>
      servicesBehind(proxy, location).some(service => services.includes(service)),
    ),
  );
}

/** `/static/` from files, where pages ask for `/harbour/static/`: a server in front takes the prefix off. */
function servesWithoutPrefix({ effective }: ProxyInstance, url: string): boolean {
  return effective.servers.some(server =>
    server.locations.some(({ path, proxyPass, directives }) => {
      const place = path.value.replace(/\/?$/, "/");
      const files = directives.some(each => /^(?:alias|root)$/.test(each.name.value));
      return !proxyPass && files && place !== "/" && place !== url && url.endsWith(place);
    }),
  );
}

/** Where a proxy sends a request for a static file, when that is Django itself. */
function handedOn(proxy: ProxyInstance, { services }: SettingsInForce, url: string) {
  for (const server of proxy.effective.servers) {
    if (!server.locations.some(each => servicesBehind(proxy, each).some(one => services.includes(one))))
      continue;
    const port = server.listens[0]?.port;
    if (port === undefined) return undefined;
    const { location, outcome } = route(proxy.effective, {
      port,
      host: server.names.find(name => /^[\w.-]+$/.test(name.value))?.value ?? "localhost",
      path: `${url}admin/css/base.css`,
    });
    if (
      outcome.kind === "proxy" &&
      location &&
      servicesBehind(proxy, location).some(one => services.includes(one))
    )
      return outcome.at;
  }
  return undefined;
}

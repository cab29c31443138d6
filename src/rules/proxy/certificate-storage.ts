import { inside } from "../../core/path.ts";
import { evidence, serverServices, variable, weigh } from "../../stack/query.ts";
import { caddyOf } from "../../stack/query-caddy.ts";
import { isFleeting, traefikOf, traefikStatic } from "../../stack/query-traefik.ts";
import type { Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "proxy/certificate-storage",
  title: "Certificates outlive the container that fetched them",
  claim: "encrypts-traffic",
  severity: "medium",
  why: "Every release asks for all certificates again; after a few of them the authority refuses for a week, and visitors see a warning instead of the site.",
  *check(stack) {
    for (const service of serverServices(stack)) {
      const caddy = caddyOf(stack, service);
      const site = caddy?.model.sites.find(each => each.tls === "public" && isReached(service));
      // Certificates stand in another place when `storage` or the folder of data is set.
      const moved =
        caddy?.model.options.some(option => option.name.value === "storage") ||
        variable(service, "XDG_DATA_HOME") !== undefined;
      if (site && !moved) {
        const mount = service.mounts.find(each => inside(each.target, "/data/caddy") !== undefined);
        if (mount && !isFleeting(service, "/data/caddy")) {
          yield { subject: service.name, kept: evidence(mount.at, "certificates stand on a volume") };
          continue;
        }
        yield {
          subject: service.name,
          message: `"${service.name}" (Caddy) keeps its certificates in /data, on no volume: they are gone with the container.`,
          severity: weigh(service, "medium"),
          evidence: [
            evidence(service.at, "no volume on /data"),
            evidence(site.addresses[0]!.at, "Caddy fetches a certificate for this"),
          ],
        };
      }
      if (traefikOf(service.project) !== service) continue;
      const settings = traefikStatic(stack, service);
      for (const [name, resolver] of settings?.options ?? []) {
        const prefix = /^certificatesresolvers\.[^.]+\.acme\./.exec(name)?.[0];
        if (!prefix || !/\.(?:email|tlschallenge|httpchallenge|dnschallenge)$/.test(name)) continue;
        const storage = settings!.options.get(`${prefix}storage`);
        const path = storage?.value.replace(/^(?:\.\/)?(?!\/)/, "/") ?? "/acme.json";
        const at = storage?.at ?? resolver.at;
        if (!isFleeting(service, path)) {
          yield { subject: service.name, kept: evidence(at, "stands on a volume") };
          break;
        }
        yield {
          subject: service.name,
          message: `"${service.name}" keeps its certificates in ${path}, on no volume: they are gone with the container.`,
          severity: weigh(service, "medium"),
          evidence: [evidence(at, `${path} stands on no volume`)],
        };
        break;
      }
    }
  },
});

/** The authority comes to port 80 or 443: where other ports only are published, what is in front has the certificates. */
function isReached({ ports }: Service): boolean {
  return ports.length === 0 || ports.some(({ target }) => [undefined, 80, 443].includes(target));
}

import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { isFleeting, traefikOf, traefikStatic } from "../../stack/query-traefik.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "proxy/certificate-storage",
  title: "Certificates outlive the container that fetched them",
  claim: "encrypts-traffic",
  severity: "medium",
  why: "Every release asks for all certificates again; after a few of them the authority refuses for a week, and visitors see a warning instead of the site.",
  *check(stack) {
    for (const service of serverServices(stack)) {
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

import type { Location } from "../../core/source.ts";
import { evidence, gradeOf, isOptional, listNames, weigh } from "../../stack/query.ts";
import { traefikOf, traefikStatic } from "../../stack/query-traefik.ts";
import { defineRule } from "../rule.ts";

const label = /^traefik\.http\.routers\.(.+?)\.tls\.certresolver$/i;

export default defineRule({
  id: "proxy/traefik-resolver",
  title: "Traefik knows the resolver that its routers ask for certificates",
  claim: "encrypts-traffic",
  severity: "high",
  why: "Traefik writes a line into its log and serves its own certificate, which every browser refuses.",
  *check(stack) {
    for (const project of stack.projects) {
      if (gradeOf(project) === "development") continue;
      const traefik = traefikOf(project);
      const settings = traefik && traefikStatic(stack, traefik);
      if (!settings) continue;
      const known = new Set(
        [...settings.options.keys()].flatMap(key => /^certificatesresolvers\.([^.]+)\./.exec(key)?.[1] ?? []),
      );
      if ([...known].some(name => name.includes("$"))) continue;
      for (const service of project.services) {
        if (isOptional(service)) continue;
        const asks = service.labels.filter(each => label.test(each.name) && each.value?.text);
        const wrong = asks.filter(each => !known.has(each.value!.text!.toLowerCase()));
        const [first] = wrong;
        if (!first) {
          for (const each of asks)
            yield { subject: service.name, kept: evidence(each.at, "a resolver that Traefik has") };
          continue;
        }
        const names = [...known];
        yield {
          subject: service.name,
          message: `"${service.name}" asks for certificates from the resolver "${first.value!.text}", and ${names.length === 0 ? "Traefik has none" : `Traefik has only ${listNames(names)}`}.`,
          severity: weigh(project, "high"),
          evidence: [
            evidence(first.at, "no resolver of this name"),
            ...wrong.slice(1).map(each => evidence(each.at, "no resolver of this name")),
            evidence(
              resolverAt(settings.options) ?? settings.service.at,
              names.length === 0 ? "no resolver here" : "the one that there is",
            ),
          ],
        };
      }
    }
  },
});

function resolverAt(options: ReadonlyMap<string, { readonly at: Location }>) {
  return [...options].find(([key]) => key.startsWith("certificatesresolvers."))?.[1].at;
}

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
      const asks = project.services
        .filter(service => !isOptional(service))
        .flatMap(service =>
          service.labels
            .filter(each => label.test(each.name) && each.value?.text)
            .map(each => ({ service, name: each.value!.text!, at: each.at })),
        );
      for (const each of asks)
        if (known.has(each.name.toLowerCase()))
          yield { subject: each.service.name, kept: evidence(each.at, "a resolver that Traefik has") };
      // One name that is not there is one cause, however many routers ask for it.
      for (const name of new Set(asks.map(each => each.name))) {
        if (known.has(name.toLowerCase())) continue;
        const [first, ...more] = asks.filter(each => each.name === name);
        const services = [...new Set([first!, ...more].map(each => each.service.name))];
        yield {
          subject: `${project.name} ${name}`,
          message: `${listNames(services)} ${services.length === 1 ? "asks" : "ask"} for certificates from the resolver "${name}", and Traefik has ${known.size === 0 ? "none" : `only ${listNames([...known])}`}.`,
          severity: weigh(project, "high"),
          evidence: [
            evidence(first!.at, "no resolver of this name"),
            ...more.map(each => evidence(each.at, "no resolver of this name")),
            evidence(
              resolverAt(settings.options) ?? settings.service.at,
              known.size === 0 ? "no resolver here" : "the one that there is",
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

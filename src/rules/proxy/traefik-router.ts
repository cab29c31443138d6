import type { Evidence } from "../../core/finding.ts";
import { addTo } from "../../core/group.ts";
import { evidence, gradeOf, isOptional, listNames, weigh } from "../../stack/query.ts";
import {
  routersOf,
  type TraefikRouter,
  type TraefikStatic,
  traefikOf,
  traefikStatic,
} from "../../stack/query-traefik.ts";
import type { ComposeProject, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "proxy/traefik-router",
  title: "Traefik serves every router that labels define",
  claim: "boots-healthy",
  severity: "high",
  why: "Traefik writes a line into its log and leaves the router out: every request for it is answered with 404.",
  *check(stack) {
    for (const project of stack.projects) {
      if (gradeOf(project) === "development") continue;
      const traefik = traefikOf(project);
      const settings = traefik && traefikStatic(stack, traefik);
      if (!settings?.options.has("providers.docker")) continue;
      const told = new Map<string, { router: TraefikRouter; why: Reason }[]>();
      for (const service of project.services) {
        if (isOptional(service) || service.labels.some(each => each.name.includes("$"))) continue;
        for (const router of routersOf(service)) {
          const why = reasonOf(stack, project, router, settings);
          if (!why) yield { subject: router.name, kept: evidence(router.at, "Traefik serves it") };
          else addTo(told, why.cause, { router, why });
        }
      }
      // One missing name is one cause, however many routers use it.
      for (const [cause, found] of told) {
        const { router, why } = found[0]!;
        const services = [...new Set(found.map(each => each.router.service.name))];
        yield {
          subject: `${router.service.name} ${cause}`,
          message: `Traefik answers 404 for ${listNames(services)}: ${why.because}.`,
          severity: weigh(project, "high"),
          ...(why.sure ? {} : { confidence: "likely" as const }),
          evidence: [
            why.shown,
            ...found.slice(1).map(each => each.why.shown),
            ...(why.also ? [why.also] : []),
          ],
        };
      }
    }
  },
});

interface Reason {
  readonly cause: string;
  /** A clause. */
  readonly because: string;
  readonly shown: Evidence;
  readonly also?: Evidence;
  readonly sure: boolean;
}

/** Why Traefik leaves a router out; undefined when it serves it, or when that cannot be told. */
function reasonOf(
  stack: Stack,
  project: ComposeProject,
  router: TraefikRouter,
  { options }: TraefikStatic,
): Reason | undefined {
  const { service } = router;
  const labelOf = (pattern: RegExp) => service.labels.find(each => pattern.test(each.name));
  const byDefault = options.get("providers.docker.exposedbydefault");
  if (byDefault?.value === "false" && service !== traefikOf(project) && !labelOf(/^traefik\.enable$/i))
    return {
      cause: "enable",
      because: "it takes up only what is marked with `traefik.enable`, and nothing marks the service",
      shown: evidence(router.at, "no `traefik.enable=true` beside it"),
      also: evidence(byDefault.at, "only marked services are taken up"),
      sure: true,
    };
  const known = [...options.keys()].flatMap(key => /^entrypoints\.([^.]+)/.exec(key)?.[1] ?? []);
  const asked = router.entrypoints ?? [];
  // One that exists is enough for the router to live.
  if (known.length > 0 && asked.length > 0 && !asked.some(name => known.includes(name) || /[$@?]/.test(name)))
    return {
      cause: `entry point ${asked.join(", ")}`,
      because: `its entry points are ${listNames([...new Set(known)])}, and the router asks for ${listNames(asked)}`,
      shown: evidence(router.entrypointsAt!, "no entry point of this name"),
      also: evidence(options.get(`entrypoints.${known[0]}.address`)?.at ?? service.at, "one that there is"),
      sure: true,
    };
  // Labels of another project on the same server count for Traefik too.
  const labels = stack.services.flatMap(each => each.labels.map(({ name }) => name.toLowerCase()));
  const has = (kind: string, name: string) =>
    labels.some(each => each.startsWith(`traefik.http.${kind}.${name.toLowerCase()}.`));
  const missing = router.middlewares.find(name => isOwn(name) && !has("middlewares", bare(name)));
  if (missing !== undefined)
    return {
      cause: `middleware ${missing}`,
      because: `its router goes through the middleware "${bare(missing)}", which no label defines`,
      shown: evidence(labelOf(/\.middlewares$/i)?.at ?? router.at, "no middleware of this name"),
      sure: false,
    };
  const { target } = router;
  const made = `${service.name}-${project.name}`.toLowerCase();
  if (
    target !== undefined &&
    isOwn(target) &&
    !has("services", bare(target)) &&
    bare(target).toLowerCase() !== made
  )
    return {
      cause: `service ${target}`,
      because: `its router sends requests to Traefik's service "${bare(target)}", which no label defines`,
      shown: evidence(
        labelOf(/^traefik\.http\.routers\.[^.]+\.service$/i)?.at ?? router.at,
        "no service of this name",
      ),
      sure: false,
    };
  return undefined;
}

/** A name that labels have to define: no other provider's, no variable. */
function isOwn(name: string): boolean {
  return /^[\w.-]+(?:@docker)?$/.test(name);
}

function bare(name: string): string {
  return name.replace(/@docker$/, "");
}

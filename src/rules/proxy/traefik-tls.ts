import type { Violation } from "../../core/finding.ts";
import { addTo } from "../../core/group.ts";
import { evidence, gradeOf, isOptional, listNames, weigh } from "../../stack/query.ts";
import {
  entrypointPort,
  mayRedirect,
  routersOf,
  type TraefikRouter,
  type TraefikStatic,
  traefikOf,
  traefikStatic,
} from "../../stack/query-traefik.ts";
import type { ComposeProject } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "proxy/traefik-tls",
  title: "Every router of Traefik that visitors use speaks TLS",
  claim: "encrypts-traffic",
  severity: "high",
  why: "Browsers get no answer at the secure address, or passwords and cookies cross the network in clear text although certificates are there.",
  *check(stack) {
    for (const project of stack.projects) {
      if (gradeOf(project) === "development") continue;
      const traefik = traefikOf(project);
      const settings = traefik && traefikStatic(stack, traefik);
      if (!settings) continue;
      const routers = project.services.filter(each => !isOptional(each)).flatMap(routersOf);
      const plain: Plain[] = [];
      for (const router of routers) {
        if (!router.entrypoints || !router.entrypointsAt) continue;
        const ports = router.entrypoints.map(name => entrypointPort(settings.options, name));
        if (ports.includes(undefined)) continue;
        const name = `${router.service.name} ${router.name}`;
        if (ports.every(port => port === 443)) {
          if (router.tls || router.entrypoints.some(each => hasTls(settings, each))) {
            yield { subject: name, kept: evidence(router.entrypointsAt, "speaks TLS") };
            continue;
          }
          // Without a rule of its own it takes a name that Traefik makes up, and another one serves the visitors.
          if (
            router.rule === undefined &&
            routers.some(other => other !== router && other.service === router.service && other.tls)
          )
            continue;
          yield {
            subject: name,
            message: `Router "${router.name}" of "${router.service.name}" takes plain HTTP on port 443: no label and no entry point turns TLS on, and who asks for https gets no page.`,
            severity: weigh(project, "high"),
            evidence: [evidence(router.entrypointsAt, "port 443, without `tls`")],
          };
          continue;
        }
        if (ports.every(port => port === 80) && isPlain(project, settings, router, routers)) {
          const twin = routers.find(other => other !== router && other.tls && other.rule === router.rule);
          plain.push({ router, ...(twin ? { twin } : {}) });
        }
      }
      yield* answersPlain(project, settings, plain);
    }
  },
});

interface Plain {
  readonly router: TraefikRouter;
  /** The router that answers for the same address through TLS. */
  readonly twin?: TraefikRouter;
}

/** One cause for all routers of the same entry points: nothing sends on what comes in there. */
function* answersPlain(
  project: ComposeProject,
  settings: TraefikStatic,
  plain: readonly Plain[],
): Generator<Violation> {
  const groups = new Map<string, Plain[]>();
  for (const each of plain) {
    const key = `${each.router.entrypoints!.join()} ${each.twin === undefined}`;
    addTo(groups, key, each);
  }
  for (const group of groups.values()) {
    const { router, twin } = group[0]!;
    const one = group.length === 1;
    const names = one
      ? `Router "${router.name}" of "${router.service.name}" answers`
      : `Routers ${listNames(group.map(each => each.router.name))} answer`;
    const beside = one ? `router "${twin?.name}", and sends` : "routers with TLS, and send";
    const places = group.flatMap(each => [
      evidence(each.router.entrypointsAt!, "plain HTTP, and no redirect"),
      ...(each.twin ? [evidence(each.twin.at, "the same address through TLS")] : []),
    ]);
    yield {
      subject: group.map(each => `${each.router.service.name} ${each.router.name}`).join(", "),
      message: twin
        ? `${names} plain HTTP beside ${beside} nobody to https.`
        : `${names} plain HTTP alone, although Traefik can fetch certificates.`,
      severity: weigh(project, twin ? "medium" : "high"),
      evidence: [
        places[0]!,
        ...places.slice(1),
        ...(twin ? [] : [evidence(resolverOf(settings)!.at, "certificates come from here")]),
      ],
    };
  }
}

function resolverOf({ options }: TraefikStatic) {
  return [...options].find(([key]) => key.startsWith("certificatesresolvers."))?.[1];
}

function hasTls({ options }: TraefikStatic, entrypoint: string): boolean {
  return [...options.keys()].some(key => key.startsWith(`entrypoints.${entrypoint}.http.tls`));
}

/** Served on port 80 and not sent on, in a set-up that has certificates. */
function isPlain(
  project: ComposeProject,
  settings: TraefikStatic,
  router: TraefikRouter,
  routers: readonly TraefikRouter[],
): boolean {
  if (!resolverOf(settings) || router.tls || router.target?.includes("@")) return false;
  if (router.middlewares.some(each => mayRedirect(project, each))) return false;
  const { options } = settings;
  // Routers that stand in files may send visitors on.
  if ([...options.keys()].some(key => key.startsWith("providers.file"))) return false;
  const redirected = (name: string) =>
    [...options.keys()].some(key =>
      new RegExp(`^entrypoints\\.${name.replace(/\W/g, "\\$&")}\\.http\\.(?:redirections|middlewares)`).test(
        key,
      ),
    );
  if (router.entrypoints!.some(redirected)) return false;
  // Another router may catch every host on port 80 and send it on.
  return !routers.some(
    other =>
      other !== router &&
      /HostRegexp|PathPrefix\(`\/`\)/i.test(other.rule ?? "") &&
      other.middlewares.some(each => mayRedirect(project, each)),
  );
}

import { djangoRoots } from "../../artifacts/django.ts";
import { urlRoutes } from "../../artifacts/django-urls.ts";
import { pythonModuleFile } from "../../artifacts/project-files.ts";
import { type ListedRoute, listRoutes } from "../../artifacts/route-tree.ts";
import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { expressesInForce, fastApisInForce } from "../../stack/query-app.ts";
import { settingsInForce } from "../../stack/query-settings.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const telling =
  /health|ready|readiness|liveness|\balive\b|\blive\b|status|ping|heartbeat|(?:^|\/)_?up\b|monitor|metrics|diagnos/i;

export default defineRule({
  id: "health/health-route",
  title: "An application can say whether it is able to serve",
  claim: "health-is-truthful",
  severity: "low",
  why: "Whatever asks the application, a health check, a proxy, a monitor, gets the same answer while its database is gone as while all is well.",
  *check(stack) {
    for (const { service, list } of programs(stack)) {
      // A check that is there is judged by what it asks.
      if (service.healthcheck || service.get("healthcheck") || service.facts?.healthcheck !== false) continue;
      const store = service.project.services.find(
        other => other.kind === "database" && service.dependsOn.some(edge => edge.service === other.name),
      );
      const routes = store ? list() : [];
      if (!store || routes.length === 0 || routes.some(route => route.prefix || telling.test(route.pattern)))
        continue;
      yield {
        subject: service.name,
        message: `Service "${service.name}" needs "${store.name}", has no health check, and no route of it tells whether it can serve.`,
        evidence: [
          evidence(service.at, `needs "${store.name}"`),
          evidence((routes.find(isOwn) ?? routes[0]!).at, "routes like this one answer without the database"),
        ],
        severity: weigh(service, "low"),
        confidence: "likely",
      };
    }
  },
});

/** Not one of those that the framework adds by itself. */
function isOwn({ pattern }: ListedRoute): boolean {
  return !/^\/?(?:docs|redoc|openapi\.json)/.test(pattern);
}

/** A program that serves requests; `list` gives all routes that can be read, which takes time. */
interface Program {
  readonly service: Service;
  readonly list: () => readonly ListedRoute[];
}

function programs(stack: Stack): Program[] {
  const apps = [...fastApisInForce(stack), ...expressesInForce(stack)].map(({ app, service }) => ({
    service,
    list: () => listRoutes(app.routes),
  }));
  const known = serverServices(stack);
  const djangos = settingsInForce(stack).flatMap(({ settings, service }) => {
    const project = service.component?.django;
    const name = settings.values.get("ROOT_URLCONF");
    if (!project || name?.kind !== "literal" || !known.includes(service)) return [];
    const { files } = service.component!;
    const roots = djangoRoots(project);
    const file = pythonModuleFile(files, String(name.value), roots);
    if (file === undefined) return [];
    const context = { files, roots, settings, modules: new Map(), budget: { left: 5_000 } };
    return [{ service, list: () => listRoutes(urlRoutes(context, file)) }];
  });
  return [...apps, ...djangos];
}

import { djangoRoots } from "../../artifacts/django.ts";
import { urlRoutes } from "../../artifacts/django-urls.ts";
import { pythonModuleFile } from "../../artifacts/project-files.ts";
import { type ListedRoute, listRoutes } from "../../artifacts/route-tree.ts";
import { evidence, listNames, serverServices, weigh } from "../../stack/query.ts";
import { expressesInForce, fastApisInForce } from "../../stack/query-app.ts";
import { settingsInForce } from "../../stack/query-settings.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const telling =
  /health|ready|readiness|liveness|\balive\b|\blive\b|status|ping|heartbeat|(?:^|\/)_?up\b|monitor|metrics|diagnos|(?:^|[/_-])checks?(?:$|[/_-])/i;

export default defineRule({
  id: "health/health-route",
  title: "An application can say whether it is able to serve",
  claim: "health-is-truthful",
  severity: "low",
  why: "A health check, a proxy or a monitor has nothing to ask: that the application lost its database shows only when somebody uses it.",
  *check(stack) {
    const mute = programs(stack).flatMap(program => muteOf(program) ?? []);
    for (const project of stack.projects) {
      const own = mute.filter(({ service }) => service.project === project);
      const [first, ...more] = own;
      if (!first) continue;
      const names = listNames(own.map(({ service }) => service.name));
      yield {
        subject: more.length === 0 ? first.service.name : project.name,
        message:
          more.length === 0
            ? `Service ${names} needs "${first.store.name}", has no health check, and no route of it tells whether it can serve.`
            : `Services ${names} need a database, have no health check, and no route of any of them tells whether it can serve.`,
        evidence: own.flatMap(({ service, store, route }) => [
          evidence(service.at, `needs "${store.name}"`),
          evidence(route.at, "one of its routes, none of which is for this"),
        ]),
        severity: weigh(project, "low"),
        confidence: "likely",
      };
    }
  },
});

/** A program whose state nobody can ask for. */
interface Mute {
  readonly service: Service;
  readonly store: Service;
  readonly route: ListedRoute;
}

function muteOf({ service, list }: Program): Mute | undefined {
  // A check that is there is judged by what it asks.
  if (service.healthcheck || service.get("healthcheck") || service.facts?.healthcheck !== false)
    return undefined;
  const store = service.project.services.find(
    other => other.kind === "database" && service.dependsOn.some(edge => edge.service === other.name),
  );
  const routes = store ? list() : [];
  const route = routes.find(isOwn) ?? routes[0];
  if (!store || !route || routes.some(each => each.prefix || telling.test(each.pattern))) return undefined;
  return { service, store, route };
}

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

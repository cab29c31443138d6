import { type ExpressApp, readExpress } from "../artifacts/express.ts";
import { asgiModule, type FastApiApp, readFastApi } from "../artifacts/fastapi.ts";
import type { Lookup } from "../artifacts/value.ts";
import { pythonRoots } from "./app/routes.ts";
import { serverServices } from "./query.ts";
import { lookupOf } from "./query-environment.ts";
import type { Service, Stack } from "./stack.ts";

/** Questions about FastAPI and Express programs that a deployed service runs. */

export interface AppInForce<App> {
  readonly app: App;
  readonly service: Service;
  readonly lookup: Lookup;
}

/** The FastAPI applications of deployed services, each once. */
export function fastApisInForce(stack: Stack): AppInForce<FastApiApp>[] {
  return unique(
    serverServices(stack).flatMap(service => {
      const { component } = service;
      if (component?.kind !== "fastapi") return [];
      const roots = pythonRoots(component);
      const target = service.process?.argv.find(word => /^[\w.]+:\w+$/.test(word.value ?? ""))?.value;
      const named = target === undefined ? undefined : asgiModule(component.files, target, roots);
      const file = named?.file ?? (component.entries.length === 1 ? component.entries[0] : undefined);
      const app = file === undefined ? undefined : readFastApi(component.files, file, roots, named?.object);
      return app ? [{ app, service, lookup: lookupOf(service) }] : [];
    }),
  );
}

/** The Express applications of deployed services, each once. */
export function expressesInForce(stack: Stack): AppInForce<ExpressApp>[] {
  return unique(
    serverServices(stack).flatMap(service => {
      const { component } = service;
      const file = component?.kind === "express" ? component.entries[0] : undefined;
      const source = file === undefined ? undefined : component!.files.read(file);
      const app = source && readExpress(component!.files, source);
      return app ? [{ app, service, lookup: lookupOf(service) }] : [];
    }),
  );
}

function unique<App extends { readonly file: string }>(found: readonly AppInForce<App>[]): AppInForce<App>[] {
  const seen = new Set<string>();
  return found.filter(({ app, service }) => {
    const key = `${service.project.files.join("+")}\n${app.file}`;
    return !seen.has(key) && seen.add(key);
  });
}

import { djangoSettings } from "../artifacts/django.ts";
import { djangoRoutes } from "../artifacts/django-urls.ts";
import { readNest } from "../artifacts/nest.ts";
import { listRoutes, type RouteNode } from "../artifacts/route-tree.ts";
import { expressesInForce, fastApisInForce } from "./query-app.ts";
import type { Service, Stack } from "./stack.ts";

/** More than these are not asked for: an application has many, and each costs a request. */
const most = 20;

/** Paths without parameters that a service's own routes answer to GET, in their order; none where they cannot be read. */
export function plainRoutes(stack: Stack, service: Service): string[] {
  const found = listRoutes(nodesOf(stack, service)).filter(
    ({ prefix, methods }) => !prefix && (!methods || methods.includes("GET")),
  );
  const paths = found.map(({ pattern }) => (pattern.startsWith("/") ? pattern : `/${pattern}`));
  return [...new Set(paths.filter(path => /^\/[\w/.-]*$/.test(path)))].slice(0, most);
}

/** Paths without parameters that the service's own routes answer, by whatever method, in their order. */
export function servedPaths(stack: Stack, service: Service): string[] {
  const found = listRoutes(nodesOf(stack, service)).filter(({ prefix }) => !prefix);
  const paths = found.map(({ pattern }) => (pattern.startsWith("/") ? pattern : `/${pattern}`));
  return [...new Set(paths.filter(path => /^\/[\w/.-]*$/.test(path)))].slice(0, 2 * most);
}

function nodesOf(stack: Stack, service: Service): readonly RouteNode[] {
  const { component } = service;
  if (component?.django) {
    const { files, django } = component;
    return djangoRoutes(files, django, djangoSettings(files, django, django.defaultModule?.value)) ?? [];
  }
  if (component?.kind === "nest") return readNest(component.files, component.dir)?.routes ?? [];
  const apps = [...fastApisInForce(stack), ...expressesInForce(stack)];
  return apps.find(one => one.service === service)?.app.routes ?? [];
}

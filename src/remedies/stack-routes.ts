import { djangoSettings } from "../artifacts/django.ts";
import { djangoRoutes } from "../artifacts/django-urls.ts";
import { readExpress } from "../artifacts/express.ts";
import { readFastApi } from "../artifacts/fastapi.ts";
import { readNest } from "../artifacts/nest.ts";
import { dependsOn } from "../artifacts/package-manifest.ts";
import { listRoutes, type RouteNode } from "../artifacts/route-tree.ts";
import type { AppComponent } from "../stack/app/detect.ts";
import { pythonRoots } from "../stack/app/routes.ts";
import { scriptsOf } from "../stack/query-code.ts";

/**
 * First parts of the addresses that a backend answers, as `/api` and `/admin`: what the front door sends to it where
 * another program serves the pages. A route that cannot be read is missed; `/api` is always among them.
 */
export function routePrefixes(component: AppComponent): string[] {
  const found = new Set(["/api"]);
  // Descriptions of the interface are for those who write against it.
  const internal = new Set(["/docs", "/redoc", "/openapi.json"]);
  for (const { pattern } of listRoutes(routesOf(component) ?? [])) {
    const first = /^\/?([\w-]+)(?=\/|$)/.exec(pattern.replace(/^\^/, ""))?.[1];
    if (first !== undefined) found.add(`/${first}`);
  }
  for (const path of socketPaths(component)) found.add(path);
  return [...found].filter(path => !internal.has(path)).sort();
}

/** Where a Node program takes WebSockets: they are no routes, so lists of those do not have them. */
function socketPaths(component: AppComponent): string[] {
  const { files, package: manifest } = component;
  if (!manifest) return [];
  if (dependsOn(manifest, "socket.io")) return ["/socket.io"];
  if (!dependsOn(manifest, "ws")) return [];
  return scriptsOf(component).flatMap(path => {
    const text = files.read(path)?.text ?? "";
    const found = /\bWebSocket(?:\.)?Server\(\s*\{[^}]*?\bpath:\s*["'`](\/[\w-]+)/.exec(text);
    return found ? [found[1]!] : [];
  });
}

/** A connection that stays open and silent. */
export function isSocketPath(path: string): boolean {
  return /^\/(wss?|websockets?|sockets?|socket\.io|live|events)$/.test(path);
}

function routesOf(component: AppComponent): readonly RouteNode[] | undefined {
  const { files, django, entries } = component;
  const [entry] = entries;
  const source = entry === undefined ? undefined : files.read(entry);
  if (component.kind === "django" && django)
    return djangoRoutes(files, django, djangoSettings(files, django, django.defaultModule?.value));
  if (component.kind === "nest") return readNest(files, component.dir)?.routes;
  if (component.kind === "express" && source) return readExpress(files, source)?.routes;
  if (component.kind === "fastapi" && entry !== undefined)
    return readFastApi(files, entry, pythonRoots(component))?.routes;
  return undefined;
}

import { ownFiles } from "../artifacts/project-files.ts";
import { type RequiredVariable, requiredVariables } from "../artifacts/required-variables.ts";
import type { Lookup } from "../artifacts/value.ts";
import { basename } from "../core/path.ts";
import type { AppComponent, AppKind } from "./app/detect.ts";
import { scriptsOf } from "./query-code.ts";
import { isRun } from "./query-connections.ts";
import { lookupOf } from "./query-environment.ts";
import { runningCommand } from "./query-process.ts";
import { loadedFiles } from "./query-reach.ts";
import { springNeeds } from "./query-spring-needs.ts";
import { isWorker } from "./query-workers.ts";
import type { Service, Stack } from "./stack.ts";

/** Variables that the code of a service checks for when it starts. */

const nodeKinds = new Set<AppKind>(["express", "nest", "fastify", "koa", "hono", "node"]);
const pythonKinds = new Set<AppKind>(["fastapi", "flask", "python"]);

/** Those that the service does not get, each once. */
export function missingRequired(
  stack: Stack,
  service: Service,
  lookup: Lookup = lookupOf(service),
): RequiredVariable[] {
  const { component } = service;
  if (!component || !isServer(service)) return [];
  const seen = new Set<string>();
  if (component.kind === "spring")
    return springNeeds(stack, service, lookup).filter(({ value }) => !seen.has(value) && seen.add(value));
  return requiredOf(stack, service, component).filter(({ value, at }) => {
    if (seen.has(value) || lookup(value) !== null || service.model?.env.has(value)) return false;
    if (!isRun(stack, service, component, at)) return false;
    seen.add(value);
    return true;
  });
}

/** What prepares a database or runs jobs beside the server loads other files. */
function isServer(service: Service): boolean {
  const words = (runningCommand(service)?.words ?? []).join(" ");
  return !(
    isWorker(service) || /\b(?:prisma|typeorm|migrat\w*|seed|knex|drizzle\S*|sequelize|alembic)\b/.test(words)
  );
}

const found = new WeakMap<AppComponent, readonly RequiredVariable[]>();

function requiredOf(stack: Stack, service: Service, component: AppComponent): readonly RequiredVariable[] {
  let all = found.get(component);
  if (!all) {
    all = pathsOf(stack, component).flatMap(path => {
      const read = stack.files.read(path);
      return "source" in read ? requiredVariables(read.source) : [];
    });
    found.set(component, all);
  }
  if (all.length === 0) return all;
  if (pythonKinds.has(component.kind)) {
    const loaded = loadedFiles(service, component);
    if (loaded === "unknown") return [];
    return loaded === "all" ? all : all.filter(({ at }) => loaded.has(at.file));
  }
  return nodeKinds.has(component.kind) ? all.filter(({ at }) => isImported(component, at.file)) : all;
}

const likelyNames =
  /(?:env|config|configuration|settings|constants|validation|schema|strategy|module|main|index|server|app)[\w.-]*\.[cm]?[jt]s$/i;

/** Files that may check: by the language of the program, and few of a large one. */
function pathsOf({ files }: Stack, component: AppComponent): readonly string[] {
  if (nodeKinds.has(component.kind)) {
    const scripts = scriptsOf(component);
    return scripts.length > 400 ? scripts.filter(path => likelyNames.test(path)) : scripts;
  }
  const ending = component.kind === "go" ? ".go" : pythonKinds.has(component.kind) ? ".py" : undefined;
  const paths = ending ? ownFiles(files, component.dir).filter(path => path.endsWith(ending)) : [];
  return paths.length > 400 ? [] : paths;
}

const stem = (path: string): string => basename(path).replace(/\.[cm]?[jt]s$/, "");

/** Something of the program names the file in an import, or it is where a server starts. */
function isImported(component: AppComponent, path: string): boolean {
  const name = stem(path);
  if (/^(?:main|index|server|app)$/.test(name)) return true;
  const wanted = new RegExp(String.raw`["'][^"'\n]*/${name.replaceAll(".", "\\.")}(?:\.[cm]?[jt]s)?["']`);
  return scriptsOf(component).some(other => {
    const read = other === path ? undefined : component.files.read(other);
    return read?.text.includes(name) && wanted.test(read.text);
  });
}

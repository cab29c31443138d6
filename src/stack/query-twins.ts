import type { Location } from "../core/source.ts";
import { hostNames, isOptional, isStore } from "./query.ts";
import {
  componentReads,
  givenVariables,
  hasUnseenEnvironment,
  isMentioned,
  pointsAt,
  storeUrl,
} from "./query-environment.ts";
import { runningCommand } from "./query-process.ts";
import { workerName } from "./query-workers.ts";
import type { Service, Stack, Variable } from "./stack.ts";

/** Services that run the same code, of which one is told where a store is and the other one is not. */

export interface Twin {
  /** The one that is told nothing. */
  readonly service: Service;
  readonly twin: Service;
  readonly store: Service;
  /** How the twin is told. */
  readonly variable: Variable;
  /** Where the code reads it. */
  readonly read?: Location;
  /** "a Celery worker" */
  readonly worker: string;
}

/** Frameworks whose workers load all settings and work on the same database as the server. */
const whole = new Set(["django", "rails", "laravel"]);

/** Workers that lack the address of a store which another service of the same image and code gets. */
export function poorTwins(stack: Stack): Twin[] {
  return stack.services.flatMap(service => {
    const { component } = service;
    const worker = workerName(runningCommand(service)?.words ?? []);
    if (!component || !worker || service.project.grade === "development" || isOptional(service)) return [];
    if (hasUnseenEnvironment(service)) return [];
    // A scheduler hands jobs on, and may need no database for that.
    if (/scheduler/.test(worker) && component.kind !== "django") return [];
    const given = givenVariables(service);
    if (!whole.has(component.kind) && given.length > 0) return [];
    for (const twin of service.project.services) {
      if (twin === service || twin.component !== component || recipeOf(twin) !== recipeOf(service)) continue;
      for (const variable of givenVariables(twin)) {
        const store = pointsAt(service.project, variable);
        if (!store || !isStore(store) || isTold(service, store, variable)) continue;
        if (!isMentioned(stack, component, variable.name) || fallsBackTo(stack, service, variable, store))
          continue;
        const read = componentReads(stack, component).reads.find(each => each.name === variable.name)?.at;
        return [{ service, twin, store, variable, worker, ...(read ? { read } : {}) }];
      }
    }
    return [];
  });
}

function recipeOf({ build, image }: Service): string | undefined {
  if (!build) return image?.text;
  return build.context === undefined ? undefined : `${build.context}\n${build.dockerfilePath}`;
}

/** By the same name, by any other one, or in the image. */
function isTold(service: Service, store: Service, { name }: Variable): boolean {
  if (service.model?.env.has(name) || service.reassigned?.has(name)) return true;
  return service.environment.some(
    each =>
      each.name === name ||
      each.value?.text === undefined ||
      hostNames(store).some(host => each.value?.text?.includes(host)),
  );
}

/** The code knows the address by itself. */
function fallsBackTo(stack: Stack, service: Service, variable: Variable, store: Service): boolean {
  return componentReads(stack, service.component!).reads.some(read => {
    if (read.name !== variable.name || !read.default) return false;
    const host = storeUrl(read.default.value)?.host ?? read.default.value;
    return hostNames(store).includes(host);
  });
}

import type { Edit } from "../core/fix.ts";
import { sourceOf } from "../core/project-files.ts";
import { locate } from "../core/source.ts";
import { storeAccess } from "../stack/query-access.ts";
import { accountVariables } from "../stack/query-connections.ts";
import { isLoopback, storeUrl } from "../stack/query-environment.ts";
import type { Service, Stack, Variable } from "../stack/stack.ts";

const loopback = /(?<=[/@])(?:localhost|127\.0\.0\.1|\[::1\])(?::(\d+))?(?=[/?"'\s}]|$)/g;

/**
 * Names another service in a connection string that names loopback, with the port of its container. Undefined for a
 * value of an env file, which programs outside of containers may share.
 */
export function nameService(stack: Stack, variable: Variable, store: Service): Edit | undefined {
  const at = variable.value?.at;
  const source = at && sourceOf(stack, at.file);
  if (!source || variable.from !== "environment") return undefined;
  const matches = [...source.text.slice(at.span.start, at.span.end).matchAll(loopback)];
  const [match] = matches;
  if (!match || matches.length > 1) return undefined;
  const start = at.span.start + match.index;
  const port = match[1] === undefined ? "" : `:${containerPort(store, Number(match[1]))}`;
  return { at: locate(source, start, start + match[0].length), text: `${store.name}${port}` };
}

/**
 * What a variable has to say instead of its default, which names loopback: the store by name. Undefined where the store
 * asks for other credentials than the default holds.
 */
export function addressOf(stack: Stack, store: Service, fallback: string): string | undefined {
  if (isLoopback(fallback)) return store.name;
  const url = storeUrl(fallback);
  if (!url) return undefined;
  const said = [url.user, url.password, url.database];
  const known = accountVariables(store).map(each => each?.value?.text);
  const suits =
    url.protocol === "postgres" || url.protocol === "mysql"
      ? known.every((text, index) => text !== undefined && text === said[index])
      : url.user === undefined && url.password === undefined && storeAccess(stack, store)?.asks === "none";
  const [match, ...others] = [...fallback.matchAll(loopback)];
  if (!suits || !match || others.length > 0) return undefined;
  const port = match[1] === undefined ? "" : `:${containerPort(store, Number(match[1]))}`;
  return fallback.slice(0, match.index) + store.name + port + fallback.slice(match.index + match[0].length);
}

/** A port of the server leads nowhere inside the network of the containers. */
function containerPort(store: Service, port: number): number {
  const published = store.ports.find(each => each.published === port && each.target !== undefined);
  return published?.target ?? port;
}

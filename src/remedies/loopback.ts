import type { Edit } from "../core/fix.ts";
import { locate } from "../core/source.ts";
import type { Service, Stack, Variable } from "../stack/stack.ts";

const loopback = /(?<=[/@])(?:localhost|127\.0\.0\.1|\[::1\])(?::(\d+))?(?=[/?"'\s}]|$)/g;

/**
 * Names another service in a connection string that names loopback, with the port of its container. Undefined for a
 * value of an env file, which programs outside of containers may share.
 */
export function nameService(stack: Stack, variable: Variable, store: Service): Edit | undefined {
  const at = variable.value?.at;
  const source = at && stack.sources.get(at.file);
  if (!source || variable.from !== "environment") return undefined;
  const matches = [...source.text.slice(at.span.start, at.span.end).matchAll(loopback)];
  const [match] = matches;
  if (!match || matches.length > 1) return undefined;
  const start = at.span.start + match.index;
  const port = match[1] === undefined ? "" : `:${containerPort(store, Number(match[1]))}`;
  return { at: locate(source, start, start + match[0].length), text: `${store.name}${port}` };
}

/** A port of the server leads nowhere inside the network of the containers. */
function containerPort(store: Service, port: number): number {
  const published = store.ports.find(each => each.published === port && each.target !== undefined);
  return published?.target ?? port;
}

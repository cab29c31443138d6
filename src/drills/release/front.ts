import { listRoutes } from "../../artifacts/route-tree.ts";
import { type KnownRequest, type Lab, NotSeen } from "../../core/drill.ts";
import { allLocations } from "../../stack/proxy/effective.ts";
import { effectiveDirectives } from "../../stack/proxy/inherit.ts";
import { isStore, publicPorts } from "../../stack/query.ts";
import { expressesInForce, fastApisInForce } from "../../stack/query-app.ts";
import { httpProbe } from "../../stack/query-health.ts";
import { servicesBehind } from "../../stack/query-proxy.ts";
import type { Service } from "../../stack/stack.ts";
import type { DrillStack } from "../drill.ts";
import { containerOf, longRunning } from "../targets.ts";
import { doorsOf, good, none, reachesApps, type Tried, tryAt } from "./reach.ts";
import type { Kind } from "./traffic.ts";

/** The service that the world reaches: a proxy before anything else. */
export function frontOf(stack: DrillStack): Service | undefined {
  const open = longRunning(stack).filter(service => publicPorts(service).length > 0 && !isStore(service));
  return open.find(({ kind }) => kind === "proxy") ?? open.find(({ kind }) => kind === "app") ?? open[0];
}

/** What a release replaces: the programs of the project. */
export function appsOf(stack: DrillStack): Service[] {
  return longRunning(stack).filter(service => service.build !== undefined || service.kind === "app");
}

/** What clients can ask for, as it was seen to be answered in the calm lab. */
export interface Asked {
  readonly kinds: readonly Kind[];
  readonly socket?: KnownRequest;
  /** What clients do too, and nothing here shows how. */
  readonly notTried: readonly string[];
}

/** Twenty requests a second, over all kinds. */
const togetherMs = 50;
const slowMs = 1_000;

/**
 * Tries what the files show, and gives what is answered: a path through to each application before all others.
 * @throws NotSeen when no request reaches an application: a proxy that answers by itself shows nothing of a release.
 */
export async function askable(
  lab: Lab,
  stack: DrillStack,
  front: string,
  apps: readonly string[],
): Promise<Asked> {
  const doors = doorsOf(lab, front);
  if (doors.length === 0) throw new NotSeen("it answers no request that the files show");
  const container = await containerOf(lab, front);
  const notTried: string[] = [];
  const tried = new Map<string, Tried>();
  const attempt = async (path: string) => {
    const answers = await Promise.all(doors.map(door => tryAt(lab, container, { ...door, path })));
    const best = answers.sort((a, b) => a.rank - b.rank)[0]!;
    if (best.rank < none) tried.set(path, best);
    return best.rank === good;
  };
  const paths = new Set<string>();
  for (const app of apps) {
    const ways = app === front ? [doors[0]!.path] : pathsThrough(stack, front, app);
    for (const path of ways) if (await attempt(path)) break;
    const through =
      ways.find(path => tried.get(path)?.rank === good) ??
      ways.filter(path => tried.has(path)).sort((a, b) => tried.get(a)!.rank - tried.get(b)!.rank)[0];
    if (through !== undefined) paths.add(through);
    else notTried.push(`nothing that the files show leads from ${front} to ${app}`);
  }
  if (paths.size === 0) {
    await attempt(doors[0]!.path);
    paths.add(doors[0]!.path);
  }
  const request = (path: string): KnownRequest => tried.get(path)?.request ?? { ...doors[0]!, path };
  const some = [...paths].slice(0, 3);
  if (!(await reachesApps(lab, front, apps, some.map(request))))
    throw new NotSeen(
      `it answers ${some.join(", ")} by itself: nothing that the files show leads from ${front} to ${apps.join(", ")}`,
    );
  const post = (path: string) => ({
    ...request(path),
    method: "POST",
    body: "{}",
    headers: { ...request(path).headers, "content-type": "application/json" },
  });
  const posted = new Set<string>();
  for (const path of some) {
    const { status } = await lab.engine.http(container, post(path));
    if (status !== undefined && status < 500) posted.add(path);
    else notTried.push(`POST ${path}, which is answered with ${status ?? "nothing"} in calm times too`);
  }
  const kinds = some.flatMap(path =>
    [false, true].flatMap(keepAlive => {
      const how = keepAlive ? "kept connection" : "new connection";
      return [
        { name: `GET ${path}, ${how}`, request: request(path), keepAlive },
        ...(posted.has(path) ? [{ name: `POST ${path}, ${how}`, request: post(path), keepAlive }] : []),
      ];
    }),
  );
  const everyMs = togetherMs * kinds.length;
  const slow = await slowest(stack, front, apps, attempt, tried);
  if (slow === undefined) notTried.push("no request is known that takes a second or longer");
  const socket = socketPath(stack, front);
  const socketRequest = socket === undefined ? undefined : { ...request(some[0]!), path: socket };
  const opened = socketRequest && (await lab.engine.socket(container, socketRequest));
  opened?.close();
  if (opened?.status !== 101)
    notTried.push(
      socket === undefined
        ? "no WebSocket is known"
        : `${socket} does not become a WebSocket (${opened?.status})`,
    );
  return {
    kinds: [
      ...kinds.map(kind => ({ ...kind, everyMs })),
      ...(slow === undefined
        ? []
        : [{ name: `GET ${slow}, slow`, request: request(slow), keepAlive: false, everyMs: 500 }]),
    ],
    ...(opened?.status === 101 ? { socket: socketRequest! } : {}),
    notTried,
  };
}

/** Paths that the front door hands on to an application, likeliest first. */
function pathsThrough({ stack, project }: DrillStack, front: string, app: string): string[] {
  const proxy = stack.proxies.find(({ service }) => service?.project === project && service.name === front);
  const service = project.services.find(({ name }) => name === app);
  const probe = service && httpProbe(service)?.path;
  const locations = (proxy?.effective.servers ?? []).flatMap(allLocations);
  return locations.flatMap(location => {
    const { modifier, path, proxyPass } = location;
    if (!proxy || !/^(|=|\^~)$/.test(modifier)) return [];
    // A variable may choose among the services of a map: what it names is not known, what it reaches is.
    const leads = servicesBehind(proxy, location).some(({ name }) => name === app) || proxyPass?.isVariable;
    if (!leads) return [];
    const prefix = path.value;
    if (modifier === "=" || probe === undefined) return [prefix];
    const whole = proxyPass?.path === undefined ? probe : `${prefix}${probe.slice(proxyPass.path.length)}`;
    return whole.startsWith(prefix) ? [whole, prefix] : [prefix];
  });
}

/** A request that takes a second or longer, among those that the application's own routes show. */
async function slowest(
  { stack }: DrillStack,
  front: string,
  apps: readonly string[],
  attempt: (path: string) => Promise<boolean>,
  tried: ReadonlyMap<string, Tried>,
): Promise<string | undefined> {
  const found = [...fastApisInForce(stack), ...expressesInForce(stack)].filter(({ service }) =>
    [front, ...apps].includes(service.name),
  );
  const routes = found.flatMap(({ app }) => listRoutes(app.routes));
  const plain = routes.filter(
    ({ pattern, prefix, methods }) =>
      !prefix && /^\/[\w/.-]*$/.test(pattern) && (!methods || methods.includes("GET")),
  );
  for (const { pattern } of plain.slice(0, 20)) if (!tried.has(pattern)) await attempt(pattern);
  const slow = [...tried].filter(([, { rank, ms }]) => rank === good && ms >= slowMs && ms < 10_000);
  return slow.sort(([, a], [, b]) => b.ms - a.ms)[0]?.[0];
}

/** A path that the front door passes on as a WebSocket. */
function socketPath({ stack, project }: DrillStack, front: string): string | undefined {
  const proxy = stack.proxies.find(({ service }) => service?.project === project && service.name === front);
  const locations = (proxy?.effective.servers ?? []).flatMap(allLocations);
  const upgraded = locations.filter(
    location =>
      location.modifier !== "~" &&
      effectiveDirectives(location, "proxy_set_header").some(({ args }) =>
        /^upgrade$/i.test(args[0]?.value ?? ""),
      ),
  );
  const named = upgraded.find(({ path }) => /ws|socket/i.test(path.value)) ?? upgraded[0];
  if (!named) return undefined;
  return /socket\.io/.test(named.path.value) ? "/socket.io/?EIO=4&transport=websocket" : named.path.value;
}

import type { KnownRequest, Lab } from "../../core/drill.ts";
import type { Container } from "../../core/engine.ts";
import { containerOf } from "../targets.ts";

/** Which requests get through the front door to an application. */

/** One request for each port of the front door, likeliest to be what visitors use first. */
export function doorsOf(lab: Lab, front: string): KnownRequest[] {
  const rank = ({ path, status }: KnownRequest) => (status >= 300 ? 2 : path === "/" ? 0 : 1);
  const known = [...lab.requests(front)].sort((a, b) => rank(a) - rank(b));
  return known.filter((one, index) => known.findIndex(({ port }) => port === one.port) === index);
}

/** How good an answer is: 0 to 4. */
export const good = 0;
export const none = 4;

export interface Tried {
  readonly request: KnownRequest;
  readonly ms: number;
  /** `good`, then one that leads on, one that is refused, one that only leads to TLS, `none`. */
  readonly rank: number;
}

export async function tryAt(lab: Lab, container: Container, request: KnownRequest): Promise<Tried> {
  const { status, headers, ms } = await lab.engine.http(container, { ...request, timeoutMs: 10_000 });
  return {
    request: { ...request, status: status ?? 0 },
    ms,
    rank: rankOf(status, !request.tls && /^https:/i.test(String(headers["location"] ?? ""))),
  };
}

function rankOf(status: number | undefined, leadsToTls: boolean): number {
  if (status === undefined || status >= 500) return none;
  if (status < 300) return good;
  if (status >= 400) return 2;
  return leadsToTls ? 3 : 1;
}

const frozenMs = 3_000;

/**
 * Whether one of the requests is not answered while all applications are frozen for a moment. What a proxy answers by
 * itself (a redirect, a file, its own health) is answered all the same, and would be in any release.
 */
export async function reachesApps(
  lab: Lab,
  front: string,
  apps: readonly string[],
  requests: readonly KnownRequest[],
): Promise<boolean> {
  if (apps.includes(front)) return true;
  const { engine } = lab;
  const door = await containerOf(lab, front);
  const behind = (await Promise.all(apps.map(app => lab.containers(app)))).flat();
  const running = behind.filter(({ state }) => state === "running");
  const thaw = () => Promise.all(running.map(container => engine.freeze(container, false)));
  try {
    await Promise.all(running.map(container => engine.freeze(container, true)));
    const answers = await Promise.all(
      requests.map(request => engine.http(door, { ...request, timeoutMs: frozenMs })),
    );
    return answers.some(({ status }) => status === undefined || status >= 500);
  } finally {
    await thaw();
    for (const app of apps) await lab.serves(app);
  }
}

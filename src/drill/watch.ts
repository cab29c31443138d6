import type { KnownRequest, Look, Started } from "../core/drill.ts";
import type { ComposeModel, Container, ContainerProbe, Engine } from "../core/engine.ts";
import { runProbe } from "../drills/look.ts";

/** Looking at a lab's services: pure of any plan, each look is one moment. */

/** A request that a service may answer; found in its files, tried once when the lab is calm. */
export interface Candidate {
  readonly port: number;
  readonly path: string;
  readonly tls: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Whether every container of a service runs, passes its health check and answers what it answered before. Without the
 * probe where that did not pass in the calm lab either.
 */
export async function lookAt(
  engine: Engine,
  containers: readonly Container[],
  known: readonly KnownRequest[],
  withProbe = true,
): Promise<Look> {
  if (containers.length === 0) return { ok: false, saw: "there is no container" };
  const signs: string[] = [];
  for (const container of containers) {
    if (container.state !== "running") return { ok: false, saw: stateOf(container) };
    const probe = withProbe ? await runProbe(engine, container) : undefined;
    if (probe && !probe.ok) return probe;
    if (probe) signs.push(probe.saw);
    // That a process was started is no sign that it serves: one that cannot run takes a moment to end.
    if (!probe && known.length === 0 && upMs(engine, container) < steadyMs)
      return {
        ok: false,
        saw: "it was started a moment ago, and nothing but its process shows that it serves",
      };
    for (const wanted of known) {
      const answer = await engine.http(container, wanted);
      const name = requestName(wanted);
      if (answer.status === undefined) return { ok: false, saw: `${name} gives no answer: ${answer.error}` };
      if (answer.status >= 500) return { ok: false, saw: `${name} answers ${answer.status}` };
      signs.push(`${name} answers ${answer.status}`);
    }
  }
  return { ok: true, saw: [...new Set(["it runs", ...signs])].join(", ") };
}

function upMs(engine: Engine, { startedAt }: Container): number {
  return engine.now() - Date.parse(startedAt);
}

export function requestName({ path, port, tls }: Candidate): string {
  return `GET ${path} on ${port}${tls ? " over TLS" : ""}`;
}

export function stateOf(container: Container): string {
  const { state, exitCode, restarts, oomKilled } = container;
  const again = restarts > 0 ? `, restarted ${restarts} times` : "";
  if (state === "running") return `it runs${again}`;
  return `it is ${state} with code ${exitCode}${oomKilled ? " (out of memory)" : ""}${again}`;
}

/** The requests that are answered without an error of the server. */
export async function answered(
  engine: Engine,
  container: Container,
  candidates: readonly Candidate[],
): Promise<KnownRequest[]> {
  const known: KnownRequest[] = [];
  for (const candidate of candidates) {
    const { status } = await engine.http(container, { ...candidate, timeoutMs: 5_000 });
    if (status !== undefined && status < 500) known.push({ ...candidate, status });
  }
  return known;
}

/** Ends by design: others wait for its success, or it has ended with success and nothing restarts it. */
export function isOneShot(model: ComposeModel, name: string): boolean {
  return Object.values(model.services).some(
    service => service.depends_on?.[name]?.["condition"] === "service_completed_successfully",
  );
}

/** What a program said last: mostly why it ended. */
async function lastWords(engine: Engine, container: Container): Promise<string> {
  const said = (await engine.logs(container, { tail: 3 })).trim();
  return said === "" ? "" : `, saying:\n${said.slice(-400)}`;
}

const steadyMs = 3_000;
/** A service whose check may fail for longer than a drill waits is left so long to pass it all the same. */
const graceMs = 45_000;
const longMs = 600_000;

/**
 * The files give it ten minutes or more before a health check that does not pass counts: it watches something slower
 * than a drill, such as a certificate that was asked for today.
 */
export function mayTakeLong(probe: ContainerProbe | undefined): boolean {
  return (probe?.startPeriodMs ?? 0) >= longMs;
}

/**
 * How a service stands while the stack starts: undefined while that is still open. It has to stay up for some seconds,
 * because a program that cannot start takes a moment to say so.
 */
export async function standing(
  engine: Engine,
  containers: readonly Container[],
  oneShot: boolean,
): Promise<Look | undefined> {
  if (containers.length === 0) return undefined;
  for (const container of containers) {
    const { state, exitCode, restarts, health, restartPolicy, probe } = container;
    if (state === "exited" && restartPolicy === "no") {
      if (exitCode === 0 && (oneShot || !probe)) continue;
      return { ok: false, saw: `${stateOf(container)}${await lastWords(engine, container)}` };
    }
    if (restarts >= 3)
      return {
        ok: false,
        saw: `it ends again and again, restarted ${restarts} times${await lastWords(engine, container)}`,
      };
    if (state !== "running" || oneShot) return undefined;
    if (health === "unhealthy")
      return { ok: false, saw: (await runProbe(engine, container))?.saw ?? "it is unhealthy" };
    // Health may come before the crash.
    if (upMs(engine, container) < steadyMs) return undefined;
    if (health !== "starting") continue;
    // A check that looks once in minutes is run here instead of waited for.
    if ((probe?.intervalMs ?? 0) <= 60_000) return undefined;
    if ((await runProbe(engine, container))?.ok) continue;
    return !mayTakeLong(probe) || upMs(engine, container) < graceMs
      ? undefined
      : {
          ok: true,
          saw: `it runs; its health check does not pass yet, and the files give it ${Math.round(probe!.startPeriodMs / 60_000)} min before that counts`,
        };
  }
  return {
    ok: true,
    saw: containers[0]!.state === "exited" ? "it has ended with success" : stateOf(containers[0]!),
  };
}

/** Watches a start until every service stands or the time is over. */
export async function watchStart(
  engine: Engine,
  lab: string,
  model: ComposeModel,
  sinceMs: number,
  limitMs: number,
): Promise<Started[]> {
  const open = new Set(Object.keys(model.services));
  const done = new Map<string, Started>();
  while (open.size > 0 && engine.now() - sinceMs < limitMs) {
    const all = await engine.containers(lab);
    for (const service of open) {
      const mine = all.filter(container => container.service === service);
      const look = await standing(engine, mine, isOneShot(model, service));
      if (!look) continue;
      open.delete(service);
      done.set(service, { service, ok: look.ok, ms: engine.now() - sinceMs, saw: look.saw });
    }
    if (open.size > 0) await engine.sleep(500);
  }
  const all = open.size > 0 ? await engine.containers(lab) : [];
  for (const service of open) {
    const [container] = all.filter(one => one.service === service);
    const waited = `after ${Math.round((engine.now() - sinceMs) / 1000)} s`;
    const saw = container
      ? `${waited} ${stateOf(container)}${container.health ? ` and is ${container.health}` : ""}`
      : `${waited} it has not been started`;
    done.set(service, { service, ok: false, saw });
  }
  return Object.keys(model.services).map(service => done.get(service)!);
}

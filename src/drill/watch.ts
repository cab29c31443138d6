import type { KnownRequest, Look } from "../core/drill.ts";
import type { ComposeModel, Container, Engine } from "../core/engine.ts";
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

/** A program that cannot run takes a moment to end. */
export const steadyMs = 3_000;

/** How long a container has run. */
export function upMs(engine: Engine, { startedAt }: Container): number {
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

/** It runs, and has not ended for some seconds. */
export function isSteady(engine: Engine, container: Container, forMs = steadyMs): boolean {
  return container.state === "running" && upMs(engine, container) >= forMs;
}

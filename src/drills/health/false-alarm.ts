import { type Lab, NotSeen, type Scene } from "../../core/drill.ts";
import type { Container } from "../../core/engine.ts";
import { isStore } from "../../stack/query.ts";
import { httpProbe } from "../../stack/query-health.ts";
import type { Service } from "../../stack/stack.ts";
import type { DrillStack } from "../drill.ts";
import { type Probed, runProbe } from "../look.ts";
import { containerOf, seconds } from "../targets.ts";

/** So long a program has to have run without an end before it counts as one that works. */
const steadyMs = 10_000;

/**
 * A service that runs and whose health check never passed. The check is at fault when it cannot run, asks for what the
 * program does not have, or is that of another program; whatever the program itself says of its health is believed.
 */
export async function neverPasses(scene: Scene, service: Service, why: string): Promise<void> {
  const { lab } = scene;
  const { name } = service;
  let container = await containerOf(lab, name);
  await scene.steady(`${name} runs`, async () => {
    if (!container.probe) throw new NotSeen(why);
    const upMs = lab.engine.now() - Date.parse(container.startedAt);
    if (container.state === "running" && upMs < steadyMs) await lab.engine.sleep(steadyMs - upMs);
    container = await containerOf(lab, name);
    if (container.state !== "running" || container.restarts > 0) throw new NotSeen(why);
    return `since ${seconds(lab.engine.now() - Date.parse(container.startedAt))}, without an end`;
  });
  let look: Probed | undefined;
  let fault: string | undefined;
  await scene.disturb("run its health check", async () => {
    look = await runProbe(lab.engine, container);
    if (!look || look.ok) throw new NotSeen("it passes by now");
    fault = (await serving(lab, service, container, look)) ?? (await ofAnother(lab, service, container));
    if (fault === undefined) throw new NotSeen(`${look.saw}; whether ${name} serves cannot be told`);
    return fault;
  });
  await scene.holds("a program that works is called healthy", async () => {
    throw new NotSeen(`${look!.saw}, while ${fault}`);
  });
}

/** What shows that it serves although its check fails. */
async function serving(
  lab: Lab,
  service: Service,
  container: Container,
  look: Probed,
): Promise<string | undefined> {
  const probe = httpProbe(service);
  const now = [];
  for (const request of lab.requests(service.name)) {
    const { status } = await lab.engine.http(container, request);
    if (status !== undefined) now.push({ ...request, status });
  }
  const good = now.find(({ status }) => status < 400);
  if (!good) return undefined;
  const asked = probe && now.find(({ path, port }) => path === probe.path && port === probe.port);
  // Its own word of an error is its own word.
  if (!look.never && !(asked && (asked.status < 400 || asked.status === 404))) return undefined;
  return `GET ${good.path} on ${good.port} answers ${good.status}`;
}

/** The image's check asks a port of the program that the image starts; here another one was started. */
async function ofAnother(lab: Lab, service: Service, container: Container): Promise<string | undefined> {
  const probe = httpProbe(service);
  if (service.healthcheck?.from !== "dockerfile" || service.process?.from !== "compose" || !probe)
    return undefined;
  const { open } = await lab.engine.talk(container, probe.port, "");
  if (open) return undefined;
  const [main] = await lab.engine.processes(container);
  return `${main?.command.slice(0, 80)} runs, of which nothing listens on ${probe.port}: the check is for what the image starts by itself`;
}

/** A store that others use and that no health check watches. */
export function isUnwatched({ project }: DrillStack, service: Service): boolean {
  return (
    isStore(service) &&
    (service.healthcheck === undefined || service.healthcheck.disabled) &&
    project.services.some(other => other.dependsOn.some(edge => edge.service === service.name))
  );
}

/** Longer than most checks wait between two looks is not needed: there is none. */
const unnoticedMs = 3_000;

export async function unnoticed(scene: Scene, { name }: Service): Promise<void> {
  const { lab } = scene;
  const { engine } = lab;
  await scene.steady(`${name} serves`, () => lab.serves(name));
  const container = await containerOf(lab, name);
  scene.afterwards(`thaw ${name}`, () => engine.freeze(container, false));
  await scene.disturb(`freeze every process of ${name}`, async () => {
    await engine.freeze(container, true);
    return "its processes do not move";
  });
  await scene.holds("something turns", async () => {
    await engine.sleep(unnoticedMs);
    const { health, state } = await containerOf(lab, name);
    if (health === undefined)
      throw new NotSeen(`it counts as ${state}, and nothing asks it: it has no health check`);
    return `it is ${health}`;
  });
}

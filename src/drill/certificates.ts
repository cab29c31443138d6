import type { ComposeModel, Container, Engine, LabProject } from "../core/engine.ts";
import { EngineError } from "../core/engine.ts";
import { dirname, inside } from "../core/path.ts";
import { dummyCertificate } from "../formats/dummy-certificate.ts";
import { tlsServers } from "../stack/proxy/effective.ts";
import { effectiveDirective } from "../stack/proxy/inherit.ts";
import type { ComposeProject, Stack } from "../stack/stack.ts";

/** A certificate that a proxy reads from a mount: only its server has it, and no lab can ask an authority for one. */
interface Pair {
  readonly certificate: string;
  readonly key: string;
}

/** Pairs of paths that the proxy in a service names as they are; none for what is no nginx that we can read. */
export function certificatePairs(stack: Stack, project: ComposeProject, service: string): Pair[] {
  const proxy = stack.proxies.find(one => one.service?.project === project && one.service.name === service);
  const found = new Map<string, Pair>();
  for (const { server } of proxy ? tlsServers(proxy.effective) : []) {
    const certificate = effectiveDirective(server, "ssl_certificate")?.args[0]?.value;
    const key = effectiveDirective(server, "ssl_certificate_key")?.args[0]?.value;
    if (certificate === undefined || key === undefined) continue;
    if ([certificate, key].every(path => /^\/[\w./-]+$/.test(path)))
      found.set(certificate, { certificate, key });
  }
  return [...found.values()];
}

const helper = "shipworthy-certificate";

/**
 * Puts a made-up certificate where a proxy that could not start looks for one that its server has had for long. Only
 * into mounts, and only where there is none. Gives the paths that were filled.
 */
export async function giveCertificates(
  { engine, project, model }: { engine: Engine; project: LabProject; model: ComposeModel },
  container: Container,
  pairs: readonly Pair[],
): Promise<string[]> {
  const { service } = container;
  const own = model.services[service]!;
  const mounts = (own.volumes ?? []).filter(({ type }) => type === "bind" || type === "volume");
  const absent: Pair[] = [];
  for (const pair of pairs) {
    const mounted = [pair.certificate, pair.key].every(path =>
      mounts.some(({ target }) => inside(target, path) !== undefined),
    );
    if (mounted && !(await has(engine, container, pair.certificate))) absent.push(pair);
  }
  if (absent.length === 0) return [];
  // Its own mounts may be read-only, and it does not run: a helper of the same image writes.
  const { labels, image } = own;
  const volumes = mounts.map(({ read_only: _, ...mount }) => mount);
  const writer = {
    ...{ image, labels, volumes, user: "0", network_mode: "none", init: true },
    ...{ entrypoint: ["sleep", "300"], command: [], healthcheck: { disable: true } },
  } as (typeof model.services)[string];
  await engine.write(project, { ...model, services: { ...model.services, [helper]: writer } });
  try {
    const done = await engine.up(project, { services: [helper], alone: true });
    const [place] = (await engine.containers(project.lab)).filter(one => one.service === helper);
    if (!done.ok || !place) return [];
    const { certificate, key } = dummyCertificate();
    for (const pair of absent) {
      const directories = [dirname(pair.certificate), dirname(pair.key)];
      await engine.exec(place, ["mkdir", "-p", ...directories], { timeoutMs: 30_000 });
      await engine.copyIn(place, pair.certificate, Buffer.from(certificate));
      await engine.copyIn(place, pair.key, Buffer.from(key));
    }
    await engine.remove(place);
    return absent.map(pair => pair.certificate);
  } finally {
    await engine.write(project, model);
  }
}

async function has(engine: Engine, container: Container, path: string): Promise<boolean> {
  try {
    await engine.copyOut(container, path);
    return true;
  } catch (error) {
    if (error instanceof EngineError && error.trouble === "failed") return false;
    throw error;
  }
}

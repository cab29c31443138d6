import { type KnownRequest, type Lab, NotSeen } from "../../core/drill.ts";
import { isStore, publicPorts } from "../../stack/query.ts";
import { releaseRuns, wordsOf } from "../../stack/query-release.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { type DrillStack, defineDrill } from "../drill.ts";
import { darkMs, isLost, startLoad } from "../load.ts";
import { longRunning, seconds } from "../targets.ts";

/** Twenty requests a second. */
const everyMs = 50;
const quietMs = 3_000;

export default defineDrill({
  id: "release/rolls-out-without-downtime",
  title: "A new version takes over without losing a request",
  claim: "rolls-out-without-downtime",
  disturbs:
    "Sends twenty requests a second to the front door while `docker compose up -d` replaces the application.",
  targets(stack) {
    const front = frontOf(stack);
    const apps = appsOf(stack).map(({ name }) => name);
    return front && apps.length > 0 ? [{ subject: apps.join(", "), services: [front.name], also: apps }] : [];
  },
  async run(scene, { services, also: apps = [] }, stack) {
    const { lab } = scene;
    const { engine, project } = lab;
    const front = services[0]!;
    await scene.steady("the way of deploying is `docker compose up -d`", async () => {
      const other = otherWay(stack.stack);
      if (other !== undefined) throw new NotSeen(`${other}: this drill cannot take that way`);
      return "as far as the files say";
    });
    for (const name of new Set([front, ...apps]))
      await scene.steady(`${name} serves`, () => lab.serves(name));
    let request: KnownRequest | undefined;
    await scene.steady("the front door answers everything while nothing happens", async () => {
      request = await throughTo(lab, front);
      const load = startLoad(lab, front, request, everyMs);
      await engine.sleep(quietMs);
      const sent = await load.end();
      const lost = sent.filter(isLost).length;
      if (lost > 0) throw new NotSeen(`${lost} of ${sent.length} requests were lost`);
      return `${sent.length} requests for ${request.path} on ${request.port}`;
    });
    const load = startLoad(lab, front, request!, everyMs);
    let sent: Awaited<ReturnType<typeof load.end>> = [];
    await scene.disturb(`replace ${apps.join(", ")}`, async () => {
      await engine.sleep(1_000);
      const start = engine.now();
      const done = await engine.up(project, { services: apps, recreate: true });
      const tookMs = engine.now() - start;
      // Long enough for the new one to have become ready, or for the proxy to have noticed.
      for (const name of apps) await lab.serves(name).catch(() => "");
      await engine.sleep(quietMs);
      sent = await load.end();
      if (!done.ok) throw new NotSeen(done.words);
      return `it took ${seconds(tookMs)}`;
    });
    await scene.holds("every request is answered", async () => {
      const lost = sent.filter(isLost);
      if (lost.length > 0)
        throw new NotSeen(
          `${lost.length} of ${sent.length} were lost (${lost[0]!.answer.status ?? lost[0]!.answer.error}), nobody was served for ${seconds(darkMs(sent))}`,
        );
      return `${sent.length} requests, none lost`;
    });
  },
});

/** The service that the world reaches: a proxy before anything else. */
function frontOf(stack: DrillStack): Service | undefined {
  const open = longRunning(stack).filter(service => publicPorts(service).length > 0 && !isStore(service));
  return open.find(({ kind }) => kind === "proxy") ?? open.find(({ kind }) => kind === "app") ?? open[0];
}

/** What a release replaces: the programs of the project. */
function appsOf(stack: DrillStack): Service[] {
  return longRunning(stack).filter(service => service.build !== undefined || service.kind === "app");
}

/** A request that is answered well, and best one that is no redirect: that one goes through to the application. */
async function throughTo(lab: Lab, front: string): Promise<KnownRequest> {
  const known = lab.requests(front);
  const best =
    known.find(({ status }) => status < 300) ?? known.find(({ status }) => status < 400) ?? known[0];
  if (!best) throw new NotSeen("it answers no request that the files show");
  return best;
}

/** A command of the deployment that replaces containers in another way than `up`. */
function otherWay(stack: Stack): string | undefined {
  for (const run of releaseRuns(stack)) {
    const other = run.calls.find(call =>
      /(^|\s)(rollout|stack deploy|service update)(\s|$)|--scale|blue|green/.test(wordsOf(call)),
    );
    if (other) return `${run.title} deploys in its own way`;
  }
  return undefined;
}

import { type Lab, NotSeen, type Scene } from "../../core/drill.ts";
import { isStore } from "../../stack/query.ts";
import { openPorts } from "../../stack/query-ports.ts";
import type { Service } from "../../stack/stack.ts";
import { type DrillStack, defineDrill } from "../drill.ts";
import { containerOf, eachOf, longRunning } from "../targets.ts";
import { apiPaths, facesVisitors, header } from "./front-door.ts";

const listensWithinMs = 20_000;

export default defineDrill({
  id: "access/exposes-only-the-front-door",
  title: "No store and no console answers on a port that is published to the world",
  claim: "exposes-only-the-front-door",
  disturbs:
    "Connects to every port that the files publish on an address that others reach, and asks the front door as a stranger's page would.",
  targets: stack => eachOf(longRunning(stack).filter(service => openPorts(service).length > 0)),
  async run(scene, { subject }, stack) {
    const { lab } = scene;
    const service = serviceOf(stack, subject);
    await scene.steady(`${subject} serves`, () => lab.serves(subject));
    const ports = openPorts(service).filter(
      ({ protocol, target }) => protocol === "tcp" && target !== undefined,
    );
    const answers = new Map<number, string | undefined>();
    for (const { target } of ports) {
      await scene.disturb(`connect to port ${target} of ${subject} from outside`, async () => {
        const answer = await heard(lab, subject, target!);
        answers.set(target!, answer);
        return answer ?? "nothing listens";
      });
    }
    // A door that nobody has opened yet says nothing about who may come in.
    await scene.steady("something listens there", async () => {
      if ([...answers.values()].every(answer => answer === undefined)) throw new NotSeen("nothing does");
      return "it does";
    });
    await scene.holds("what answers is meant for everybody", async () => {
      if (isStore(service) || service.kind === "admin" || service.kind === "monitoring") {
        const open = ports.find(({ target }) => answers.get(target!) !== undefined);
        if (open)
          throw new NotSeen(
            `a ${service.kind} on port ${open.published ?? open.target} of every address: ${answers.get(open.target!)}`,
          );
      }
      return ports.map(({ target }) => `${target}: ${answers.get(target!) ?? "closed"}`).join(", ");
    });
    if (facesVisitors(service)) await strangersPages(scene, service, stack);
  },
});

/** Whom a browser lets in is decided by the answer: one that repeats any origin, and takes its cookies, lets in all. */
async function strangersPages(scene: Scene, { name }: Service, stack: DrillStack): Promise<void> {
  const { lab } = scene;
  const [first] = lab.requests(name);
  const base = lab.requests(name).find(({ tls }) => tls) ?? first;
  if (!base) return;
  const others = longRunning(stack).map(service => service.name);
  const paths = new Set([base.path, ...apiPaths(lab, others)]);
  const container = await containerOf(lab, name);
  const open: string[] = [];
  await scene.disturb(`ask ${name} as a page of ${stranger} would`, async () => {
    for (const path of paths) {
      const headers = { ...base.headers, origin: stranger };
      const answer = await lab.engine.http(container, { ...base, path, headers });
      const lets =
        header(answer, "access-control-allow-origin") === stranger &&
        header(answer, "access-control-allow-credentials") === "true";
      if (lets) open.push(path);
    }
    return `${paths.size} answers`;
  });
  await scene.alsoHolds("no page of a stranger may act for a visitor", async () => {
    if (open.length > 0)
      throw new NotSeen(`${open.join(", ")} lets ${stranger} read its answers, with the visitor's cookies`);
    return "no answer lets it in";
  });
  const { status, error } = await lab.engine.http(container, {
    ...base,
    headers: { ...base.headers, host: new URL(stranger).host },
  });
  scene.note("asked by a name that is not its own", `${status ?? error}`);
}

const stranger = "https://stranger.invalid";

function serviceOf({ project }: DrillStack, name: string): Service {
  return project.services.find(service => service.name === name)!;
}

/** Tries again for a while: a store that was started a moment ago does not listen yet. */
async function heard(lab: Lab, subject: string, port: number): Promise<string | undefined> {
  const { engine } = lab;
  for (const limit = engine.now() + listensWithinMs; ; await engine.sleep(500)) {
    const answer = await speak(lab, subject, port);
    if (answer !== undefined || engine.now() > limit) return answer;
  }
}

/** What a stranger gets to hear; undefined when nothing listens. */
async function speak(lab: Lab, subject: string, port: number): Promise<string | undefined> {
  const container = await containerOf(lab, subject);
  const redis = await lab.engine.talk(container, port, "PING\r\n");
  if (!redis.open) return undefined;
  if (redis.reply.startsWith("+PONG")) return "it obeys without a password";
  if (/^-NOAUTH|^-ERR.*auth/i.test(redis.reply)) return "it asks for a password";
  const { status } = await lab.engine.http(container, { port, path: "/", timeoutMs: 3_000 });
  if (status === undefined) return "it accepts connections";
  if (status === 401 || status === 403) return `HTTP ${status}`;
  return `HTTP ${status} without a credential`;
}

import { type KnownRequest, type Lab, NotSeen } from "../../core/drill.ts";
import type { Container, HttpAnswer } from "../../core/engine.ts";
import { defineDrill } from "../drill.ts";
import { containerOf, eachOf, longRunning, seconds } from "../targets.ts";

/** A request every so often until the stop. */
const everyMs = 50;

export default defineDrill({
  id: "recovery/stops-gracefully",
  title: "A stopping service finishes what it has accepted, in its time",
  claim: "stops-gracefully",
  disturbs: "Stops each service as a deploy does, with requests on their way where it answers any.",
  targets: stack => eachOf(longRunning(stack)),
  async run(scene, { subject }) {
    const { lab } = scene;
    const { engine } = lab;
    await scene.steady(`${subject} serves`, () => lab.serves(subject));
    const container = await containerOf(lab, subject);
    const [request] = lab.requests(subject);
    scene.afterwards(`start ${subject}`, () => engine.start(container));
    let tookMs = 0;
    let answers: readonly HttpAnswer[] = [];
    await scene.disturb(`stop ${subject}`, async () => {
      const load = request ? startLoad(lab, container, request) : undefined;
      await engine.sleep(1_000);
      // What is sent after the signal may be refused: whoever sends it asks the next one.
      const onTheirWay = load?.mark() ?? 0;
      const start = engine.now();
      await engine.stop(container);
      tookMs = engine.now() - start;
      answers = (await load?.end()) ?? [];
      return `it was down after ${seconds(tookMs)}${load ? `, ${onTheirWay} requests were on their way` : ""}`;
    });
    await scene.holds("it ends by itself", async () => {
      const { exitCode } = await containerOf(lab, subject);
      if (exitCode === 137)
        throw new NotSeen(`it did not react to the stop signal and was killed after ${seconds(tookMs)}`);
      return `code ${exitCode} after ${seconds(tookMs)}`;
    });
    if (!request) return;
    await scene.holds("every request that came before the signal is answered", async () => {
      const lost = answers.filter(({ status }) => status === undefined || status >= 500);
      if (lost.length > 0)
        throw new NotSeen(
          `${lost.length} of ${answers.length} were lost: ${lost[0]!.error ?? lost[0]!.status}`,
        );
      return `${answers.length} answered, none lost`;
    });
  },
});

/** Sent at once just before the signal, so that something is on its way also where answers are quick. */
const burst = 2;

function startLoad(lab: Lab, container: Container, request: KnownRequest) {
  const { engine } = lab;
  const sent: Promise<HttpAnswer>[] = [];
  let open = 0;
  let ended = false;
  const send = () => {
    open++;
    sent.push(engine.http(container, { ...request, timeoutMs: 15_000 }).finally(() => open--));
  };
  const loop = (async () => {
    for (; !ended; await engine.sleep(everyMs)) send();
  })();
  return {
    /** Sends the last ones; gives how many have no answer yet. */
    mark(): number {
      ended = true;
      for (let i = 0; i < burst; i++) send();
      return open;
    },
    async end(): Promise<readonly HttpAnswer[]> {
      await loop;
      return Promise.all(sent);
    },
  };
}

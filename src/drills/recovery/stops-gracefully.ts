import { type KnownRequest, type Lab, NotSeen } from "../../core/drill.ts";
import type { Container, HttpAnswer } from "../../core/engine.ts";
import { defineDrill } from "../drill.ts";
import { containerOf, eachOf, longRunning, seconds } from "../targets.ts";

/** A request every so often until the stop. */
const everyMs = 50;

/** After this time a program that answers at all has taken a connection, on a machine that has time for it. */
const acceptMs = 250;
/** So many times what a server takes that does nothing is added: a busy machine lets programs wait. */
const busyFactor = 5;

interface Answered {
  readonly sentAt: number;
  readonly answer: HttpAnswer;
}

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
    let answers: readonly Answered[] = [];
    let signalAt = 0;
    let acceptedMs = acceptMs;
    await scene.disturb(`stop ${subject}`, async () => {
      const load = request ? startLoad(lab, container, request) : undefined;
      const nothing: number[] = [];
      for (const until = engine.now() + 1_000; engine.now() < until; await engine.sleep(200))
        nothing.push((await engine.nothing()).ms);
      acceptedMs = acceptMs + busyFactor * Math.max(...nothing);
      // What is sent after the signal may be refused: whoever sends it asks the next one.
      const onTheirWay = load?.mark() ?? 0;
      signalAt = engine.now();
      await engine.stop(container);
      tookMs = engine.now() - signalAt;
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
      const lost = answers.filter(({ sentAt, answer: { status } }) =>
        // What has just been sent may stand in the kernel's queue, where the program has not seen it.
        status === undefined ? sentAt + acceptedMs <= signalAt : status >= 500,
      );
      const [first] = lost;
      if (first)
        throw new NotSeen(
          `${lost.length} of ${answers.length} were lost: ${first.answer.error ?? first.answer.status}`,
        );
      return `${answers.length} answered, none lost`;
    });
  },
});

/** Sent at once just before the signal, so that something is on its way also where answers are quick. */
const burst = 2;

function startLoad(lab: Lab, container: Container, request: KnownRequest) {
  const { engine } = lab;
  const sent: Promise<Answered>[] = [];
  let open = 0;
  let ended = false;
  const send = () => {
    open++;
    const sentAt = engine.now();
    const asked = engine.http(container, { ...request, timeoutMs: 15_000 }).finally(() => open--);
    sent.push(asked.then(answer => ({ sentAt, answer })));
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
    async end(): Promise<readonly Answered[]> {
      await loop;
      return Promise.all(sent);
    },
  };
}

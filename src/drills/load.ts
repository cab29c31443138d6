import type { KnownRequest, Lab } from "../core/drill.ts";
import type { HttpAnswer } from "../core/engine.ts";

/** What became of a request of a load. */
export interface Sent {
  /** Since the load began. */
  readonly atMs: number;
  readonly answer: HttpAnswer;
}

export interface Load {
  /** Sends no more, and waits for what is on its way. */
  end(): Promise<readonly Sent[]>;
}

const giveUpMs = 10_000;
/** How often the front door's container is looked up: it may be replaced while the load goes on. */
const lookUpMs = 250;

/**
 * Asks a service at a constant rate, each time over a fresh connection, whether or not earlier requests have been
 * answered: a client does not wait for others. What is not answered in ten seconds counts as an answer that never came.
 */
export function startLoad(lab: Lab, service: string, request: KnownRequest, everyMs: number): Load {
  const { engine } = lab;
  const start = engine.now();
  const sent: Promise<Sent>[] = [];
  let ended = false;
  const ask = async (): Promise<Sent> => {
    const atMs = engine.now() - start;
    const [container] = await found;
    const none: HttpAnswer = { headers: {}, body: "", ms: 0, error: "nothing listens" };
    if (!container) return { atMs, answer: none };
    // A container that was removed a moment ago is an error of the engine's, and for a client a closed door.
    const answer = await engine.http(container, { ...request, timeoutMs: giveUpMs }).catch(() => none);
    return { atMs, answer };
  };
  let found = lab.containers(service);
  const lookUp = (async () => {
    while (!ended) {
      await engine.sleep(lookUpMs);
      const next = lab.containers(service);
      await next;
      found = next;
    }
  })();
  const loop = (async () => {
    for (; !ended; await engine.sleep(everyMs)) sent.push(ask());
  })();
  return {
    async end() {
      ended = true;
      await Promise.all([loop, lookUp]);
      return Promise.all(sent);
    },
  };
}

/** No answer, or one that says that nobody served: a 5xx. */
export function isLost({ answer }: Sent): boolean {
  return answer.status === undefined || answer.status >= 500;
}

/** The longest time in which nothing was answered well. */
export function darkMs(sent: readonly Sent[]): number {
  let longest = 0;
  let since: number | undefined;
  for (const one of sent) {
    if (!isLost(one)) since = undefined;
    else {
      since ??= one.atMs;
      longest = Math.max(longest, one.atMs - since);
    }
  }
  return longest;
}

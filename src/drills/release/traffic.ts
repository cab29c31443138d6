import { type KnownRequest, type Lab, NotSeen } from "../../core/drill.ts";
import type { HttpAnswer } from "../../core/engine.ts";
import { seconds } from "../targets.ts";

/** One way in which clients ask, at a rate of its own. */
export interface Kind {
  /** "GET /, fresh": for counts. */
  readonly name: string;
  readonly request: KnownRequest & { readonly method?: string; readonly body?: string };
  readonly everyMs: number;
  readonly keepAlive: boolean;
}

export interface Exchange {
  readonly kind: Kind;
  /** Since the traffic began. */
  readonly atMs: number;
  readonly lost: boolean;
  readonly saw: string;
}

export interface Traffic {
  /** Sends no more, and waits for what is on its way. */
  end(): Promise<readonly Exchange[]>;
}

/** What is not answered in this time counts as an answer that never came. */
const giveUpMs = 15_000;
/** How often the front door's container is looked up: it may be replaced while the traffic goes on. */
const lookUpMs = 250;
const none: HttpAnswer = { headers: {}, body: "", ms: 0, error: "nothing listens" };

/** Asks at constant rates, whether or not earlier requests have been answered: a client does not wait for others. */
export function startTraffic(
  lab: Lab,
  service: string,
  kinds: readonly Kind[],
  socket?: KnownRequest,
): Traffic {
  const { engine } = lab;
  const start = engine.now();
  const sent: Promise<Exchange>[] = [];
  let ended = false;
  let found = lab.containers(service);
  const ask = async (kind: Kind): Promise<Exchange> => {
    const atMs = engine.now() - start;
    const [container] = await found;
    const request = { ...kind.request, timeoutMs: giveUpMs, keepAlive: kind.keepAlive };
    // A container that was removed a moment ago is an error of the engine's, and for a client a closed door.
    const answer = container ? await engine.http(container, request).catch(() => none) : none;
    const lost = answer.status === undefined || answer.status >= 500;
    return { kind, atMs, lost, saw: String(answer.status ?? answer.error) };
  };
  const lookUp = async () => {
    while (!ended) {
      await engine.sleep(lookUpMs);
      const next = lab.containers(service);
      await next;
      found = next;
    }
  };
  const send = async (kind: Kind, shift: number) => {
    await engine.sleep(shift);
    for (; !ended; await engine.sleep(kind.everyMs)) sent.push(ask(kind));
  };
  const open = async (request: KnownRequest) => {
    const kind: Kind = { name: "WebSocket", request, everyMs: 500, keepAlive: false };
    while (!ended) {
      const atMs = engine.now() - start;
      const [container] = await found;
      const session = container && (await engine.socket(container, request).catch(() => undefined));
      const lost = session?.status !== 101;
      sent.push(Promise.resolve({ kind, atMs, lost, saw: String(session?.status ?? "no answer") }));
      if (session && !lost) {
        let over = false;
        session.ended.then(() => {
          over = true;
        });
        while (!over && !ended) await engine.sleep(100);
        session.close();
      }
      if (!ended) await engine.sleep(kind.everyMs);
    }
  };
  const loops = [lookUp(), ...kinds.map(send), ...(socket ? [open(socket)] : [])];
  return {
    async end() {
      ended = true;
      await Promise.all(loops);
      return Promise.all(sent);
    },
  };
}

/** "12 of 80 lost (502; GET /, fresh 3 of 20, ...), nobody was served for 1.2 s"; for nothing lost "80 answered". */
export function counted(sent: readonly Exchange[]): string {
  const lost = sent.filter(one => one.lost);
  const kinds = [...new Set(sent.map(({ kind }) => kind.name))];
  const share = (name: string, of: readonly Exchange[]) => of.filter(({ kind }) => kind.name === name).length;
  if (lost.length === 0)
    return `${sent.length} requests, none lost (${kinds.map(name => `${name} ${share(name, sent)}`).join("; ")})`;
  const each = kinds.map(name => `${name} ${share(name, lost)} of ${share(name, sent)}`).join("; ");
  const saw = [...new Set(lost.map(one => one.saw))].slice(0, 3).join(", ");
  return `${lost.length} of ${sent.length} were lost (${each}; ${saw}), nobody was served for ${seconds(darkMs(sent))}`;
}

/** Throws what was counted when anything was lost. */
export function noneLost(sent: readonly Exchange[]): string {
  if (sent.some(({ lost }) => lost)) throw new NotSeen(counted(sent));
  return counted(sent);
}

/** The longest time in which nothing was answered well. */
function darkMs(sent: readonly Exchange[]): number {
  let longest = 0;
  let since: number | undefined;
  for (const { lost, atMs } of [...sent].sort((a, b) => a.atMs - b.atMs)) {
    if (!lost) since = undefined;
    else {
      since ??= atMs;
      longest = Math.max(longest, atMs - since);
    }
  }
  return longest;
}

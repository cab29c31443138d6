import type { Readable } from "node:stream";

/** Takes apart the engine's mixed stream: frames of `[stream, 0, 0, 0, length (4 bytes, big endian)]` and content. */
export interface Demultiplexer {
  push(chunk: Buffer): void;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Both, in the order in which they came. */
  readonly both: () => string;
}

/** What is kept of each stream: the last 4 MiB. */
const most = 4 << 20;

export function demultiplexer(): Demultiplexer {
  let rest: Buffer = Buffer.alloc(0);
  const frames: { readonly stream: number; readonly content: Buffer }[] = [];
  let size = 0;
  const text = (wanted?: number) =>
    Buffer.concat(
      frames.filter(({ stream }) => wanted === undefined || stream === wanted).map(f => f.content),
    ).toString("utf8");
  return {
    push(chunk) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      while (rest.length >= 8) {
        const length = rest.readUInt32BE(4);
        if (rest.length < 8 + length) break;
        frames.push({ stream: rest[0]!, content: rest.subarray(8, 8 + length) });
        size += length;
        while (size > most && frames.length > 1) size -= frames.shift()!.content.length;
        rest = rest.subarray(8 + length);
      }
    },
    stdout: () => text(1),
    stderr: () => text(2),
    both: () => text(),
  };
}

/** Counts the content of a mixed stream to its end, keeping nothing of it. What came by the time limit counts. */
export function countFrames(stream: Readable, timeoutMs: number): Promise<number> {
  return new Promise(settle => {
    let header: Buffer = Buffer.alloc(0);
    let left = 0;
    let total = 0;
    const finish = () => {
      clearTimeout(timer);
      stream.destroy();
      settle(total);
    };
    const timer = setTimeout(finish, timeoutMs);
    stream.on("data", (chunk: Buffer) => {
      for (let at = 0; at < chunk.length; ) {
        if (left > 0) {
          const taken = Math.min(left, chunk.length - at);
          left -= taken;
          total += taken;
          at += taken;
          continue;
        }
        const taken = Math.min(8 - header.length, chunk.length - at);
        header = Buffer.concat([header, chunk.subarray(at, at + taken)]);
        at += taken;
        if (header.length < 8) continue;
        left = header.readUInt32BE(4);
        header = Buffer.alloc(0);
      }
    });
    stream.on("end", finish);
    stream.on("error", finish);
  });
}

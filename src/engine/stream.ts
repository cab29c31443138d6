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

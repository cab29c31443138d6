/** What copies of single files and small trees need of the tar format (POSIX ustar): write entries, read the first. */

const block = 512;

export interface TarEntry {
  /** At most 100 bytes. */
  readonly name: string;
  readonly kind: "file" | "directory" | "link";
  readonly mode?: number;
  readonly uid?: number;
  readonly content?: Uint8Array;
  /** Where a link leads. */
  readonly to?: string;
}

const types = { file: "0", link: "2", directory: "5" };

export function packTree(entries: readonly TarEntry[]): Uint8Array {
  return Buffer.concat([...entries.map(packEntry), Buffer.alloc(2 * block)]);
}

/** An archive with one regular file. `name` has at most 100 bytes. */
export function packFile(name: string, content: Uint8Array, mode = 0o644): Uint8Array {
  return packTree([{ name, kind: "file", content, mode }]);
}

function packEntry({ name, kind, uid = 0, to = "", content = new Uint8Array(), mode }: TarEntry): Buffer {
  const header = Buffer.alloc(block);
  header.write(name, 0, 100, "utf8");
  header.write(octal(mode ?? (kind === "directory" ? 0o755 : 0o644), 7), 100);
  header.write(octal(uid, 7), 108);
  header.write(octal(uid, 7), 116);
  header.write(octal(content.length, 11), 124);
  header.write(octal(0, 11), 136);
  header.write("        ", 148);
  header.write(types[kind], 156);
  header.write(to, 157, 100, "utf8");
  header.write("ustar\u000000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)}\u0000 `, 148);
  const padding = Buffer.alloc((block - (content.length % block)) % block);
  return Buffer.concat([header, content, padding]);
}

/** The content of the first regular file, or undefined when there is none. */
export function unpackFile(archive: Buffer): Buffer | undefined {
  for (let at = 0; at + block <= archive.length; ) {
    const header = archive.subarray(at, at + block);
    if (header[0] === 0) return undefined;
    const size = Number.parseInt(header.toString("latin1", 124, 136), 8);
    const type = String.fromCharCode(header[156]!);
    if (type === "0" || type === "\u0000") return archive.subarray(at + block, at + block + size);
    at += block + Math.ceil(size / block) * block;
  }
  return undefined;
}

function octal(value: number, width: number): string {
  return value.toString(8).padStart(width, "0");
}

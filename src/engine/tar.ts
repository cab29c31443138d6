/** The two things that copying one file needs of the tar format (POSIX ustar): write one entry, read the first. */

const block = 512;

/** An archive with one regular file. `name` has at most 100 bytes. */
export function packFile(name: string, content: Uint8Array, mode = 0o644): Uint8Array {
  const header = Buffer.alloc(block);
  header.write(name, 0, 100, "utf8");
  header.write(octal(mode, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(content.length, 11), 124);
  header.write(octal(0, 11), 136);
  header.write("        ", 148);
  header.write("0", 156);
  header.write("ustar\u000000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)}\u0000 `, 148);
  const padding = Buffer.alloc((block - (content.length % block)) % block);
  return Buffer.concat([header, content, padding, Buffer.alloc(2 * block)]);
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

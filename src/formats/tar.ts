/** A regular file of an archive. */
export interface TarFile {
  readonly name: string;
  readonly content: Uint8Array;
}

const block = 512;

/**
 * Reads the regular files of a tar archive (POSIX ustar, with long names as GNU and pax write them). `whole` is false
 * when the archive ends before its end mark: it was cut off, or is none. Never throws.
 */
export function readTar(archive: Uint8Array): {
  readonly files: readonly TarFile[];
  readonly whole: boolean;
} {
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  const files: TarFile[] = [];
  let longName: string | undefined;
  for (let at = 0; ; ) {
    const header = bytes.subarray(at, at + block);
    if (header.length < block) return { files, whole: false };
    if (header.every(byte => byte === 0)) return { files, whole: true };
    if (!isHeader(header)) return { files, whole: false };
    const size = Number.parseInt(textAt(header, 124, 12).trim() || "0", 8);
    const content = bytes.subarray(at + block, at + block + size);
    if (Number.isNaN(size) || content.length < size) return { files, whole: false };
    const type = String.fromCharCode(header[156]!);
    const prefix = textAt(header, 345, 155);
    const name = longName ?? `${prefix === "" ? "" : `${prefix}/`}${textAt(header, 0, 100)}`;
    longName = undefined;
    if (type === "L") longName = textAt(content, 0, content.length);
    else if (type === "x") longName = /\d+ path=([^\n]*)\n/.exec(content.toString("utf8"))?.[1];
    else if (type === "0" || type === "\u0000") files.push({ name: name.replace(/^\.\//, ""), content });
    at += block + Math.ceil(size / block) * block;
  }
}

export function isTar(archive: Uint8Array): boolean {
  return archive.length >= block && isHeader(Buffer.from(archive.subarray(0, block)));
}

/** The sum of its bytes stands in the header, with blanks in the place of the sum. */
function isHeader(header: Buffer): boolean {
  const written = Number.parseInt(textAt(header, 148, 8).trim(), 8);
  const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
  return written === sum;
}

function textAt(bytes: Buffer, at: number, length: number): string {
  const field = bytes.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.subarray(0, end === -1 ? length : end).toString("utf8");
}

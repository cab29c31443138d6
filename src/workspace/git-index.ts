/** What git's index says of a path. */
export interface GitIndex {
  /** Paths relative to the repository's top, with whether git keeps them executable. */
  readonly entries: ReadonlyMap<string, { readonly executable: boolean }>;
}

const header = 12;
const extendedFlag = 0x4000;

/**
 * Reads `.git/index` (versions 2 to 4) without running git. `undefined` for what it cannot vouch for: a broken, split
 * or sparse index, or one with another kind of hash.
 */
export function readGitIndex(bytes: Buffer, hashLength = 20): GitIndex | undefined {
  if (bytes.length < header || bytes.toString("latin1", 0, 4) !== "DIRC") return undefined;
  const version = bytes.readUInt32BE(4);
  const count = bytes.readUInt32BE(8);
  if (version < 2 || version > 4) return undefined;
  const entries = new Map<string, { executable: boolean }>();
  // Times, device, inode, mode, owner and size: 40 bytes; then the hash and two bytes of flags.
  const fixed = 40 + hashLength + 2;
  let offset = header;
  let previous = "";
  for (let i = 0; i < count; i++) {
    if (offset + fixed > bytes.length) return undefined;
    const mode = bytes.readUInt32BE(offset + 24);
    // A folder here means a sparse index: what is below is not listed.
    if ((mode & 0o170000) === 0o040000) return undefined;
    const flags = bytes.readUInt16BE(offset + 40 + hashLength);
    const extended = version >= 3 && (flags & extendedFlag) !== 0 ? 2 : 0;
    const name = readName(bytes, offset, offset + fixed + extended, version, previous);
    if (!name) return undefined;
    entries.set(name.path, { executable: (mode & 0o111) !== 0 });
    previous = name.raw;
    offset = name.next;
  }
  return isSplit(bytes, offset, hashLength) ? undefined : { entries };
}

interface Name {
  readonly path: string;
  /** One character per byte, for the next entry's prefix. */
  readonly raw: string;
  readonly next: number;
}

function readName(
  bytes: Buffer,
  entry: number,
  start: number,
  version: number,
  previous: string,
): Name | undefined {
  let from = start;
  let prefix = "";
  if (version === 4) {
    // Version 4 says how much of the previous name to drop, seven bits to a byte.
    let drop = 0;
    let byte = bytes[from++];
    if (byte === undefined) return undefined;
    drop = byte & 0x7f;
    while (byte & 0x80) {
      byte = bytes[from++];
      if (byte === undefined || drop > bytes.length) return undefined;
      drop = (drop + 1) * 128 + (byte & 0x7f);
    }
    if (drop > previous.length) return undefined;
    prefix = previous.slice(0, previous.length - drop);
  }
  const end = bytes.indexOf(0, from);
  if (end === -1) return undefined;
  const raw = prefix + bytes.toString("latin1", from, end);
  const path = /[\x80-\xff]/.test(raw) ? Buffer.from(raw, "latin1").toString("utf8") : raw;
  // Up to version 3 an entry is filled up to eight bytes, with at least one NUL.
  const next = version === 4 ? end + 1 : entry + Math.floor((end - entry) / 8) * 8 + 8;
  return { path, raw, next };
}

/** A `link` extension: the other half of the entries is in a shared file. */
function isSplit(bytes: Buffer, from: number, hashLength: number): boolean {
  let offset = from;
  while (offset + 8 <= bytes.length - hashLength) {
    const name = bytes.toString("latin1", offset, offset + 4);
    if (name === "link" || name === "sdir") return true;
    offset += 8 + bytes.readUInt32BE(offset + 4);
  }
  return false;
}

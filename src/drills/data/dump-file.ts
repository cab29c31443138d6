import { gunzipSync } from "node:zlib";
import { isTar, readTar } from "../../formats/tar.ts";

/** What a file holds once its wrappings are taken off. */
export interface Piece {
  /** The file that was written; a slash and two dots lead into an archive: `a.tar.gz//db.sql`. */
  readonly path: string;
  /**
   * custom, tar: archives of pg_dump, for pg_restore; sql: text for psql; closed: encrypted, or packed in a way that
   * is not known here; damaged: its own sums do not fit, or it ends too early.
   */
  readonly kind: "custom" | "tar" | "sql" | "file" | "empty" | "closed" | "damaged";
  readonly content: Buffer;
  readonly wrappings: readonly ("gzip" | "tar")[];
}

/** Archives in archives are followed so deep. */
const deepest = 4;

/** Everything that a written file holds. Never throws: what cannot be opened says so. */
export function piecesOf(path: string, content: Uint8Array): Piece[] {
  return open(path, Buffer.from(content), []);
}

function open(path: string, content: Buffer, wrappings: Piece["wrappings"]): Piece[] {
  const piece = (kind: Piece["kind"]): Piece[] => [{ path, kind, content, wrappings }];
  if (content.length === 0) return piece("empty");
  if (content.toString("latin1", 0, 5) === "PGDMP") return piece("custom");
  if (wrappings.length >= deepest) return piece("file");
  if (content[0] === 0x1f && content[1] === 0x8b) {
    const inner = unzipped(content);
    return inner ? open(path.replace(/\.t?gz$/, ""), inner, [...wrappings, "gzip"]) : piece("damaged");
  }
  if (isTar(content)) {
    const { files, whole } = readTar(content);
    if (!whole) return piece("damaged");
    if (files.some(({ name }) => name === "toc.dat")) return piece("tar");
    return files.flatMap(({ name, content: inner }) =>
      open(`${path}//${name}`, Buffer.from(inner), [...wrappings, "tar"]),
    );
  }
  if (isClosed(content)) return piece("closed");
  return piece(isSql(content) ? "sql" : "file");
}

function unzipped(content: Buffer): Buffer | undefined {
  try {
    return gunzipSync(content);
  } catch {
    // Its sum does not fit, or it ends too early: what it is called decides nothing.
    return undefined;
  }
}

/** First bytes of zstd, xz, bzip2, zip, 7z, lz4, OpenSSL's enc, age and OpenPGP. */
const closedHeads = [
  ...["28b52ffd", "fd377a58", "425a68", "504b0304", "377abcaf", "04224d18"],
  ...[Buffer.from("Salted__"), Buffer.from("age-encryption.org/"), Buffer.from("-----BEGIN PGP")].map(head =>
    head.toString("hex"),
  ),
  ...["8c0d04", "8501", "8502", "8503", "c1c0", "c3"],
];

function isClosed(content: Buffer): boolean {
  const head = content.subarray(0, 24).toString("hex");
  return closedHeads.some(one => head.startsWith(one)) && !isSql(content);
}

function isSql(content: Buffer): boolean {
  const text = content.subarray(0, 1 << 16).toString("latin1");
  return (
    !text.includes("\0") && /^(--|CREATE |INSERT |COPY |SET |\\connect |DROP |ALTER |BEGIN|\/\*)/im.test(text)
  );
}

/** The last words of a whole dump in text: pg_dump, pg_dumpall, mysqldump. */
export function hasEndMark(content: Buffer): boolean {
  return /PostgreSQL database (cluster )?dump complete|^-- Dump completed/m.test(
    content.subarray(-400).toString("latin1"),
  );
}

/** A dump of the whole server, which makes its databases itself. */
export function isWholeServer(content: Buffer): boolean {
  return /^\\connect /m.test(content.toString("latin1"));
}

import { isUtf8 } from "node:buffer";

/** Text of a file, or why there is none. `lenient` text stands in for bytes that are not UTF-8. */
export type Decoded =
  | { readonly text: string; readonly trouble?: string }
  | { readonly text?: undefined; readonly trouble: string };

/** Decodes UTF-8 and tells what a file is when it is something else. */
export function decodeText(bytes: Buffer): Decoded {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return { trouble: "is UTF-16, not UTF-8" };
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return { trouble: "is UTF-16, not UTF-8" };
  if (bytes.subarray(0, 8192).includes(0)) return { trouble: "is a binary file" };
  // Not TextDecoder, which takes several times as long; a byte order mark stays, so that offsets are those of the file.
  if (isUtf8(bytes)) return { text: bytes.toString("utf8") };
  return { text: bytes.toString("latin1"), trouble: "is not UTF-8: it is read as Latin-1" };
}

import { isUtf8 } from "node:buffer";

/** Text of a file, or why there is none. `lenient` text stands in for bytes that are not UTF-8. */
export type Decoded =
  | { readonly text: string; readonly trouble?: string }
  | { readonly text?: undefined; readonly trouble: string };

/** What pip reads: it takes the encoding from the mark, and PowerShell's `pip freeze >` writes UTF-16 (tried with pip 23.2.1). */
const ofPip =
  /(?:^|\/)(?:requirements|constraints)[^/]*\.(?:txt|in)$|(?:^|\/)requirements\/[^/]+\.(?:txt|in)$/i;

/** Decodes UTF-8 and tells what a file is when it is something else. */
export function decodeText(bytes: Buffer, path: string): Decoded {
  const order = byteOrder(bytes);
  if (order && ofPip.test(path)) {
    const even = bytes.subarray(2, bytes.length - (bytes.length % 2));
    return { text: (order === "big" ? Buffer.from(even).swap16() : even).toString("utf16le") };
  }
  if (order) return { trouble: "is UTF-16, not UTF-8" };
  if (bytes.subarray(0, 8192).includes(0)) return { trouble: "is a binary file" };
  // Not TextDecoder, which takes several times as long; a byte order mark stays, so that offsets are those of the file.
  if (isUtf8(bytes)) return { text: bytes.toString("utf8") };
  return { text: bytes.toString("latin1"), trouble: "is not UTF-8: it is read as Latin-1" };
}

/** How UTF-16 begins. */
function byteOrder(bytes: Buffer): "little" | "big" | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "little";
  return bytes[0] === 0xfe && bytes[1] === 0xff ? "big" : undefined;
}

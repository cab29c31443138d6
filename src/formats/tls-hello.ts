/**
 * The first message of a TLS connection and the first answer to it, up to TLS 1.2 (RFC 5246, section 7.4.1). They are
 * sent in the clear, so that a few bytes tell what a server would accept, also what no current library would speak.
 */

export type TlsVersion = "SSL 3.0" | "TLS 1.0" | "TLS 1.1" | "TLS 1.2";

const numbers: Readonly<Record<TlsVersion, number>> = {
  "SSL 3.0": 0x0300,
  "TLS 1.0": 0x0301,
  "TLS 1.1": 0x0302,
  "TLS 1.2": 0x0303,
};

export interface HelloOffer {
  readonly version: TlsVersion;
  /** Cipher suites by their registered numbers, best first. */
  readonly ciphers: readonly number[];
  /** A host name: addresses must not be sent. */
  readonly serverName?: string;
}

/** The record that offers exactly this version and these cipher suites. */
export function clientHello({ version, ciphers, serverName }: HelloOffer): Uint8Array {
  const extensions = version === "SSL 3.0" ? [] : sized(2, extensionsFor(version, serverName));
  const body = [
    ...two(numbers[version]),
    // The server only mixes it into keys, which this connection never gets to.
    ...Array.from({ length: 32 }, (_, index) => (index * 37 + 11) & 0xff),
    0,
    ...sized(2, ciphers.flatMap(two)),
    ...[1, 0],
    ...extensions,
  ];
  const record = version === "SSL 3.0" ? numbers["SSL 3.0"] : numbers["TLS 1.0"];
  return Uint8Array.from([22, ...two(record), ...sized(2, [1, ...sized(3, body)])]);
}

function extensionsFor(version: TlsVersion, serverName: string | undefined): number[] {
  const name = serverName === undefined ? [] : [...new TextEncoder().encode(serverName)];
  const hashes = [0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201];
  return [
    ...(name.length > 0 ? extension(0, sized(2, [0, ...sized(2, name)])) : []),
    // Curves: X25519, P-256, P-384; points uncompressed.
    ...extension(10, sized(2, [0x001d, 0x0017, 0x0018].flatMap(two))),
    ...extension(11, sized(1, [0])),
    ...(version === "TLS 1.2" ? extension(13, sized(2, hashes.flatMap(two))) : []),
    ...extension(0xff01, [0]),
  ];
}

function extension(type: number, content: readonly number[]): number[] {
  return [...two(type), ...sized(2, content)];
}

function two(value: number): number[] {
  return [(value >> 8) & 0xff, value & 0xff];
}

/** The content behind its length in so many bytes. */
function sized(bytes: 1 | 2 | 3, content: readonly number[]): number[] {
  const length = [16, 8, 0].slice(3 - bytes).map(shift => (content.length >> shift) & 0xff);
  return [...length, ...content];
}

/** `refused` is an alert; `undefined` stands for what is no TLS, or not enough of it. */
export type HelloAnswer = { readonly version: string; readonly cipher: number } | "refused" | undefined;

/** Reads what came back: the version and cipher suite that the server has chosen. Never throws. */
export function serverHello(bytes: Uint8Array): HelloAnswer {
  if (bytes[0] === 21 && bytes[1] === 3) return "refused";
  if (bytes[0] !== 22 || bytes[1] !== 3 || bytes[5] !== 2) return undefined;
  const session = bytes[43];
  if (session === undefined || session > 32) return undefined;
  const [high, low] = [bytes[44 + session], bytes[45 + session]];
  if (high === undefined || low === undefined) return undefined;
  const number = (bytes[9]! << 8) | bytes[10]!;
  const version = Object.entries(numbers).find(([, value]) => value === number)?.[0];
  return version === undefined ? undefined : { version, cipher: (high << 8) | low };
}

/** Cipher suites that protect nothing any more, with what is wrong with each group. */
export const weakCiphers: readonly { readonly what: string; readonly ciphers: readonly number[] }[] = [
  { what: "no encryption (NULL)", ciphers: [0x0001, 0x0002, 0x003b, 0xc006, 0xc010] },
  {
    what: "no certificate (anonymous)",
    ciphers: [0x0018, 0x001b, 0x0034, 0x003a, 0x006c, 0x006d, 0xc015, 0xc017, 0xc018, 0xc019],
  },
  {
    what: "export strength",
    ciphers: [0x0003, 0x0006, 0x0008, 0x000b, 0x000e, 0x0011, 0x0014, 0x0017, 0x0019],
  },
  { what: "RC4", ciphers: [0x0004, 0x0005, 0xc007, 0xc011] },
  { what: "DES and triple DES", ciphers: [0x0009, 0x000a, 0x0015, 0x0016, 0xc008, 0xc012] },
];

/** What clients of old versions offer, so that a refusal is one of the version. */
export const commonCiphers: readonly number[] = [
  ...[0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8, 0xcca9, 0xc009, 0xc00a, 0xc013, 0xc014, 0x009e, 0x009f],
  ...[0x0033, 0x0039, 0x002f, 0x0035, 0x000a, 0xc008, 0xc012],
];

import { generateKeyPairSync, sign } from "node:crypto";

export interface DummyCertificate {
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
}

let made: DummyCertificate | undefined;

/** A certificate that signs itself, for programs that check whether one can be read. Made once in a run. */
export function dummyCertificate(): DummyCertificate {
  made ??= make();
  return made;
}

function make(): DummyCertificate {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const algorithm = sequence(hex("06092a864886f70d01010b"), hex("0500"));
  // One relative name: CN=localhost.
  const name = sequence(tagged(0x31, sequence(hex("0603550403"), tagged(0x0c, Buffer.from("localhost")))));
  const time = (text: string): Buffer => tagged(0x17, Buffer.from(text));
  const body = sequence(
    hex("020101"),
    algorithm,
    name,
    sequence(time("250101000000Z"), time("491231235959Z")),
    name,
    publicKey.export({ type: "spki", format: "der" }),
  );
  const signature = sign("sha256", body, privateKey);
  const whole = sequence(body, algorithm, tagged(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines = whole.toString("base64").replace(/.{64}(?=.)/g, "$&\n");
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

/** DER: a tag, a length, the content. */
function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size: number[] = [];
  for (let rest = length; rest > 0; rest >>= 8) size.unshift(rest & 0xff);
  const head = length < 128 ? [tag, length] : [tag, 0x80 | size.length, ...size];
  return Buffer.concat([Buffer.from(head), content]);
}

function hex(text: string): Buffer {
  return Buffer.from(text, "hex");
}

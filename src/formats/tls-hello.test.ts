import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clientHello, commonCiphers, serverHello } from "./tls-hello.ts";

/** A server's hello as TLS 1.2 has it: version, random, session, cipher suite. */
function answer(version: readonly number[], session: number, cipher: readonly number[]): Uint8Array {
  const body = [...version, ...Array(32).fill(7), session, ...Array(session).fill(9), ...cipher, 0];
  const message = [2, 0, 0, body.length, ...body];
  return Uint8Array.from([22, 3, 3, 0, message.length, ...message]);
}

describe("TLS hellos", () => {
  it("carries the version, the cipher suites and the name, with lengths that add up", () => {
    const hello = clientHello({ version: "TLS 1.1", ciphers: [0x002f, 0xc013], serverName: "shop.example" });
    expect([...hello.slice(0, 3)]).toEqual([22, 3, 1]);
    expect((hello[3]! << 8) | hello[4]!).toBe(hello.length - 5);
    expect(hello[5]).toBe(1);
    expect((hello[7]! << 8) | hello[8]!).toBe(hello.length - 9);
    expect([...hello.slice(9, 11)]).toEqual([3, 2]);
    const text = Buffer.from(hello).toString("latin1");
    expect(text).toContain("\u0000\u0004\u0000\u002f\u00c0\u0013");
    expect(text).toContain("shop.example");
  });

  it("sends no extensions with SSL 3.0, which has none", () => {
    const hello = clientHello({ version: "SSL 3.0", ciphers: [0x000a], serverName: "shop.example" });
    expect([...hello.slice(0, 3)]).toEqual([22, 3, 0]);
    expect(hello.length).toBe(5 + 4 + 2 + 32 + 1 + 4 + 2);
  });

  it("reads what the server has chosen, behind a session id of any length", () => {
    for (const session of [0, 16, 32])
      expect(serverHello(answer([3, 1], session, [0xc0, 0x13]))).toEqual({
        version: "TLS 1.0",
        cipher: 0xc013,
      });
  });

  it("tells a refusal from what is no TLS", () => {
    expect(serverHello(Uint8Array.from([21, 3, 1, 0, 2, 2, 70]))).toBe("refused");
    expect(serverHello(Buffer.from("HTTP/1.1 400 Bad Request\r\n"))).toBeUndefined();
    expect(serverHello(answer([3, 3], 0, [0xc0, 0x2f]).slice(0, 20))).toBeUndefined();
  });

  it("never throws, whatever comes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), bytes => void serverHello(bytes)));
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 120 }),
        bytes => void serverHello(Uint8Array.from([22, 3, 3, 0, 80, 2, ...bytes])),
      ),
    );
    expect(clientHello({ version: "TLS 1.2", ciphers: commonCiphers }).length).toBeGreaterThan(80);
  });
});

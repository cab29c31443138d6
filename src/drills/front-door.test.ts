import { describe, expect, it } from "vitest";
import { answers, onFake } from "../../test/on-fake.ts";
import type { FakeProgram } from "../engine/fake.ts";

const certificate = {
  ...{ protocol: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", subject: "shop", issuer: "shop" },
  ...{ validFrom: "2023-01-01T00:00:00.000Z", validTo: "2024-01-01T00:00:00.000Z", selfSigned: true },
};
const refuses = "\u0015\u0003\u0001\u0000\u0002\u0002\u0046".padEnd(80, "\u0000");
const secure: FakeProgram = {
  ...answers,
  talk: () => refuses,
  certificate: () => certificate,
  http: ({ tls, path }) => ({
    status: path === "/" ? 200 : 404,
    ...(tls ? { headers: { "set-cookie": "session=1; Secure" } } : {}),
  }),
};
const traffic = async (program: FakeProgram) => (await onFake("encrypts-traffic", { program }))["web"]!;

describe("whether the front door encrypts", () => {
  it("refutes plain HTTP, and leaves the store out", async () => {
    const reports = await onFake("encrypts-traffic", {});
    expect(Object.keys(reports)).toEqual(["web"]);
    expect(reports["web"]!.outcome).toBe("refuted");
    expect(reports["web"]!.because).toContain("port 8000 answers 200 in plain HTTP");
  });

  it("proves what is in order", async () => {
    expect(await traffic(secure)).toMatchObject({ outcome: "proved" });
  });

  it("refutes a certificate that has ended, and one that has not begun", async () => {
    const ended = { ...certificate, validTo: "2023-06-01T00:00:00.000Z" };
    expect((await traffic({ ...secure, certificate: () => ended })).because).toContain(
      "it ended on 2023-06-01",
    );
    const early = { ...certificate, validFrom: "2023-12-01T00:00:00.000Z" };
    expect((await traffic({ ...secure, certificate: () => early })).because).toContain(
      "it begins on 2023-12-01",
    );
  });

  it("refutes a cookie that travels without TLS too", async () => {
    const open: FakeProgram = {
      ...secure,
      http: () => ({ status: 200, headers: { "set-cookie": "session=1; HttpOnly" } }),
    };
    expect((await traffic(open)).because).toContain("sets session without Secure");
  });

  it("refutes a server that agrees to an old version, by its first message", async () => {
    const hello = [
      22,
      3,
      1,
      0,
      90,
      2,
      0,
      0,
      86,
      3,
      1,
      ...Array(32).fill(1),
      0,
      0xc0,
      0x13,
      ...Array(60).fill(0),
    ];
    const old: FakeProgram = {
      ...secure,
      // The version that the client offers stands behind the headers of record and message.
      talk: (_, words) => (words.charCodeAt(10) === 1 ? String.fromCharCode(...hello) : refuses),
    };
    expect((await traffic(old)).because).toContain("port 8000 agrees to TLS 1.0");
  });

  it("refutes a header that the page has and an error page lacks", async () => {
    const gap: FakeProgram = {
      ...secure,
      http: ({ path }) =>
        path === "/"
          ? { status: 200, headers: { "strict-transport-security": "max-age=1" } }
          : { status: 404 },
    };
    expect((await traffic(gap)).because).toContain("strict-transport-security is not on the error page");
  });
});

const load = async (program: FakeProgram, machine = {}) =>
  (await onFake("meets-its-load", { program, machine }))["web"]!;
const slow = (ms: number): FakeProgram => ({ ...answers, http: () => ({ status: 200, ms }) });

describe("whether the front door holds its load", () => {
  it("proves quick answers, and says how far it goes", async () => {
    const report = await load(slow(20));
    expect(report).toMatchObject({ outcome: "proved" });
    expect(report.journal.find(({ what }) => what === "at more than that")!.saw).toContain(
      "it holds 320 a second",
    );
  });

  it("refutes slow and failed answers", async () => {
    expect((await load(slow(150))).because).toContain("p95 150 ms");
    let asked = 0;
    const broken: FakeProgram = { ...answers, http: () => ({ status: ++asked % 50 === 0 ? 502 : 200 }) };
    expect((await load(broken)).because).toMatch(/4 of 200 failed \(502\)/);
  });

  it("does not blame the stack for a busy machine", async () => {
    const busy = await load(slow(150), { idle: 0.1, nothingMs: 120 });
    expect(busy).toMatchObject({ outcome: "inconclusive" });
    expect(busy.because).toContain(
      "other programs 90 %; a server that does nothing answered 95 of 100 in 120 ms",
    );
    // Three seconds are too slow also where a tenth of the machine is left.
    expect(await load(slow(3_000), { idle: 0.1, nothingMs: 120 })).toMatchObject({ outcome: "refuted" });
  });

  it("decides nothing where one client is limited", async () => {
    let asked = 0;
    const limited: FakeProgram = { ...answers, http: () => ({ status: ++asked > 20 ? 429 : 200 }) };
    const report = await load(limited);
    expect(report).toMatchObject({ outcome: "inconclusive" });
    expect(report.because).toContain("Set load.rate below that");
  });
});

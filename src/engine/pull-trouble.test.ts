import { describe, expect, it } from "vitest";
import { pullTrouble, withoutResolver } from "./pull-trouble.ts";

describe("why a pull failed", () => {
  it.each([
    [
      "postgres:16",
      'Get "https://registry.example/v2/": dial tcp: lookup registry.example on 192.0.2.53:53: no such host',
      /^the name docker\.io does not resolve from the engine\..*docker load/,
    ],
    [
      "ghcr.io/shop/web:1",
      'error from registry: denied\nGet "https://ghcr.io/v2/": unauthorized',
      /^ghcr\.io does not hand it out without a login.*docker login ghcr\.io/,
    ],
    ["shop/web:9", "manifest for shop/web:9 not found: manifest unknown", /^docker\.io has no such image/],
    [
      "localhost:5000/web",
      "dial tcp 127.0.0.1:5000: connect: connection refused",
      /^localhost:5000 cannot be reached/,
    ],
    ["redis", "toomanyrequests: You have reached your pull rate limit", /gives this address no more images/],
  ])("says it for %s", (image, words, said) => {
    const told = pullTrouble(image, words);
    expect(told).toMatch(said);
    expect(told).not.toMatch(/\d+\.\d+\.\d+\.\d+/);
  });

  it("keeps unknown words, without addresses", () => {
    expect(pullTrouble("redis", "first line\nstrange thing from 192.0.2.7:443")).toBe(
      "strange thing from an address",
    );
  });

  it("takes the resolver out of a builder's words, and nothing else", () => {
    const said =
      'failed to do request: Head "https://registry.example/v2/": dial tcp: lookup registry.example';
    expect(withoutResolver(`${said} on 192.0.2.53:53: no such host`)).toBe(`${said}: no such host`);
    expect(withoutResolver(`${said} on [2001:db8::1]:53: no such host`)).toBe(`${said}: no such host`);
    expect(withoutResolver("listen on 0.0.0.0:80: in use")).toBe("listen on 0.0.0.0:80: in use");
  });
});

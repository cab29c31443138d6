import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isLoopback, storeUrl } from "./query-environment.ts";
import { isCredential, isSigningName } from "./query-secrets.ts";

describe("storeUrl", () => {
  it("takes a connection string apart", () => {
    expect(storeUrl("postgresql+asyncpg://shop:p%40ss@db:5432/shop?ssl=on")).toEqual({
      protocol: "postgres",
      host: "db",
      user: "shop",
      password: "p@ss",
      database: "shop",
    });
    expect(storeUrl("redis://:secret@cache/0")).toMatchObject({ protocol: "redis", host: "cache" });
  });
  it("leaves other texts alone", () => {
    expect(storeUrl("https://db:5432/")).toBeUndefined();
    expect(storeUrl("db")).toBeUndefined();
  });
  it("never throws", () => {
    fc.assert(fc.property(fc.string(), text => void storeUrl(`postgres://${text}`)));
  });
});

describe("names and values", () => {
  it("knows loopback addresses", () => {
    expect(["localhost", "127.0.0.1", "::1"].every(isLoopback)).toBe(true);
    expect(["db", "0.0.0.0", "10.0.0.1"].some(isLoopback)).toBe(false);
  });
  it("tells signing keys from keys of others", () => {
    expect(["SECRET_KEY", "JWT_SECRET", "JWT_SECRET_KEY", "SECRET_KEY_BASE"].every(isSigningName)).toBe(true);
    expect(["AWS_SECRET_ACCESS_KEY", "GOOGLE_CLIENT_SECRET", "DB_PASSWORD"].some(isSigningName)).toBe(false);
  });
  it("takes switches and references for no credentials", () => {
    expect(["true", "", "12", "$" + "{X}"].some(isCredential)).toBe(false);
    expect(isCredential("hK4mLq9z")).toBe(true);
  });
});

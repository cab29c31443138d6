import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tree } from "../../test/tree.ts";
import { link } from "./link.ts";
import { componentReads, isLoopback, storeUrl } from "./query-environment.ts";
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

describe("the bound of the search", () => {
  it("is spent anew by each audit of the same files", async () => {
    const modules = Array.from({ length: 1_500 }, (_, index) => [`shop/part${index}.py`, "import os\n"]);
    const files = tree({
      "compose.yml": "services:\n  api:\n    build: .\n",
      Dockerfile: 'FROM python:3.13-slim\nCOPY . .\nCMD ["python", "-m", "shop"]\n',
      "requirements.txt": "flask==3.1.0\n",
      ...Object.fromEntries(modules),
    });
    const complete: boolean[] = [];
    for (let audits = 0; audits < 4; audits++) {
      const stack = await link(files);
      complete.push(componentReads(stack, stack.components[0]!).complete);
    }
    expect(complete).toEqual([true, true, true, true]);
  });
});

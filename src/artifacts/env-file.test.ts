import { describe, expect, it } from "vitest";
import { envFile, envFileRole } from "./env-file.ts";

describe("env files", () => {
  it.each([
    ".env",
    "app/.env",
    ".env.production",
    ".env.local",
    "prod.env",
    "config/web.env",
    ".env.example",
    ".env.sample",
    ".env.template",
    ".env.dist",
    "env.example",
    ".env-example",
    ".env.production.example",
    "web.env.example",
  ])("recognises %s", path => expect(envFile.recognises(path)).toBe(true));

  it.each([
    ".envrc",
    "env.ts",
    ".env.ts",
    "src/env.d.ts",
    "environment",
    ".environment",
    ".env.gpg",
    ".env.patch",
    "alembic/env.py",
    "env/x",
  ])("leaves %s alone", path => expect(envFile.recognises(path)).toBe(false));

  it.each([
    [".env", "real"],
    ["a/.env.production", "real"],
    [".env.production.local", "real"],
    [".env.example", "example"],
    [".env.production.example", "example"],
    ["env.dist", "example"],
    ["web.env", "unknown"],
    [".env.sepolia", "unknown"],
  ])("%s is %s", (path, role) => expect(envFileRole(path)).toBe(role));

  it("is a form where its first lines have it copied", () => {
    const role = (text: string) => envFile.parse({ path: "deploy.env", text }).model.role;
    expect(role("# Settings of a server.\n# Copy this file to .env and fill it in\n\nA=1\n")).toBe("example");
    expect(role("# Copy this file to .env to use the test network\nA=1\n")).toBe("unknown");
    expect(role("A=1\n# Copy this file to .env\n")).toBe("unknown");
  });

  it("holds entries and problems", () => {
    const { model, problems } = envFile.parse({ path: ".env.example", text: "A=1\nB B=2\n" });
    expect(model.role).toBe("example");
    expect(model.entries.map(entry => entry.name.value)).toEqual(["A"]);
    expect(problems).toHaveLength(1);
  });
});

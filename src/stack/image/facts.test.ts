import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { endOfLife, factsFor, parseImageRef } from "./facts.ts";

describe("references", () => {
  test.each([
    ["nginx", { name: "nginx", family: "nginx" }],
    ["nginx:1.27-alpine", { name: "nginx", tag: "1.27-alpine", family: "nginx" }],
    [
      "docker.io/library/redis:7@sha256:ab",
      { registry: "docker.io", name: "redis", tag: "7", digest: "sha256:ab", family: "redis" },
    ],
    [
      "localhost:5000/a/b:c",
      { registry: "localhost:5000", name: "a/b", tag: "c", family: "localhost:5000/a/b" },
    ],
    [
      "harbor.example.org/dockerhub/library/postgres:16",
      { registry: "harbor.example.org", name: "dockerhub/library/postgres", tag: "16", family: "postgres" },
    ],
    [
      "harbor.example.org/shop/postgres:16",
      {
        registry: "harbor.example.org",
        name: "shop/postgres",
        tag: "16",
        family: "harbor.example.org/shop/postgres",
      },
    ],
    ["localhost:5000/nginx", { registry: "localhost:5000", name: "nginx", family: "localhost:5000/nginx" }],
    ["ghcr.io/me/app", { registry: "ghcr.io", name: "me/app", family: "ghcr.io/me/app" }],
    [
      "public.ecr.aws/docker/library/node:22",
      { registry: "public.ecr.aws", name: "node", tag: "22", family: "node" },
    ],
    ["me/nginx", { name: "me/nginx", family: "me/nginx" }],
    [
      "gcr.io/distroless/static-debian12",
      { registry: "gcr.io", name: "distroless/static-debian12", family: "distroless" },
    ],
  ])("%s", (text, expected) => expect(parseImageRef(text)).toEqual(expected));

  test("never throws", () => {
    fc.assert(
      fc.property(fc.string(), text => {
        const ref = parseImageRef(text);
        factsFor(ref);
        endOfLife(ref);
      }),
    );
    expect(factsFor(parseImageRef("constructor"))).toBeUndefined();
    expect(endOfLife({ name: "node", family: "node", tag: "constructor-__proto__" })).toEqual([]);
  });
});

describe("facts", () => {
  const facts = (text: string) => factsFor(parseImageRef(text));

  test("images with a health check of their own", () => {
    expect(facts("axllent/mailpit:v1.20")?.healthcheck).toBe(true);
    expect(facts("containrrr/watchtower")?.healthcheck).toBe(true);
    expect(facts("postgres:16")?.healthcheck).toBe(false);
  });

  test("valkey answers to the old names too", () => {
    expect(facts("valkey/valkey:8")?.tools.get("redis-cli")).toBe(true);
  });

  test("a database: user, data, environment, tools", () => {
    expect(facts("postgres:16-alpine")).toMatchObject({
      kind: "database",
      distribution: "alpine",
      dropsPrivileges: true,
      ports: [5432],
      volumes: ["/var/lib/postgresql/data"],
      fileEnv: true,
      healthcheck: false,
    });
    expect(facts("postgres:16")!.requiredEnv[0]).toContain("POSTGRES_PASSWORD_FILE");
    expect(facts("redis:7")).toMatchObject({ authentication: "none", dataDirectories: ["/data"] });
    expect(facts("unknown/thing")).toBeUndefined();
  });

  test.each([
    ["postgres:16", "pg_isready", true],
    ["postgres:16", "curl", false],
    ["redis:7-alpine", "redis-cli", true],
    ["python:3.12-slim", "python", true],
    ["python:3.12-alpine", "bash", false],
    ["node:22", "curl", true],
    ["nginx:stable", "wget", false],
    ["nginx:alpine", "wget", true],
    ["nginx:1.18", "curl", undefined],
    ["mongo:7", "mongosh", true],
    ["mongo:4.4", "mongosh", false],
    ["mongo:latest", "mongosh", undefined],
    ["mariadb:11", "mysqladmin", false],
    ["grafana/grafana:11", "python", undefined],
    ["prom/prometheus", "wget", true],
    ["scratch", "sh", false],
    ["mcr.microsoft.com/dotnet/aspnet:8.0", "curl", undefined],
    ["timescale/timescaledb:latest-pg16", "curl", undefined],
  ])("%s: %s is %s", (text, tool, has) => expect(facts(text)!.tools.get(tool)).toBe(has));
});

test.each([
  ["python:3.7-slim-buster", ["python 3.7 2023-06-27", "debian buster 2024-06-30"]],
  ["node:18-alpine", ["node 18 2025-04-30"]],
  ["node:18-alpine3.16", ["node 18 2025-04-30", "alpine 3.16 2024-05-23"]],
  ["postgres:11.5", ["postgres 11 2023-11-09"]],
  ["postgres:9.6", ["postgres 9 2021-11-11"]],
  ["timescale/timescaledb:latest-pg14", ["postgres 14 2026-11-12"]],
  ["debian:10-slim", ["debian buster 2024-06-30"]],
  ["ubuntu:focal", ["ubuntu 20.04 2025-05-31"]],
  ["mysql:5.7", ["mysql 5.7 2023-10-31"]],
  ["node:lts", []],
  ["nginx:1.18", ["nginx 1.18 2021-04-20"]],
  ["nginx:stable", []],
  ["ghcr.io/me/node:10", []],
])("support of %s", (text, expected) => {
  expect(endOfLife(parseImageRef(text)).map(each => `${each.product} ${each.version} ${each.date}`)).toEqual(
    expected,
  );
});

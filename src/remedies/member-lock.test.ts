import { describe, expect, it } from "vitest";
import { memberLock } from "./member-lock.ts";

type Packages = Record<string, object>;

const manifest = { name: "api", dependencies: { a: "^1.0.0" } };

/** The packages of the member's lock, as `memberLock` lays them. */
function laid(
  packages: Packages,
  own: object = manifest,
): Record<string, Record<string, unknown>> | undefined {
  const all = { "": { workspaces: ["api"] }, api: own, ...packages };
  const text = memberLock(JSON.stringify({ lockfileVersion: 3, packages: all }), JSON.stringify(own), "api");
  return text === undefined ? undefined : JSON.parse(text).packages;
}

const one = (version: string, rest: object = {}) => ({ version, integrity: `sha512-${version}`, ...rest });

describe("memberLock", () => {
  it("takes what the member needs, at any depth, and nothing else", () => {
    const packages = {
      "node_modules/a": one("1.1.0", { dependencies: { b: "1" } }),
      "node_modules/b": one("1.2.0"),
      "node_modules/unused": one("3.0.0"),
    };
    expect(Object.keys(laid(packages)!)).toEqual(["", "node_modules/a", "node_modules/b"]);
  });

  it("keeps the nested version for the package that asks for it", () => {
    const packages = {
      "api/node_modules/b": one("2.0.0"),
      "node_modules/a": one("1.1.0", { dependencies: { b: "^1.0.0", c: "1" } }),
      "node_modules/b": one("1.2.0", { dependencies: { d: "1" } }),
      "node_modules/c": one("1.0.0", { dependencies: { b: "^1.0.0" } }),
      "node_modules/d": one("1.0.0"),
    };
    const own = { name: "api", dependencies: { a: "^1.0.0", b: "^2.0.0" } };
    expect(Object.entries(laid(packages, own)!).map(([path, { version }]) => `${path} ${version}`)).toEqual([
      " undefined",
      "node_modules/a 1.1.0",
      "node_modules/a/node_modules/b 1.2.0",
      "node_modules/b 2.0.0",
      "node_modules/c 1.0.0",
      "node_modules/c/node_modules/b 1.2.0",
      "node_modules/d 1.0.0",
    ]);
  });

  it("tells anew what only developers, options and peers need", () => {
    const own = {
      name: "api",
      dependencies: { a: "1" },
      devDependencies: { t: "1" },
      optionalDependencies: { o: "1" },
    };
    const packages = {
      "node_modules/a": one("1.0.0", { dev: true, peerDependencies: { p: "1" } }),
      "node_modules/both": one("1.0.0"),
      "node_modules/o": one("1.0.0", { dependencies: { both: "1" } }),
      "node_modules/p": one("1.0.0"),
      "node_modules/t": one("1.0.0", { dependencies: { both: "1" } }),
    };
    const flags = (path: string) => {
      const { dev, optional, devOptional, peer } = laid(packages, own)![path]!;
      return { dev, optional, devOptional, peer };
    };
    expect(flags("node_modules/a")).toEqual({});
    expect(flags("node_modules/t")).toEqual({ dev: true });
    expect(flags("node_modules/o")).toEqual({ optional: true });
    expect(flags("node_modules/both")).toEqual({ devOptional: true });
    expect(flags("node_modules/p")).toEqual({ peer: true });
  });

  it("leaves out an option that is not locked for any platform", () => {
    const own = { name: "api", optionalDependencies: { gone: "1" } };
    expect(Object.keys(laid({}, own)!)).toEqual([""]);
  });

  it.each<[string, Packages, object?]>([
    ["a version is missing", {}],
    ["a package of the workspace is needed", { "node_modules/a": { resolved: "a", link: true } }],
    ["a peer is missing", { "node_modules/a": one("1.0.0", { peerDependencies: { p: "1" } }) }],
    [
      "a peer has a version that is refused",
      {
        "node_modules/a": one("1.0.0", { peerDependencies: { p: ">=2.0.0" } }),
        "node_modules/p": one("1.9.0"),
      },
    ],
    [
      "the member overrides versions",
      { "node_modules/a": one("1.0.0") },
      { ...manifest, overrides: { b: "2" } },
    ],
  ])("gives none where %s", (_, packages, own) => {
    expect(laid(packages, own)).toBeUndefined();
  });

  it("gives none for another manifest, and for what is no lock", () => {
    const lock = JSON.stringify({ packages: { "": {}, api: manifest, "node_modules/a": one("1.0.0") } });
    expect(memberLock(lock, JSON.stringify(manifest), "api")).toBeDefined();
    expect(memberLock(lock, '{"dependencies": {"a": "^2.0.0"}}', "api")).toBeUndefined();
    expect(memberLock(lock, JSON.stringify(manifest), "web")).toBeUndefined();
    for (const text of ["", "null", "[]", "{}", '{"packages": 3}', '{"packages": {"api": null}}'])
      expect(memberLock(text, JSON.stringify(manifest), "api")).toBeUndefined();
  });
});

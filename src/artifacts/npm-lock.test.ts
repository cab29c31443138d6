import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lockDrift, lockedPackage, needsOf, readPackages, unservedNeeds } from "./npm-lock.ts";
import { parsePackageManifest } from "./package-manifest.ts";
import { parsePnpmLock } from "./pnpm-lock.ts";

describe("package-lock.json", () => {
  it("names what its packages need and nobody has, each once", () => {
    const packages = readPackages(
      JSON.stringify({
        packages: {
          "": { dependencies: { absent: "1" } },
          "node_modules/a": { dependencies: { b: "1", c: "1" }, peerDependencies: { d: "1" } },
          "node_modules/a/node_modules/b": {
            optionalDependencies: { e: "1" },
            dependencies: { c: "1", e: "1" },
          },
          "node_modules/f": { link: true, resolved: "tools" },
          tools: { devDependencies: { a: "1", g: "1" } },
          "../outside": { dependencies: { h: "1" } },
        },
      }),
    )!;
    const found = unservedNeeds(packages, "{}").map(({ by, need }) => `${by} ${need.name} ${need.kind}`);
    expect(found).toEqual(["node_modules/a c plain", "node_modules/a d peer", "tools g dev"]);
    expect(unservedNeeds(packages, '{"overrides": {"c@1": "2"}}')).toHaveLength(2);
    expect(
      needsOf({ peerDependencies: { x: "1" }, peerDependenciesMeta: { x: { optional: true } } }, false),
    ).toEqual([{ name: "x", range: "1", kind: "optional-peer" }]);
  });

  it("never throws, whatever stands in the file", () => {
    const { model } = parsePackageManifest({ path: "package.json", text: '{"dependencies": {"a": "1"}}' });
    fc.assert(
      fc.property(fc.json(), fc.json(), (root, entry) => {
        const text = `{"packages": {"": ${root}, "node_modules/a": ${entry}}}`;
        const packages = readPackages(text);
        if (packages) unservedNeeds(packages, entry);
        lockedPackage({ path: "package-lock.json", text }, "a");
        lockDrift(model, { path: "package-lock.json", text });
      }),
    );
  });
});

describe("pnpm-lock.yaml", () => {
  const read = (text: string) => parsePnpmLock({ path: "pnpm-lock.yaml", text });

  it("gives the ranges of each package.json with their places", () => {
    const text =
      "lockfileVersion: '9.0'\r\n\r\ncatalogs:\r\n  default:\r\n    react:\r\n      specifier: ^19\r\n\r\noverrides:\r\n  '@a/b@<2': ^2\r\n  x>c: '1'\r\n\r\nimporters:\r\n\r\n  .: {}\r\n\r\n  apps/web:\r\n    dependencies:\r\n      '@a/d':\r\n        specifier: '>=1'\r\n        version: 1.0.0\r\n\r\npackages:\r\n";
    const lock = read(text)!;
    expect([...lock.overrides]).toEqual(["@a/b", "c"]);
    expect([...lock.importers.keys()]).toEqual(["apps/web"]);
    const found = lock.importers.get("apps/web")!.get("@a/d")!;
    expect(found.value).toBe(">=1");
    expect(text.slice(found.at.span.start, found.at.span.end)).toContain("@a/d");
  });

  it("reads the groups of a lock file without a workspace, and leaves other formats alone", () => {
    const text =
      "lockfileVersion: '6.0'\n\ndevDependencies:\n  vite:\n    specifier: ^5.0.0\n    version: 5.0.1\n";
    expect(read(text)!.importers.get(".")!.get("vite")!.value).toBe("^5.0.0");
    expect(read(text.replace("6.0", "5.4"))).toBeUndefined();
    expect(read(`---\n${text}`)).toBeUndefined();
    fc.assert(fc.property(fc.string(), rest => void read(`lockfileVersion: '9.0'\n${rest}`)));
  });
});

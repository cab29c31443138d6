import type { PackageManifest } from "../artifacts/package-manifest.ts";
import type { Confidence, Evidence, Severity } from "../core/finding.ts";
import { evidence, listNames } from "./query.ts";
import { lockedAt, packageAt, pythonAt, type RuntimeUse, requiredModules } from "./query-runtime.ts";
import { isTooOld } from "./query-versions.ts";
import type { Stack } from "./stack.ts";

/** What manifests ask of the runtime of an image that is too old for them. */

export interface Need {
  readonly says: string;
  readonly evidence: readonly Evidence[];
  readonly severity: Severity;
  readonly confidence: Confidence;
}

/** Managers that refuse to install for a Node.js that the project itself rules out. */
const refusing = new Set(["yarn", "pnpm"]);
/** What runs while the image is built, and checks its Node.js by itself or fails without it. */
const builders: Readonly<Record<string, RegExp>> = {
  vite: /\bvite\b/,
  next: /\bnext\b/,
  nuxt: /\bnuxi?t?\b/,
  astro: /\bastro\b/,
  "@angular/cli": /\bng\b/,
  "@sveltejs/kit": /\b(?:vite|svelte-kit)\b/,
};

/** A bundler that only the tests use may need what it likes. */
function isBuiltBy(manifest: PackageManifest, name: string): boolean {
  if (!Object.hasOwn(builders, name)) return false;
  const builds = [...manifest.scripts].filter(([script]) => /^(?:pre|post)?build\b/.test(script));
  return builds.some(([, script]) => builders[name]!.test(script.value));
}

/** Requirements of package.json files that a version of Node.js is too old for. */
export function nodeNeeds(
  stack: Stack,
  uses: readonly RuntimeUse[],
  version: readonly [number, number, number],
): Need[] {
  const needs: Need[] = [];
  for (const path of new Set(uses.map(use => use.manifest))) {
    const manifest = packageAt(stack, path);
    if (!manifest) continue;
    const here = uses.filter(use => use.manifest === path);
    const engines = manifest.engines.get("node");
    if (engines && isTooOld(version, engines.value)) {
      const refuses = here.some(use => refusing.has(use.manager ?? ""));
      needs.push({
        says: `${path} asks for Node.js ${engines.value}`,
        evidence: [evidence(engines.at, "the project's own requirement")],
        severity: refuses ? "high" : "medium",
        confidence: "likely",
      });
    }
    const runs = here.some(use => use.runs);
    const asking = manifest.dependencies.filter(each => {
      if (each.group !== "dependencies" && each.group !== "devDependencies") return false;
      if (!(runs && each.group === "dependencies") && !isBuiltBy(manifest, each.name)) return false;
      const wants = lockedAt(stack, path, each)?.engines;
      return wants !== undefined && isTooOld(version, wants);
    });
    // npm and pnpm say it and install all the same: what uses nothing new goes on working.
    const stops =
      here.some(use => use.manager === "yarn") || asking.some(each => isBuiltBy(manifest, each.name));
    if (asking.length > 0)
      needs.push({
        says: `${listNames(asking.map(each => each.name))} ${asking.length === 1 ? "needs" : "need"} a newer one`,
        evidence: asking.map(each =>
          evidence(each.at, `as locked, needs Node.js ${lockedAt(stack, path, each)!.engines}`),
        ),
        severity: stops ? "high" : "medium",
        confidence: "likely",
      });
    if (runs && !requiresModules(version)) {
      for (const each of requiredModules(stack, manifest))
        needs.push({
          says: `${each.name} ${each.version} is an ES module, which this version cannot require(): the process ends with ERR_REQUIRE_ESM`,
          evidence: [evidence(each.at, "an ES module only"), evidence(each.requiredAt, "required here")],
          severity: "critical",
          confidence: "likely",
        });
    }
  }
  return needs;
}

/** require() of ES modules works without a flag from 20.19 and 22.12 on. */
function requiresModules([major, minor]: readonly [number, number, number]): boolean {
  return (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major >= 23;
}

/** Requirements of pyproject.toml files that make Poetry refuse a version of Python. */
export function pythonNeeds(
  stack: Stack,
  uses: readonly RuntimeUse[],
  version: readonly [number, number, number],
): Need[] {
  return [...new Set(uses.map(use => use.manifest))].flatMap(path => {
    // pip reads requirements only, and uv brings a fitting Python along.
    const poetry = uses.some(use => use.manifest === path && use.manager === "poetry");
    const wants = poetry && path.endsWith("pyproject.toml") ? pythonAt(stack, path)?.python : undefined;
    if (!wants || !isTooOld([3, version[1], version[2]], wants.value)) return [];
    return [
      {
        says: `${path} asks for Python ${wants.value}, so Poetry refuses to install`,
        evidence: [evidence(wants.at, "the project's own requirement")],
        severity: "critical" as const,
        confidence: "certain" as const,
      },
    ];
  });
}

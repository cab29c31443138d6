import { expect, it } from "vitest";
import { isOfTheWorld } from "./world.ts";

it.each([
  "failed to solve: python:3.11: dial tcp: lookup registry.example: no such host",
  "npm error code EAI_AGAIN",
  "npm error 503 Service Unavailable - GET https://registry.example/x",
  "W: Failed to fetch http://packages.example/debian/dists/bookworm/InRelease",
  "ERROR: Could not find a version that satisfies the requirement x (from versions: none)",
  'raise RuntimeError(f"Unable to find installation candidates for {package}")',
  // Poetry 2 says it many lines above the end, and this nearer to it.
  "    |   - 0 candidate(s) were identified for the package\n    |\n    | Solutions:",
  "npm error code SELF_SIGNED_CERT_IN_CHAIN",
  "Ran out: no space left on device",
])("is of the world: %s", words => {
  expect(isOfTheWorld(words)).toBe(true);
});

it.each([
  "target stage production could not be found",
  'failed to compute cache key: "/requirements.txt": not found',
  "ERROR: Could not find a version that satisfies the requirement x==9 (from versions: 1.0, 1.1)",
  "npm error `npm ci` can only install packages when your package.json and package-lock.json are in sync",
  "executor failed running [/bin/sh -c npm run build]: exit code: 1",
  "Error: Cannot find module 'express'",
  "npm error code E404\nnpm error 404 Not Found - GET https://registry.example/no-such-thing",
])("is of the project: %s", words => {
  expect(isOfTheWorld(words)).toBe(false);
});

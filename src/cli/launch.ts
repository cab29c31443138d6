#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { Script } from "node:vm";
import { type CodeCache, isSettled, openCodeCache } from "./code-cache.ts";
import { auditFlags } from "./v8-flags.ts";

/** A digest of the program's text, from the build. */
declare const BUILD: string;

type Program = (
  exports: { finished?: Promise<void> },
  require: NodeJS.Require,
  module: object,
  filename: string,
) => void;

/**
 * What `bin` starts: the whole program is one script beside this file, compiled from the code cache of an earlier
 * audit where there is one. See docs/adr/0008-cold-start.md.
 */
function launch(): void {
  const isAudit = process.argv[2] === "audit";
  if (isAudit) for (const flag of auditFlags(process.versions.v8)) setFlagsFromString(flag);
  const cache = isAudit ? cacheFor(process.argv.slice(3)) : undefined;
  const path = fileURLToPath(new URL("./program.cjs", import.meta.url));
  // One byte per character: the build escapes everything beyond.
  const text = readFileSync(path, "latin1");
  const script = new Script(`(function(exports,require,module,__filename){${text}\n})`, {
    filename: path,
    ...(cache?.data ? { cachedData: cache.data } : {}),
  });
  const module: { exports: { finished?: Promise<void> } } = { exports: {} };
  const program = script.runInThisContext() as Program;
  program(module.exports, createRequire(path), module, path);
  if (!cache) return;
  const taken = cache.data !== undefined && script.cachedDataRejected === false;
  // Written after the run: then it holds the functions that the run has compiled.
  void module.exports.finished?.then(() => {
    const { user, system } = process.cpuUsage();
    const took = (user + system) / 1000;
    // A run that ends in a wrong option has compiled next to nothing.
    const audited = process.exitCode === 0 || process.exitCode === 1;
    if (audited && !(taken && isSettled(cache, took))) cache.write(script.createCachedData(), took);
  });
}

function cacheFor(given: readonly string[]): CodeCache | undefined {
  if (process.env["SHIPWORTHY_CODE_CACHE"] === "0") return undefined;
  // Whichever of the arguments is the directory: a cache in none of them is not inside the audited tree.
  const trees = given.filter(argument => !argument.startsWith("-"));
  return openCodeCache(BUILD, [process.cwd(), ...trees]);
}

launch();

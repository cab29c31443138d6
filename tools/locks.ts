import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative, resolve } from "node:path";
import { parsePnpmLock } from "../src/artifacts/pnpm-lock.ts";
import type { Source } from "../src/core/source.ts";
import { composerDrift, npmDrift, pnpmDrift } from "../src/stack/query-drift.ts";
import { lockFaults } from "../src/stack/query-lock-faults.ts";

/**
 * Holds what build/lock-drift and build/lock-contents say of lock files against the programs that read them:
 * `npm run locks -- DIR...`. Each package-lock.json is put to `npm ci --dry-run`, each pnpm-lock.yaml to
 * `pnpm install --frozen-lockfile --lockfile-only`, each composer.lock to `composer install --dry-run` where there is one,
 * in a scratch copy of the manifests, without any script. Needs the registry and some seconds for each. Ends with 1
 * where the two differ.
 */
const directories = process.argv.slice(2).map(each => resolve(each));
if (directories.length === 0) throw new Error("npm run locks -- DIR...");
/** Who is asked, and the words of a refusal that is about the lock file alone. */
const askers: Readonly<Record<string, { readonly argv: readonly string[]; readonly refuses: RegExp }>> = {
  "package-lock.json": {
    argv: ["npm", "ci", "--dry-run", "--ignore-scripts", "--no-audit", "--no-fund"],
    refuses: /are in sync|\bERESOLVE\b/,
  },
  "pnpm-lock.yaml": {
    argv: ["npx", "--yes", "pnpm@10", "install", "--frozen-lockfile", "--lockfile-only", "--ignore-scripts"],
    refuses: /ERR_PNPM_OUTDATED_LOCKFILE/,
  },
  "composer.lock": {
    argv: [
      "composer",
      "install",
      "--dry-run",
      "--no-scripts",
      "--no-plugins",
      "--ignore-platform-reqs",
      "-n",
    ],
    refuses: /is not present in the lock file/,
  },
};
/** Without what `npm run` hands on, such as `--silent`. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
const counts = { asked: 0, taken: 0, told: 0, untold: 0, wrong: 0, else: 0 };

for (const lock of directories.flatMap(directory => [...locksBelow(directory)])) {
  const folder = dirname(lock);
  const { argv, refuses } = askers[basename(lock)]!;
  const scratch = mkdtempSync(join(tmpdir(), "locks-"));
  try {
    for (const path of manifestsOf(folder)) {
      mkdirSync(dirname(join(scratch, relative(folder, path))), { recursive: true });
      copyFileSync(path, join(scratch, relative(folder, path)));
    }
    const [program, ...rest] = argv;
    const { status, stdout, stderr } = spawnSync(program!, rest, {
      cwd: scratch,
      encoding: "utf8",
      timeout: 120_000,
      env,
    });
    const isRefused = refuses.test(`${stdout}${stderr}`);
    const isTold = says(lock);
    counts.asked++;
    // Another Node.js, a package that is gone, a registry that does not answer: nothing about the file.
    if (status !== 0 && !isRefused) counts.else++;
    else counts[isRefused ? (isTold ? "told" : "untold") : isTold ? "wrong" : "taken"]++;
    if (status === 0 ? isTold : isRefused && !isTold)
      console.log(`${lock}: ${isTold ? "wrong" : "not told"}`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
console.log(
  `${counts.asked} lock files: ${counts.taken} taken, ${counts.told} refused and told, ${counts.untold} refused and not told, ${counts.wrong} told and taken, ${counts.else} failed for something else.`,
);
if (counts.untold + counts.wrong > 0) process.exitCode = 1;

function* locksBelow(directory: string): Iterable<string> {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory() && !/^(?:\.git|node_modules)$/.test(entry.name)) yield* locksBelow(path);
    else if (entry.isFile() && askers[entry.name] && existsSync(join(directory, manifestOf(entry.name))))
      yield path;
  }
}

/** What an install reads: every package.json, and the settings and lock files beside the first. */
function* manifestsOf(folder: string, isTop = true): Iterable<string> {
  const beside = /^(?:package-lock\.json|pnpm-(?:lock|workspace)\.yaml|\.npmrc|composer\.(?:json|lock))$/;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !/^(?:\.git|node_modules)$/.test(entry.name)) yield* manifestsOf(path, false);
    else if (entry.isFile() && (entry.name === "package.json" || (isTop && beside.test(entry.name))))
      yield path;
  }
}

function manifestOf(lock: string): string {
  return lock === "composer.lock" ? "composer.json" : "package.json";
}

function says(path: string): boolean {
  const lock = sourceAt(path)!;
  const manifest = sourceAt(join(dirname(path), manifestOf(basename(path))))!;
  if (path.endsWith("composer.lock")) return composerDrift(manifest, lock, true).length > 0;
  if (path.endsWith(".yaml"))
    return [...(parsePnpmLock(lock)?.importers.keys() ?? [])].some(member => {
      const its = sourceAt(join(dirname(path), member, "package.json"));
      return its !== undefined && pnpmDrift(its, lock, member).length > 0;
    });
  const settings = sourceAt(join(dirname(path), ".npmrc"))?.text ?? "";
  const forgiving = /^legacy-peer-deps\s*=\s*true/m.test(settings);
  return npmDrift(manifest, lock).length > 0 || lockFaults(manifest, lock, forgiving) !== undefined;
}

function sourceAt(path: string): Source | undefined {
  return existsSync(path) ? { path, text: readFileSync(path, "utf8") } : undefined;
}

import type { PackageManifest } from "../artifacts/package-manifest.ts";
import { plainFragment } from "../core/fragment.ts";
import { join } from "../core/path.ts";
import type { Located } from "../core/source.ts";
import { parseShell } from "../formats/shell.ts";
import type { ImageModel, PackageInstall } from "./image/image.ts";
import { isOnlyLockedForDevelopment, needed, onlyForDevelopment } from "./query-builder-packages.ts";
import { installsOf } from "./query-locks.ts";
import { packageAt } from "./query-runtime.ts";
import type { Build, Stack } from "./stack.ts";

/** Scripts that an install of Node packages runs by itself, and that cannot run there. */

export interface FailingScript {
  readonly install: PackageInstall;
  /** `prepare`, `postinstall`... */
  readonly name: string;
  readonly script: Located<string>;
  /** What is not there: a package for developers, or a file that is copied later. */
  readonly lacks: string;
  readonly kind: "package" | "file";
}

export function* failingScripts(stack: Stack, build: Build): Generator<FailingScript> {
  for (const { stage, install } of installsOf([build])) {
    if (!install.decisive || !install.complete || install.global || install.names.length > 0) continue;
    const names = lifecycle(install);
    if (names.length === 0 || install.directory === undefined || isSwitchedOff(stack, stage, install))
      continue;
    const { has, source } = stage.fileBefore(install.at, join(install.directory, "package.json"));
    const manifest = has === "yes" && source !== undefined ? packageAt(stack, source) : undefined;
    if (!manifest) continue;
    for (const name of names) {
      const script = manifest.scripts.get(name);
      // Whoever wrote a branch has thought of it.
      if (!script || /\|\||\bif\b|\btest\b|\[ |command -v|\bis-ci\b/.test(script.value)) continue;
      const lacks = missingPackage(stack, stage, install, manifest, name);
      const file = lacks === undefined ? missingFile(stage, install, script.value) : undefined;
      if (lacks !== undefined) yield { install, name, script, lacks, kind: "package" };
      else if (file !== undefined) yield { install, name, script, lacks: file, kind: "file" };
    }
  }
}

/** Which scripts run with an install: npm runs `prepare` always, the others only beside packages for developers. */
function lifecycle({ manager, dev }: PackageInstall): string[] {
  const always = ["preinstall", "install", "postinstall"];
  if (manager === "npm") return [...always, "prepare"];
  if (manager === "yarn" || manager === "pnpm") return dev ? [...always, "prepare"] : always;
  return [];
}

/** `--ignore-scripts`, the same in a file or the environment, or a step that takes the script out. */
function isSwitchedOff(stack: Stack, stage: ImageModel, install: PackageInstall): boolean {
  const texts = stage.stage.runs.map(run => run.fragment.text);
  if (texts.some(text => /ignore-scripts|scripts\.|set-script|\bprepare\b|postinstall/.test(text)))
    return true;
  if ([...stage.env.keys()].some(name => /^npm_config_ignore_scripts$/i.test(name))) return true;
  const { has, source } = stage.fileBefore(install.at, join(install.directory!, ".npmrc"));
  const read = has === "yes" && source !== undefined ? stack.files.read(source) : undefined;
  return read !== undefined && "source" in read && /ignore-scripts/.test(read.source.text);
}

function missingPackage(
  stack: Stack,
  stage: ImageModel,
  install: PackageInstall,
  manifest: PackageManifest,
  name: string,
): string | undefined {
  if (install.dev) return undefined;
  return needed(stack, stage, install, manifest, name).find(
    each =>
      onlyForDevelopment(manifest, each) !== undefined &&
      isOnlyLockedForDevelopment(stack, manifest, each) !== false,
  );
}

/** `node scripts/setup.js`, `prisma generate`: the file is not copied before the install. */
function missingFile(stage: ImageModel, install: PackageInstall, text: string): string | undefined {
  const isAbsent = (path: string) =>
    stage.fileBefore(install.at, join(install.directory!, path)).has === "no";
  for (const { words } of parseShell(plainFragment("", text)).commands) {
    const [program = "", first = "", ...rest] = words.map(word => word.value ?? "?");
    if (/^(?:node|sh|bash)$/.test(program) && /^[\w./-]+\.(?:[cm]?js|sh)$/.test(first) && isAbsent(first))
      return first;
    if (/^(?:\.\/)?[\w-]+\/[\w./-]+\.(?:sh|[cm]?js)$/.test(program) && isAbsent(program)) return program;
    if (program !== "prisma" || first !== "generate") continue;
    const given =
      rest.find(word => word.startsWith("--schema="))?.slice("--schema=".length) ??
      rest[rest.indexOf("--schema") + 1];
    const schema = rest.some(word => word.startsWith("--schema")) ? given : "prisma/schema.prisma";
    if (!schema || schema.startsWith("-")) continue;
    // Its place may be said elsewhere.
    const elsewhere = ["schema.prisma", "prisma/schema", "prisma.config.ts"].some(path => !isAbsent(path));
    if (isAbsent(schema) && (schema !== "prisma/schema.prisma" || !elsewhere)) return schema;
  }
  return undefined;
}

import type { Evidence } from "../core/finding.ts";
import { join } from "../core/path.ts";
import type { ImageModel, PackageInstall } from "./image/image.ts";
import { evidence } from "./query.ts";
import { writtenAt } from "./query-build.ts";
import { lockNames, lockState } from "./query-locks.ts";
import { pythonAt } from "./query-runtime.ts";
import type { Stack } from "./stack.ts";

/** Installs that leave versions open. */

export interface Loose {
  readonly says: string;
  readonly evidence: readonly Evidence[];
}

const projects: Readonly<Record<string, string>> = {
  npm: "package.json",
  yarn: "package.json",
  pnpm: "package.json",
  bun: "package.json",
  poetry: "pyproject.toml",
  pipenv: "Pipfile",
};

/** What an install leaves open; undefined when its versions are fixed, or when that cannot be told. */
export function looseness(stack: Stack, stage: ImageModel, install: PackageInstall): Loose | undefined {
  if (install.directory === undefined) return undefined;
  if (install.manager === "pip") return looseRequirements(stack, stage, install);
  const project = projects[install.manager];
  // A missing lock file that the command insists on is another rule's.
  if (
    !project ||
    install.global ||
    (install.needsLock && !install.worksWithoutLock) ||
    install.names.length > 0
  )
    return undefined;
  if (lockState(stage, install) !== "no") return undefined;
  if (stage.fileBefore(install.at, join(install.directory, project)).has !== "yes") return undefined;
  return {
    says: `no ${lockNames[install.manager]![0]} is in the image when ${install.manager} installs`,
    evidence: [evidence(install.at, "installs without a lock file")],
  };
}

/** What the whole program is written for: its next major version is another one's. */
const whole = /^(?:django|flask|fastapi|wagtail|sqlalchemy|djangorestframework|celery)$/;

/** `Django>=5.0`: neither a version nor an upper end. */
function mayLeap(version: string): boolean {
  return version === "" || /^>=?[^,<]*$/.test(version.trim());
}

/** Requirements files in which most lines leave the version open; a file that was compiled fixes all of them. */
function looseRequirements(stack: Stack, stage: ImageModel, install: PackageInstall): Loose | undefined {
  const command = writtenAt(stack, install.at);
  if (/(^|\s)(-c|--constraint|--require-hashes|--no-index|--find-links)\b/.test(command)) return undefined;
  for (const file of install.requirementFiles) {
    const { source } = stage.fileBefore(install.at, join(install.directory!, file.value));
    const manifest = source === undefined ? undefined : pythonAt(stack, source);
    if (!manifest || manifest.includes.length > 0) continue;
    const open = manifest.dependencies.filter(each => !/(^|[^!<>~])={2,3}|@/.test(each.version));
    const ahead = manifest.dependencies.find(({ name, version }) => whole.test(name) && mayLeap(version));
    if (ahead && open.length * 2 < manifest.dependencies.length)
      return {
        says: `${source} takes any later ${ahead.name}, the next major version too`,
        evidence: [evidence(install.at, "installs what is newest"), evidence(ahead.at, "has no upper end")],
      };
    if (open.length === 0 || open.length * 2 < manifest.dependencies.length) continue;
    const [one] = open;
    return {
      says: `${open.length} of ${manifest.dependencies.length} requirements in ${source} have no fixed version`,
      evidence: [evidence(install.at, "installs what is newest"), evidence(one!.at, "no fixed version")],
    };
  }
  return looseProject(stack, stage, install, command);
}

/** `pip install .`, also with extras, or `-e .`. */
const ofProject = /\bpip[\d.]* install\b[^&|;\n]*\s\.\/?(?:\[[\w, -]+\])?["']?(?=\s|$)/;

/** The program itself, installed with what its pyproject.toml asks for, where nothing before has brought versions. */
function looseProject(
  stack: Stack,
  stage: ImageModel,
  install: PackageInstall,
  command: string,
): Loose | undefined {
  if (!ofProject.test(command) || /--no-deps\b/.test(command)) return undefined;
  const brought = (other: PackageInstall) =>
    other.requirementFiles.length > 0 || /^(?:uv|poetry|pipenv|conda)$/.test(other.manager);
  if (stage.packages.some(brought)) return undefined;
  const { source } = stage.fileBefore(install.at, join(install.directory!, "pyproject.toml"));
  const manifest = source === undefined ? undefined : pythonAt(stack, source);
  const asked = (manifest?.dependencies ?? []).filter(({ group }) => group === "main");
  const open = asked.filter(({ version }) => !/(^|[^!<>~])={2,3}|@/.test(version));
  if (!manifest || manifest.tool === "poetry" || open.length < 3 || open.length * 2 < asked.length)
    return undefined;
  return {
    says: `${open.length} of ${asked.length} dependencies in ${source} have no fixed version, and \`pip install .\` reads no lock file`,
    evidence: [evidence(install.at, "installs what is newest"), evidence(open[0]!.at, "no fixed version")],
  };
}

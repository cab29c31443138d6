import { join } from "../core/path.ts";
import type { ImageModel, PackageInstall } from "./image/image.ts";
import { installsOf } from "./query-locks.ts";
import { packageAt, pythonAt } from "./query-runtime.ts";
import { shippedStages } from "./query-shipped.ts";
import type { Build, Stack } from "./stack.ts";

/** Development dependencies in images that are shipped. */

export interface Shipped {
  readonly install: PackageInstall;
  readonly names: readonly string[];
  /** Its path in the repository. */
  readonly manifest: string;
}

/** Managers that tell development dependencies apart. */
export const managersWithGroups = new Set(["npm", "yarn", "pnpm", "bun", "poetry", "uv", "pipenv"]);
/** A command that takes development dependencies out again. */
export const removesModules =
  /\b(npm|pnpm|yarn)\s+prune\b|\brm\s+-\w+\s+[^;&|]*node_modules|workspaces\s+focus\b/;

/** Installs of the shipped stages, and of those whose node_modules or environment is copied into them. */
export function shippedInstalls(build: Build): { stage: ImageModel; install: PackageInstall }[] {
  const shipped = new Set(shippedStages(build).map(stage => stage.index));
  for (const copy of shippedStages(build).flatMap(stage => stage.copies)) {
    const origin =
      copy.fromStage === undefined
        ? undefined
        : build.model!.built.find(each => each.stage.index === copy.fromStage);
    if (!origin || origin.stage.runs.some(run => removesModules.test(run.fragment.text))) continue;
    if (copy.sources.some(source => /(^|\/)(node_modules|\.venv|venv|site-packages)\/?$/.test(source.value)))
      shipped.add(origin.stage.index);
  }
  const all = installsOf([build]).filter(({ stage }) => shipped.has(stage.stage.index));
  // A second install without them takes them out again.
  return all.filter(
    ({ install }) =>
      !all.some(
        other =>
          other.install.manager === install.manager &&
          other.install.directory === install.directory &&
          !other.install.dev &&
          other.install.names.length === 0 &&
          other.install.at.span.start > install.at.span.start,
      ),
  );
}

/** Tools that serve nobody at run time. */
const testTools =
  /^(pytest([-_].*)?|black|flake8([-_].*)?|isort|mypy|pylint([-_].*)?|ruff|tox|nox|coverage|pre-commit|bandit|factory-boy|autopep8|yapf|django-debug-toolbar|ipdb|pip-tools|types-.*)$/;

/** What an install brings that only developers need; undefined when that is nothing, or not known. */
export function developmentOf(stack: Stack, stage: ImageModel, install: PackageInstall): Shipped | undefined {
  if (install.directory === undefined) return undefined;
  const source = (name: string) => stage.fileBefore(install.at, join(install.directory!, name)).source;
  if (install.manager === "pip") {
    for (const file of install.requirementFiles) {
      const path = source(file.value);
      const names = path === undefined ? [] : testToolsOf(stack, path);
      if (path !== undefined && names.length > 0) return { install, names, manifest: path };
    }
    return undefined;
  }
  if (!install.dev || !managersWithGroups.has(install.manager)) return undefined;
  const javascript = !["poetry", "uv", "pipenv"].includes(install.manager);
  const manifest = source(
    javascript ? "package.json" : install.manager === "pipenv" ? "Pipfile" : "pyproject.toml",
  );
  if (manifest === undefined) return undefined;
  const names = javascript
    ? packageAt(stack, manifest)?.dependencies.filter(each => each.group === "devDependencies")
    : pythonAt(stack, manifest)?.dependencies.filter(
        each => each.group === "dev" || /^(test|tests|lint|development)$/.test(each.group),
      );
  if (!names || names.length === 0) return undefined;
  return { install, names: names.map(each => each.name), manifest };
}

function testToolsOf(stack: Stack, path: string): string[] {
  const names = pythonAt(stack, path)?.dependencies.map(each => each.name) ?? [];
  const tools = names.filter(name => testTools.test(name));
  // One stray tool may be a library's own: two are a habit.
  return tools.length > 1 ? tools : [];
}

import { join } from "../../core/path.ts";
import type { ImageModel, PackageInstall } from "../../stack/image/image.ts";
import { evidence, listNames } from "../../stack/query.ts";
import { groupBuilds, places, serverBuilds, weighBuilds } from "../../stack/query-build.ts";
import { installsOf } from "../../stack/query-locks.ts";
import { packageAt, pythonAt } from "../../stack/query-runtime.ts";
import { shippedRuns, shippedStages } from "../../stack/query-shipped.ts";
import type { Build, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

interface Shipped {
  readonly install: PackageInstall;
  readonly names: readonly string[];
  /** Lines of the manifest that name them, where it is part of the model. */
  readonly manifest: string;
}

export default defineRule({
  id: "build/dev-dependencies",
  title: "Images that are shipped have no development dependencies",
  claim: "runs-unprivileged",
  severity: "low",
  why: "Test runners, linters and build tools make the image larger, add packages to repair, and hide that production code needs one of them.",
  *check(stack) {
    const builds = serverBuilds(stack).filter(build => build.model);
    for (const group of groupBuilds(builds, build => `${build.dockerfilePath} ${build.stage?.index}`)) {
      const [first] = group;
      if (shippedRuns(first).some(run => removes.test(run.fragment.text))) continue;
      const installs = shippedInstalls(first);
      const shipped = installs.flatMap(({ stage, install }) => developmentOf(stack, stage, install) ?? []);
      if (shipped.length === 0) {
        const [clean] = installs.filter(({ install }) => groups.has(install.manager) && !install.dev);
        if (clean)
          yield { subject: first.dockerfilePath!, kept: evidence(clean.install.at, "leaves them out") };
        continue;
      }
      const names = [...new Set(shipped.flatMap(each => each.names))];
      yield {
        subject: first.dockerfilePath!,
        message: `The image of ${first.dockerfilePath} is shipped with development dependencies: ${listNames(names)} of ${shipped[0]!.manifest}.`,
        evidence: places(
          shipped.map(each => each.install.at),
          "installs development dependencies",
        ) as [ReturnType<typeof evidence>],
        severity: weighBuilds(group, "low"),
      };
    }
  },
});

const groups = new Set(["npm", "yarn", "pnpm", "bun", "poetry", "uv", "pipenv"]);
const removes = /\b(npm|pnpm|yarn)\s+prune\b|\brm\s+-\w+\s+[^;&|]*node_modules|workspaces\s+focus\b/;

/** Installs of the shipped stages, and of those whose node_modules or environment is copied into them. */
function shippedInstalls(build: Build): { stage: ImageModel; install: PackageInstall }[] {
  const shipped = new Set(shippedStages(build).map(stage => stage.index));
  for (const copy of shippedStages(build).flatMap(stage => stage.copies)) {
    const origin =
      copy.fromStage === undefined
        ? undefined
        : build.model!.built.find(each => each.stage.index === copy.fromStage);
    if (!origin || origin.stage.runs.some(run => removes.test(run.fragment.text))) continue;
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

function developmentOf(stack: Stack, stage: ImageModel, install: PackageInstall): Shipped | undefined {
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
  if (!install.dev || !groups.has(install.manager)) return undefined;
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

import type { Call } from "../artifacts/commands.ts";
import { type PythonDependency, recognisesPythonManifest } from "../artifacts/python-dependencies.ts";
import type { Job } from "../artifacts/workflow.ts";
import { basename, join } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import { type PackageInstall, packageInstall } from "./image/packages.ts";
import { brings, requirementsOf } from "./query-requirements.ts";
import { pythonAt } from "./query-runtime.ts";
import type { Stack } from "./stack.ts";

/** What the commands of a pipeline's job need, against what the job installs. */

/** A command of a job whose package nothing in the job installs. */
export interface MissingInJob {
  readonly need: string;
  readonly says: string;
  readonly call: Call;
  readonly install: Location;
  readonly elsewhere: { readonly file: string; readonly at: Location };
}

/** Actions that install no Python packages. */
const harmless =
  /^actions\/(?:checkout|setup-python|setup-node|cache|cache\/restore|upload-artifact|github-script)$|^codecov\/codecov-action$/;
/** Commands that may bring packages, or run the next commands elsewhere. */
const opaque =
  /^(?:make|just|task|tox|nox|poetry|pipenv|uv|uvx|pdm|hatch|rye|conda|mamba|micromamba|pipx|docker|docker-compose|podman|invoke|inv|doit|bazel|nix|nix-shell|easy_install|apt|apt-get|npm|ssh)$/;

/** The first command of a job that surely needs a package which nothing before it installs. */
export function missingInJob(stack: Stack, job: Job): MissingInJob | undefined {
  if (!job.checksOut || job.container || job.continueOnError) return undefined;
  // A runner that nothing names may have anything installed.
  if (job.runsOn.length === 0) return undefined;
  if (job.runsOn.some(runner => !/^(?:ubuntu|macos|windows)-/.test(runner.value))) return undefined;
  const files: string[] = [];
  const names: { readonly name: string }[] = [];
  let installedAt: Location | undefined;
  for (const step of job.steps) {
    if (step.uses && !harmless.test(step.uses.repository ?? "")) return undefined;
    if (step.with.has("pip-install") || /venv|site-packages/.test(step.with.get("path")?.value ?? ""))
      return undefined;
    if (step.run && !step.run.script) return undefined;
    for (const call of step.calls) {
      const install = installOf(call);
      if (install) {
        if (install.manager !== "pip" || isLocal(call)) return undefined;
        const paths = install.requirementFiles.map(file => join(call.cwd ?? "..", file.value));
        if (install.requirementFiles.some(file => /[$*{]/.test(file.value)) || call.cwd === undefined)
          return undefined;
        files.push(...paths);
        names.push(...install.names.map(each => ({ name: each.value.toLowerCase() })));
        if (paths.length > 0) installedAt ??= call.at;
        continue;
      }
      if (opaque.test(call.name) || isOtherProgram(call)) return undefined;
      const need = needOf(stack, call);
      if (!need || !installedAt) continue;
      if (step.if || step.continueOnError || !isPlain(call)) return undefined;
      const installed = requirementsOf(stack, files);
      if (!installed || brings([...installed.dependencies, ...names], need.name)) return undefined;
      const elsewhere = namedElsewhere(stack, installed.files, need.name);
      return elsewhere && { need: need.name, says: need.says, call, install: installedAt, elsewhere };
    }
  }
  return undefined;
}

/** The install that a call of a pipeline or a script stands for. */
export function installOf(call: Call): PackageInstall | undefined {
  const words = [{ value: call.name, at: call.at }, ...call.args];
  return packageInstall(
    { words, directory: call.cwd, conditional: false, decisive: true, outputs: [], at: call.at },
    false,
  );
}

/** Installs the project itself, or from a place that is not read here. */
function isLocal(call: Call): boolean {
  return call.args.some(
    ({ value }) => value === undefined || /^(?:\.|\/|-e$|--editable|git\+|https?:)|\[/.test(value),
  );
}

function isOtherProgram(call: Call): boolean {
  if (call.kind === "database" || call.kind === "http" || call.kind === "file") return false;
  if (call.inside || call.remote) return true;
  if (call.kind !== "program") return false;
  if (call.runs === "sourced") return !/(?:^|\/)activate$/.test(call.file?.value ?? "");
  return call.runs === "script" && basename(call.file?.value ?? "") !== "manage.py";
}

/** Programs that a package of the same name brings. */
const ownPackage = new Set(["pytest", "alembic", "celery", "gunicorn", "uvicorn"]);

function needOf(stack: Stack, call: Call): { readonly name: string; readonly says: string } | undefined {
  if (ownPackage.has(call.name)) return { name: call.name, says: call.name };
  if (!/^python[\d.]*$/.test(call.name)) return undefined;
  const [first, second] = call.args;
  const module = first?.value === "-m" ? second?.value : undefined;
  if (module !== undefined && ownPackage.has(module)) return { name: module, says: `python -m ${module}` };
  if (first?.value === undefined || call.cwd === undefined || basename(first.value) !== "manage.py")
    return undefined;
  const manage = join(call.cwd, first.value);
  return stack.components.some(each => each.django?.manage === manage)
    ? { name: "django", says: "manage.py" }
    : undefined;
}

/** Its failure fails the job. */
export function isPlain({ command }: Call): boolean {
  return command.within.length === 0 && command.connector !== "||" && command.connector !== "|";
}

/** A manifest beside the installed ones that names the package. */
function namedElsewhere(
  stack: Stack,
  installed: readonly string[],
  name: string,
): { readonly file: string; readonly at: Location } | undefined {
  const others = stack.files.paths.filter(
    path =>
      recognisesPythonManifest(path) && !installed.includes(path) && stack.files.tracked(path) !== false,
  );
  const near = others.toSorted((a, b) => shared(b, installed[0]!) - shared(a, installed[0]!));
  for (const file of near) {
    const found: PythonDependency | undefined = pythonAt(stack, file)?.dependencies.find(
      each => each.name === name,
    );
    if (found) return { file, at: found.at };
  }
  return undefined;
}

/** How many leading characters two paths share. */
function shared(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}

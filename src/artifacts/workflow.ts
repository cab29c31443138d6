import type { ArtifactKind } from "../core/artifact.ts";
import { plainFragment } from "../core/fragment.ts";
import { inside, isOutside, normalize } from "../core/path.ts";
import type { Problem } from "../core/problem.ts";
import { type Located, locate, type Source } from "../core/source.ts";
import { parseShell, type ShellScript } from "../formats/shell.ts";
import {
  child,
  entriesOf,
  itemsOf,
  parseYaml,
  textOf,
  type YamlNode,
  type YamlPair,
} from "../formats/yaml.ts";
import { type Call, callsIn, type DockerBuildCall } from "./commands.ts";
import { optional, rootMarker } from "./commands-arguments.ts";
import { actionMeaning } from "./workflow-actions.ts";
import type { Job, Run, Settings, Step, Workflow } from "./workflow-model.ts";
import {
  combinationsOf,
  concurrencyOf,
  containerOf,
  expressionsIn,
  isTrue,
  permissionsOf,
  settingsOf,
  textsOf,
  triggersOf,
  usesOf,
} from "./workflow-parts.ts";

export type * from "./workflow-model.ts";
export { contextsOf } from "./workflow-parts.ts";

/** What a step takes over from its workflow and job. */
interface Defaults {
  readonly env: ReadonlyMap<string, string>;
  readonly shell: string | undefined;
  readonly workingDirectory: Located<string> | undefined;
  /** Where the repository is checked out, below the runner's workspace; undefined when another one is. */
  readonly checkout: string | undefined;
}

const shells = new Set(["bash", "sh"]);

function parse(source: Source) {
  const { model: documents, problems } = parseYaml(source);
  const root = documents[0]?.root;
  const found: Problem[] = [...problems];
  const jobs = entriesOf(child(root, "jobs")).map(pair => jobOf(pair, root));
  for (const job of jobs)
    for (const step of job.steps)
      found.push(...(step.run?.script?.problems ?? []), ...(step.remoteScript?.problems ?? []));
  const permissions = permissionsOf(root);
  const concurrency = concurrencyOf(root);
  const model: Workflow = {
    platform: "github",
    source,
    file: source.path,
    ...optional("name", textOf(child(root, "name"))),
    triggers: triggersOf(child(root, "on")),
    ...optional("permissions", permissions),
    ...optional("concurrency", concurrency),
    env: settingsOf(child(root, "env")),
    jobs,
    expressions: expressionsIn(plainFragment(source.path, source.text)),
  };
  if (root && !child(root, "jobs"))
    found.push({ at: locate(source, 0, 0), message: "This workflow has no jobs" });
  return { model, problems: found };
}

function jobOf({ key, value: node, at }: YamlPair, root: YamlNode | undefined): Job {
  const secrets = child(node, "secrets");
  const container = child(node, "container");
  const environment = child(node, "environment");
  const env = settingsOf(child(node, "env"));
  const workingDirectory =
    textOf(child(node, "defaults", "run", "working-directory")) ??
    textOf(child(root, "defaults", "run", "working-directory"));
  const stepNodes = itemsOf(child(node, "steps"));
  const checkouts = stepNodes.filter(step => usesOf(child(step, "uses"))?.repository === "actions/checkout");
  const own = ownCheckout(checkouts);
  const defaults: Defaults = {
    env: constantsOf(settingsOf(child(root, "env")), env),
    shell:
      textOf(child(node, "defaults", "run", "shell"))?.value ??
      textOf(child(root, "defaults", "run", "shell"))?.value,
    workingDirectory,
    checkout:
      own === undefined ? undefined : normalize(textOf(child(own ?? undefined, "with", "path"))?.value ?? ""),
  };
  return {
    id: key,
    ...optional("name", textOf(child(node, "name"))),
    at,
    needs: textsOf(child(node, "needs")),
    ...optional("if", textOf(child(node, "if"))),
    runsOn: textsOf(child(node, "runs-on")),
    ...(environment
      ? {
          environment: {
            name: textOf(environment) ?? textOf(child(environment, "name")),
            ...optional("url", textOf(child(environment, "url"))),
          },
        }
      : {}),
    ...optional("container", container ? containerOf(container) : undefined),
    services: entriesOf(child(node, "services")).map(pair => containerOf(pair.value, pair.key)),
    ...optional("uses", usesOf(child(node, "uses"))),
    with: settingsOf(child(node, "with")),
    secrets: textOf(secrets)?.value === "inherit" ? "inherit" : settingsOf(secrets),
    ...optional("permissions", permissionsOf(node)),
    ...optional("concurrency", concurrencyOf(node)),
    env,
    ...optional("workingDirectory", workingDirectory),
    matrix: entriesOf(child(node, "strategy", "matrix")).map(pair => pair.key),
    ...optional("combinations", combinationsOf(child(node, "strategy", "matrix"))),
    ...optional(
      "failFast",
      child(node, "strategy", "fail-fast") ? isTrue(child(node, "strategy", "fail-fast")) : undefined,
    ),
    steps: stepNodes.map(step => stepOf(step, defaults)),
    ...optional("timeoutMinutes", textOf(child(node, "timeout-minutes"))),
    continueOnError: isTrue(child(node, "continue-on-error")),
    checksOut: checkouts.length > 0,
  };
}

/** The checkout of this repository; null when there is none at all, undefined when all are of others. */
function ownCheckout(checkouts: readonly YamlNode[]): YamlNode | null | undefined {
  if (checkouts.length === 0) return null;
  const repository = (step: YamlNode) => textOf(child(step, "with", "repository"))?.value;
  const named = checkouts.find(step => /github\.repository\b|^$/.test(repository(step) ?? ""));
  return named ?? (checkouts.length === 1 ? checkouts[0] : undefined);
}

function stepOf(node: YamlNode, defaults: Defaults): Step {
  const env = settingsOf(child(node, "env"));
  const constants = new Map([...defaults.env, ...constantsOf(env)]);
  const workingDirectory = textOf(child(node, "working-directory"));
  const cwd = cwdOf(workingDirectory ?? defaults.workingDirectory, constants, defaults.checkout);
  const uses = usesOf(child(node, "uses"));
  const settings = settingsOf(child(node, "with"));
  const run = runOf(child(node, "run"), textOf(child(node, "shell"))?.value ?? defaults.shell);
  const known = new Map(constants);
  for (const [name, value] of constants) known.set(`\${{ env.${name} }}`, value);
  known.set("${{ github.workspace }}", rootMarker);
  const calls: Call[] = run?.script ? callsIn(run.script, { cwd, env: known }) : [];
  const inputFragment = (input: string) => {
    const value = child(node, "with", input);
    return value?.kind === "scalar" ? value.fragment : undefined;
  };
  const action = uses ? actionMeaning(uses, settings, inputFragment, node.at) : undefined;
  return {
    ...optional("id", textOf(child(node, "id"))),
    ...optional("name", textOf(child(node, "name"))),
    ...optional("if", textOf(child(node, "if"))),
    ...optional("uses", uses),
    with: settings,
    ...optional("run", run),
    ...optional("remoteScript", action?.remoteScript),
    calls: action ? [...calls, ...action.calls] : calls,
    env,
    ...optional("workingDirectory", workingDirectory),
    cwd,
    continueOnError: isTrue(child(node, "continue-on-error")),
    at: node.at,
  };
}

function runOf(node: YamlNode | undefined, shell: string | undefined): Run | undefined {
  if (node?.kind !== "scalar") return undefined;
  const { fragment } = node;
  const program = shell?.trim().split(/\s+/)[0] ?? "bash";
  const options = shell?.includes("{0}") ? shell : undefined;
  return {
    fragment,
    script: shells.has(program.replace(/^.*\//, "")) ? parseShell(fragment) : undefined,
    shell: shell ?? "bash",
    // A custom command line (`bash {0}`) is taken as it is written.
    errexit: options === undefined || /\s-[a-z]*e/.test(options),
    pipefail: options === undefined ? shell === "bash" : options.includes("pipefail"),
    at: node.at,
    expressions: expressionsIn(fragment),
  };
}

/** Values without expressions; the last map wins. */
function constantsOf(...layers: readonly Settings[]): Map<string, string> {
  const constants = new Map<string, string>();
  for (const layer of layers)
    for (const [name, { value }] of layer) {
      if (value.includes("${{")) constants.delete(name);
      else constants.set(name, value);
    }
  return constants;
}

/** The working directory below the repository; undefined when an expression hides it or it lies elsewhere. */
function cwdOf(
  directory: Located<string> | undefined,
  env: ReadonlyMap<string, string>,
  checkout: string | undefined,
): string | undefined {
  const text = (directory?.value ?? "")
    .replace(/\$\{\{\s*env\.(\w+)\s*\}\}/g, (whole, name: string) => env.get(name) ?? whole)
    .replace(/^\$\{\{\s*github\.workspace\s*\}\}\/?/, "");
  if (text.includes("${{") || text.includes("$")) return undefined;
  const path = normalize(text);
  if (isOutside(path)) return path.startsWith("/") ? path : undefined;
  return checkout === undefined ? undefined : inside(checkout, path);
}

/** A script of a step with where it runs. `script` is empty for an action that only stands for calls. */
export interface PlacedScript {
  readonly job: Job;
  readonly step: Step;
  readonly script: ShellScript;
  readonly calls: readonly Call[];
  readonly cwd: string | undefined;
  readonly remote: boolean;
}

/** Every step that runs or stands for commands, in order. */
export function* scriptsIn(workflow: Workflow): Generator<PlacedScript> {
  for (const job of workflow.jobs)
    for (const step of job.steps) {
      const remote = step.remoteScript !== undefined;
      const script = step.run?.script ?? step.remoteScript ?? step.calls[0]?.script;
      if (script) yield { job, step, script, calls: step.calls, cwd: remote ? "~" : step.cwd, remote };
    }
}

/** Every image build, by `docker build` or by an action. */
export function* buildsIn(workflow: Workflow): Generator<{ job: Job; step: Step; call: DockerBuildCall }> {
  for (const job of workflow.jobs)
    for (const step of job.steps)
      for (const call of step.calls) if (call.kind === "docker-build") yield { job, step, call };
}

/** `.github/workflows/*.yml`. */
export const workflow: ArtifactKind<Workflow> = {
  kind: "workflow",
  recognises: path => /^\.github\/workflows\/[^/]+\.ya?ml$/.test(path),
  parse,
};

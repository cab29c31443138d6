import type { ArtifactKind } from "../core/artifact.ts";
import { type Fragment, mappedFragment } from "../core/fragment.ts";
import type { Problem } from "../core/problem.ts";
import type { Located, Location, Source } from "../core/source.ts";
import { parseShell } from "../formats/shell.ts";
import {
  child,
  entriesOf,
  itemsOf,
  pairOf,
  parseYaml,
  textOf,
  type YamlMap,
  type YamlNode,
  type YamlPair,
  type YamlScalar,
} from "../formats/yaml.ts";
import { callsIn } from "./commands.ts";
import { optional, rootMarker } from "./commands-arguments.ts";
import { startsOf } from "./gitlab-triggers.ts";
import { dereferenced, extended, merged, spread } from "./gitlab-yaml.ts";
import type { Job, Run, Settings, Step, Workflow, WorkflowContainer } from "./workflow-model.ts";
import { containerOf, isTrue } from "./workflow-parts.ts";

/** One file of a GitLab pipeline. */
export interface GitlabFile {
  readonly source: Source;
  readonly root: YamlMap | undefined;
  readonly includes: readonly GitlabInclude[];
}

/** An entry of `include:`. Only local files can be read; the others stand in another place. */
export interface GitlabInclude {
  readonly kind: "local" | "template" | "elsewhere";
  readonly path: string;
  readonly at: Location;
}

/** `.gitlab-ci.yml`; the files that it includes are read through it. */
export const gitlabFile: ArtifactKind<GitlabFile> = {
  kind: "gitlab-ci",
  recognises: path => path === ".gitlab-ci.yml",
  parse(source) {
    const { model: documents, problems } = parseYaml(source);
    // A first document with `spec:` only declares inputs.
    const roots = documents.flatMap(({ root }) => (root?.kind === "map" ? [root] : []));
    const root = roots.find(each => !pairOf(each, "spec")) ?? roots[0];
    const include = pairOf(root, "include")?.value;
    const nodes = include?.kind === "seq" ? include.items : include ? [include] : [];
    return { model: { source, root, includes: nodes.flatMap(includeOf) }, problems };
  },
};

function includeOf(node: YamlNode): GitlabInclude[] {
  const text = textOf(node);
  if (text) {
    const kind = /^https?:/.test(text.value) ? "elsewhere" : "local";
    return [{ kind, path: text.value.replace(/^\/+/, ""), at: text.at }];
  }
  const local = textOf(child(node, "local"));
  if (local) return [{ kind: "local", path: local.value.replace(/^\/+/, ""), at: local.at }];
  const template = textOf(child(node, "template"));
  if (template) return [{ kind: "template", path: template.value, at: template.at }];
  const other = ["project", "remote", "component", "artifact"].flatMap(
    key => textOf(child(node, key)) ?? [],
  )[0];
  return other ? [{ kind: "elsewhere", path: other.value, at: other.at }] : [];
}

const notJobs = new Set(
  "image services stages types before_script after_script variables cache include workflow default spec".split(
    " ",
  ),
);

/**
 * The pipeline that a main file makes with what it includes, as the workflow that rules ask. `files` in the order
 * in which they are merged, the main file last. `incomplete`: some include could not be read.
 */
export function gitlabPipeline(
  files: readonly GitlabFile[],
  incomplete: boolean,
): { readonly workflow: Workflow; readonly problems: readonly Problem[] } | undefined {
  const main = files.at(-1);
  const roots = files.flatMap(file => file.root ?? []);
  if (!main || roots.length === 0) return undefined;
  const root = roots.reduce(merged);
  const pairs = entriesOf(root).filter(
    ({ key, value }) => !key.value.startsWith(".") && !notJobs.has(key.value) && value.kind === "map",
  );
  let whole = !incomplete;
  const staged: { job: Job; stage: number; own: boolean }[] = [];
  const stages = stagesOf(root);
  for (const pair of pairs) {
    const known = extended(pair, root);
    if (!known) whole = false;
    // A script of its own is run whatever the part says that lies elsewhere; when, that part tells.
    const own = pair.value.kind === "map" && pairOf(pair.value, "script") ? pair.value : undefined;
    const map = known ?? own;
    if (!map || !["script", "run", "trigger"].some(key => pairOf(map, key))) continue;
    const job = known ? jobOf(pair, map, root) : { ...jobOf(pair, map, root), triggers: [] };
    staged.push({
      job,
      stage: stages.indexOf(job.stage?.value ?? "test"),
      own: pairOf(map, "needs") !== undefined,
    });
  }
  const jobs = staged.map(({ job, stage, own }) => ({
    ...job,
    needs: own
      ? job.needs
      : staged
          .filter(other => stage >= 0 && other.stage >= 0 && other.stage < stage)
          .map(other => other.job.id),
  }));
  const triggers = new Map(jobs.flatMap(job => job.triggers ?? []).map(each => [keyOf(each), each]));
  const workflow: Workflow = {
    platform: "gitlab",
    incomplete: !whole,
    source: main.source,
    file: main.source.path,
    triggers: [...triggers.values()],
    env: variablesOf(pairOf(root, "variables")?.value),
    jobs,
    expressions: [],
  };
  const scripts = new Set(jobs.flatMap(job => job.steps.flatMap(step => step.run?.script ?? [])));
  return { workflow, problems: [...scripts].flatMap(script => script.problems) };
}

function keyOf({ event, branches, tags }: Workflow["triggers"][number]): string {
  return [event, ...branches.map(each => each.value), "", ...tags.map(each => each.value)].join("\n");
}

function stagesOf(root: YamlMap): string[] {
  const listed = itemsOf(pairOf(root, "stages")?.value).flatMap(item => textOf(item)?.value ?? []);
  const stages = listed.length > 0 ? listed : ["build", "test", "deploy"];
  return [".pre", ...stages.filter(each => each !== ".pre" && each !== ".post"), ".post"];
}

function jobOf({ key, at }: YamlPair, map: YamlMap, root: YamlMap): Job {
  const inherited = inheritedBy(map, root);
  const get = (name: string) => dereferenced(pairOf(map, name)?.value ?? inherited(name), root);
  const environment = get("environment");
  const action = textOf(child(environment, "action"))?.value ?? "start";
  const group = pairOf(map, "resource_group");
  const groupName = textOf(group?.value);
  const globals =
    child(map, "inherit", "variables") === undefined ? pairOf(root, "variables")?.value : undefined;
  const env = new Map([...variablesOf(globals), ...variablesOf(get("variables"))]);
  const image = get("image");
  const steps = stepsOf(map, get, root, env, at);
  return {
    id: key,
    at,
    ...optional("stage", textOf(get("stage"))),
    triggers: startsOf(map, root, key.at),
    needs: needsOf(pairOf(map, "needs")?.value, root),
    runsOn: [],
    ...(environment && action === "start"
      ? {
          environment: {
            name: textOf(environment) ?? textOf(child(environment, "name")),
            ...optional("url", textOf(child(environment, "url"))),
          },
        }
      : {}),
    ...optional("container", image ? imageOf(image, env) : undefined),
    services: (spread(get("services"), root) ?? []).map(node => imageOf(node, env)),
    with: new Map(),
    secrets: new Map(),
    ...optional(
      "concurrency",
      group && groupName ? { at: group.at, group: groupName, cancelInProgress: false } : undefined,
    ),
    env,
    matrix: [],
    steps,
    kept: ["artifacts", "cache"].flatMap(name => [get(name), ...itemsOf(get(name))].flatMap(pathsOf)),
    continueOnError: isTrue(get("allow_failure")),
    checksOut: !/^(?:none|empty)$/.test(env.get("GIT_STRATEGY")?.value ?? ""),
  };
}

/** What `default:`, or the same key at the top, gives every job that does not refuse it. */
function inheritedBy(map: YamlMap, root: YamlMap): (name: string) => YamlNode | undefined {
  const wish = child(map, "inherit", "default");
  const chosen = wish?.kind === "seq" ? wish.items.map(item => textOf(item)?.value) : undefined;
  const none = wish?.kind === "scalar" && wish.value === false;
  const keys = new Set(["image", "services", "before_script", "after_script"]);
  return name => {
    if (none || !keys.has(name) || (chosen && !chosen.includes(name))) return undefined;
    return child(root, "default", name) ?? pairOf(root, name)?.value;
  };
}

function needsOf(node: YamlNode | undefined, root: YamlMap): Located<string>[] {
  return (spread(node, root) ?? []).flatMap(item => textOf(item) ?? textOf(child(item, "job")) ?? []);
}

function imageOf(node: YamlNode, env: Settings): WorkflowContainer {
  const container = containerOf(node);
  const image = container.image ?? textOf(child(node, "name"));
  return { ...container, image, env };
}

function pathsOf(node: YamlNode | undefined): Located<string>[] {
  return itemsOf(child(node, "paths")).flatMap(item => textOf(item) ?? []);
}

/** Scalars, and those of `{ value, description }`. */
function variablesOf(node: YamlNode | undefined): Map<string, Located<string>> {
  const found = new Map<string, Located<string>>();
  for (const { key, value } of entriesOf(node)) {
    const text = textOf(value) ?? textOf(child(value, "value"));
    if (text) found.set(key.value, text);
  }
  return found;
}

/** `before_script` and `script` are one shell; `after_script` is another, whose failure changes nothing. */
function stepsOf(
  map: YamlMap,
  get: (name: string) => YamlNode | undefined,
  root: YamlMap,
  env: Settings,
  at: Location,
): Step[] {
  const before = spread(get("before_script"), root);
  const own = spread(get("script"), root);
  const after = spread(get("after_script"), root) ?? [];
  const found: Step[] = [];
  const lines = [...(before ?? []), ...(own ?? [])];
  // Where lines before are not known, neither is the directory.
  for (const [index, group] of byFile(lines).entries())
    found.push(stepOf(group, env, before && index === 0 ? "" : undefined, pairOf(map, "script")?.at ?? at));
  for (const group of byFile(after))
    found.push({ ...stepOf(group, env, "", pairOf(map, "after_script")?.at ?? at), continueOnError: true });
  return found;
}

/** A fragment stands in one file; lines of several files are several steps. */
function byFile(lines: readonly YamlNode[]): YamlScalar[][] {
  const groups: YamlScalar[][] = [];
  for (const line of lines) {
    if (line.kind !== "scalar" || line.value === null) continue;
    const last = groups.at(-1);
    if (last?.[0]?.at.file === line.at.file) last.push(line);
    else groups.push([line]);
  }
  return groups;
}

function stepOf(lines: readonly YamlScalar[], env: Settings, cwd: string | undefined, at: Location): Step {
  const fragment = joined(lines);
  const script = parseShell(fragment);
  const known = new Map(
    [...env].flatMap(([name, { value }]) => (value.includes("$") ? [] : [[name, value]])),
  );
  known.set("CI_PROJECT_DIR", rootMarker);
  const run: Run = {
    fragment,
    script,
    shell: "bash",
    // The runner starts every script with `set -eo pipefail`.
    errexit: true,
    pipefail: true,
    at: lines[0]!.at,
    expressions: [],
  };
  return {
    with: new Map(),
    run,
    calls: callsIn(script, { cwd, env: known }),
    env: new Map(),
    cwd,
    continueOnError: false,
    at,
  };
}

/** Each item is a line of its own, or several. */
function joined(lines: readonly YamlScalar[]): Fragment {
  let text = "";
  const offsets: number[] = [];
  for (const { fragment } of lines) {
    for (let i = 0; i < fragment.text.length; i++) offsets.push(fragment.toFile(i));
    // The line end that is put here stands at the last character, so that what runs on to it stays in the file.
    const end = fragment.toFile(Math.max(0, fragment.text.length - 1));
    offsets.push(end);
    text += `${fragment.text}\n`;
  }
  offsets.push(offsets.at(-1) ?? 0);
  return mappedFragment(lines[0]!.fragment.file, text, offsets);
}

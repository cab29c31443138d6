import type { Fragment } from "../core/fragment.ts";
import { fragmentLocation } from "../core/fragment.ts";
import type { Located } from "../core/source.ts";
import { expressionEnd } from "../formats/shell.ts";
import { child, entriesOf, itemsOf, pairOf, textOf, type YamlNode } from "../formats/yaml.ts";
import { optional } from "./commands-arguments.ts";
import type {
  Concurrency,
  Expression,
  Permissions,
  Settings,
  Trigger,
  Uses,
  WorkflowContainer,
} from "./workflow-model.ts";

const contextName =
  /'[^']*'|\b(?:secrets|github|inputs|env|vars|steps|needs|matrix|job|jobs|runner|strategy)(?:\.[\w*-]+|\[\s*'[^']*'\s*\])*/g;

/** The `${{ ... }}` of a text. An expression that never ends is left out. */
export function expressionsIn(fragment: Fragment): Expression[] {
  const { text } = fragment;
  const found: Expression[] = [];
  for (let start = text.indexOf("${{"); start !== -1; ) {
    const end = expressionEnd(text, start);
    if (end === undefined) return found;
    const inner = text.slice(start + 3, end - 2).trim();
    found.push({ text: inner, at: fragmentLocation(fragment, start, end), contexts: contextsOf(inner) });
    start = text.indexOf("${{", end);
  }
  return found;
}

/** Contexts that an expression reads, `secrets['X']` as `secrets.X`. */
export function contextsOf(expression: string): string[] {
  const names = expression.match(contextName) ?? [];
  return names.filter(name => !name.startsWith("'")).map(name => name.replace(/\[\s*'([^']*)'\s*\]/g, ".$1"));
}

/** A map of scalars; other values are left out. */
export function settingsOf(node: YamlNode | undefined): Settings {
  const settings = new Map<string, Located<string>>();
  for (const { key, value } of entriesOf(node)) {
    const text = textOf(value);
    if (text) settings.set(key.value, text);
  }
  return settings;
}

/** A scalar or a list of scalars. */
export function textsOf(node: YamlNode | undefined): Located<string>[] {
  if (node?.kind === "seq") return node.items.flatMap(item => textOf(item) ?? []);
  const text = textOf(node);
  return text ? [text] : [];
}

export function isTrue(node: YamlNode | undefined): boolean {
  return node?.kind === "scalar" && node.value === true;
}

export function triggersOf(node: YamlNode | undefined): Trigger[] {
  if (node?.kind !== "map") return textsOf(node).map(({ value, at }) => trigger(value, at, undefined));
  return node.entries.map(({ key, value }) => trigger(key.value, key.at, value));
}

function trigger(event: string, at: Trigger["at"], node: YamlNode | undefined): Trigger {
  return {
    event,
    at,
    branches: textsOf(child(node, "branches")),
    branchesIgnore: textsOf(child(node, "branches-ignore")),
    tags: textsOf(child(node, "tags")),
    paths: textsOf(child(node, "paths")),
    pathsIgnore: textsOf(child(node, "paths-ignore")),
    types: textsOf(child(node, "types")),
    workflows: textsOf(child(node, "workflows")),
    crons: itemsOf(node).flatMap(item => textOf(child(item, "cron")) ?? []),
    inputs: entriesOf(child(node, "inputs")).map(({ key }) => key),
    inputTypes: new Map(
      entriesOf(child(node, "inputs")).map(({ key, value }) => [
        key.value,
        textOf(child(value, "type"))?.value ?? "string",
      ]),
    ),
  };
}

export function permissionsOf(parent: YamlNode | undefined): Permissions | undefined {
  const pair = pairOf(parent, "permissions");
  if (!pair) return undefined;
  const all = textOf(pair.value)?.value;
  return { at: pair.at, ...optional("all", all), scopes: settingsOf(pair.value) };
}

export function concurrencyOf(parent: YamlNode | undefined): Concurrency | undefined {
  const pair = pairOf(parent, "concurrency");
  if (!pair) return undefined;
  const cancel = pairOf(pair.value, "cancel-in-progress");
  const isExpression = textOf(cancel?.value)?.value.includes("${{") ?? false;
  return {
    at: pair.at,
    group: textOf(pair.value) ?? textOf(child(pair.value, "group")),
    cancelInProgress: isExpression ? "expression" : isTrue(cancel?.value),
    ...optional("cancelAt", cancel?.at),
  };
}

export function usesOf(node: YamlNode | undefined): Uses | undefined {
  const text = textOf(node);
  if (!text) return undefined;
  const { value, at } = text;
  if (value.startsWith("./") || value.startsWith("../"))
    return { text: value, at, kind: "local", path: value.replace(/^\.\//, ""), pinned: true };
  if (value.startsWith("docker://"))
    return { text: value, at, kind: "docker", pinned: /@sha256:[0-9a-f]{64}$/.test(value) };
  const match = /^([^/@\s]+\/[^/@\s]+)(?:\/([^@\s]*))?(?:@(\S+))?$/.exec(value);
  return {
    text: value,
    at,
    kind: "remote",
    ...optional("repository", match?.[1]),
    ...optional("path", match?.[2]),
    ...optional("ref", match?.[3]),
    pinned: /^[0-9a-f]{40}$/.test(match?.[3] ?? ""),
  };
}

/** A container given as an image or as a map. */
export function containerOf(node: YamlNode, name?: Located<string>): WorkflowContainer {
  return {
    ...optional("name", name),
    at: node.at,
    image: textOf(node) ?? textOf(child(node, "image")),
    env: settingsOf(child(node, "env")),
    ports: textsOf(child(node, "ports")),
    ...optional("options", textOf(child(node, "options"))),
  };
}

const mostRuns = 32;

/** The runs of a matrix: every combination of its lists, and what `include` adds; undefined where an expression makes it. */
export function combinationsOf(matrix: YamlNode | undefined): ReadonlyMap<string, string>[] | undefined {
  if (matrix?.kind !== "map") return undefined;
  let runs: ReadonlyMap<string, string>[] = [];
  for (const { key, value } of entriesOf(matrix)) {
    if (key.value === "include" || key.value === "exclude") continue;
    const values = itemsOf(value).flatMap(item => textOf(item)?.value ?? []);
    if (values.length === 0) return undefined;
    const before = runs.length > 0 ? runs : [new Map<string, string>()];
    runs = before.flatMap(run => values.map(each => new Map([...run, [key.value, each]])));
    if (runs.length > mostRuns) return undefined;
  }
  for (const item of itemsOf(child(matrix, "include"))) {
    const more = new Map(
      entriesOf(item).flatMap(({ key, value }) => {
        const text = textOf(value)?.value;
        return text === undefined ? [] : [[key.value, text] as const];
      }),
    );
    const fits = (run: ReadonlyMap<string, string>): boolean =>
      [...more].every(([name, value]) => !run.has(name) || run.get(name) === value);
    const isNew = !runs.some(
      run => run.size > 0 && fits(run) && [...more.keys()].some(name => run.has(name)),
    );
    runs = isNew ? [...runs, more] : runs.map(run => (fits(run) ? new Map([...run, ...more]) : run));
  }
  return runs.length > mostRuns ? undefined : runs;
}

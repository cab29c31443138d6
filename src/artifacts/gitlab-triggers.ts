import type { Location } from "../core/source.ts";
import { entriesOf, itemsOf, pairOf, textOf, type YamlMap, type YamlNode } from "../formats/yaml.ts";
import { spread } from "./gitlab-yaml.ts";
import type { Trigger } from "./workflow-model.ts";

/**
 * What starts a job of GitLab, in the words of the workflow model: `push`, `pull_request`, `schedule`,
 * `workflow_dispatch` for a person or another system. `unknown` stands for a condition that is not read here.
 */
export function startsOf(job: YamlMap, root: YamlMap, at: Location): Trigger[] {
  const limits = rulesOf(pairOf(pairOf(root, "workflow")?.value, "rules")?.value, root, undefined);
  const own = ownStarts(job, root, at);
  if (!limits) return own;
  // A job for any push starts with whatever the pipeline starts with.
  return own.flatMap(each => (each.event === "push" && isAny(each) ? limits : [each]));
}

function ownStarts(job: YamlMap, root: YamlMap, at: Location): Trigger[] {
  const when = textOf(pairOf(job, "when")?.value);
  const rules = rulesOf(pairOf(job, "rules")?.value, root, when?.value);
  if (rules) return rules;
  if (when?.value === "never") return [];
  if (when?.value === "manual") return [trigger("workflow_dispatch", when.at)];
  if (when?.value === "on_failure") return [trigger("on_failure", when.at)];
  const only = pairOf(job, "only");
  if (!only) return [trigger("push", at)];
  const refs = only.value.kind === "map" ? pairOf(only.value, "refs")?.value : only.value;
  if (!refs || entriesOf(only.value).some(({ key }) => key.value === "variables"))
    return [trigger("unknown", only.at)];
  const paths = itemsOf(pairOf(only.value, "changes")?.value).flatMap(item => textOf(item) ?? []);
  return (spread(refs, root) ?? []).flatMap(item => {
    const ref = textOf(item);
    return ref ? [{ ...refTrigger(ref.value, ref.at), paths }] : [];
  });
}

function refTrigger(ref: string, at: Location): Trigger {
  if (ref === "branches" || ref === "pushes") return trigger("push", at);
  if (ref === "tags") return trigger("push", at, { tags: [{ value: "*", at }] });
  if (ref === "merge_requests" || ref === "external_pull_requests") return trigger("pull_request", at);
  if (ref === "schedules") return trigger("schedule", at);
  if (["web", "api", "triggers", "pipelines", "chat"].includes(ref)) return trigger("workflow_dispatch", at);
  return trigger("push", at, { branches: [{ value: ref, at }] });
}

function rulesOf(
  node: YamlNode | undefined,
  root: YamlMap,
  usual: string | undefined,
): Trigger[] | undefined {
  if (!node) return undefined;
  const rules = spread(node, root);
  if (!rules) return [trigger("unknown", node.at)];
  return rules.flatMap(rule => {
    const when = textOf(pairOf(rule, "when")?.value)?.value ?? usual;
    if (when === "never") return [];
    if (when === "manual") return [trigger("workflow_dispatch", rule.at)];
    if (when === "on_failure") return [trigger("on_failure", rule.at)];
    const paths = [pairOf(rule, "changes")?.value, pairOf(pairOf(rule, "changes")?.value, "paths")?.value]
      .flatMap(itemsOf)
      .flatMap(item => textOf(item) ?? []);
    const condition = textOf(pairOf(rule, "if")?.value);
    if (!condition) return [{ ...trigger("push", rule.at), paths }];
    return condition.value.split("||").map(part => ({ ...conditionTrigger(part, condition.at), paths }));
  });
}

const ref = String.raw`\$\{?CI_(?:COMMIT_(?:BRANCH|REF_NAME|REF_SLUG)|BUILD_REF_NAME)\}?`;
const branchIs = new RegExp(String.raw`^${ref}\s*==\s*(?:"([^"]+)"|'([^']+)'|(\$\{?CI_DEFAULT_BRANCH\}?))$`);
const branchLike = new RegExp(String.raw`^${ref}\s*=~\s*(/.*/)$`);
const anyBranch = new RegExp(`^${ref}(?:\\s*!=\\s*null)?$`);
const sourceIs = /^\$\{?CI_PIPELINE_SOURCE\}?\s*==\s*["'](\w+)["']$/;

/** Every part of a conjunction has to be understood; otherwise nobody knows when it holds. */
function conditionTrigger(text: string, at: Location): Trigger {
  let event = "push";
  const branches: Trigger["branches"][number][] = [];
  const tags: Trigger["tags"][number][] = [];
  for (const part of text.split("&&").map(each => each.trim().replace(/^\(|\)$/g, ""))) {
    const branch = branchIs.exec(part) ?? branchLike.exec(part);
    const source = sourceIs.exec(part)?.[1];
    if (branch) branches.push({ value: branch.slice(1).find(each => each !== undefined)!, at });
    else if (/^\$\{?CI_COMMIT_TAG\}?(?:\s*(?:=~|!=).*)?$/.test(part)) tags.push({ value: "*", at });
    else if (/^\$\{?CI_MERGE_REQUEST_I?ID\}?$/.test(part)) event = "pull_request";
    else if (source !== undefined) event = eventOf(source);
    else if (!anyBranch.test(part)) return trigger("unknown", at);
  }
  return trigger(event, at, { branches, tags });
}

function eventOf(source: string): string {
  if (source === "push") return "push";
  if (source === "merge_request_event" || source === "external_pull_request_event") return "pull_request";
  return source === "schedule" ? "schedule" : "workflow_dispatch";
}

function isAny(each: Trigger): boolean {
  return each.branches.length === 0 && each.tags.length === 0 && each.paths.length === 0;
}

function trigger(
  event: string,
  at: Location,
  filters: Partial<Pick<Trigger, "branches" | "tags">> = {},
): Trigger {
  return {
    event,
    at,
    branches: filters.branches ?? [],
    branchesIgnore: [],
    tags: filters.tags ?? [],
    paths: [],
    pathsIgnore: [],
    types: [],
    workflows: [],
    crons: [],
    inputs: [],
    inputTypes: new Map(),
  };
}

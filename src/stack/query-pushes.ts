import type { Call } from "../artifacts/commands.ts";
import type { Workflow } from "../artifacts/workflow.ts";
import type { Location } from "../core/source.ts";
import { isMutableTag } from "./query-release.ts";
import type { Stack } from "./stack.ts";

/** An image that a workflow pushes. */
export interface Push {
  /** `image:tag`, where the tag is known. */
  readonly name: string | undefined;
  /** The image without registry and tag, as it is written. */
  readonly image: string | undefined;
  readonly at: Location;
}

export function pushOf(text: string, at: Location): Push {
  const last = text
    .replace(/^["']|["']$/g, "")
    .replace(/\$\{(\w+)\}/g, "$$$1")
    .replace(/^.*\//s, "");
  return { name: lastPart(text), image: last.split(":")[0], at };
}

export function pushesOf(stack: Stack, workflow: Workflow): Push[] {
  return stack.calls.flatMap(({ call, caller }): Push[] => {
    if (caller.workflow !== workflow) return [];
    const unnamed = { name: undefined, image: undefined, at: call.at };
    if (call.kind === "docker-build" && call.push && !isForWorkstations(call))
      return call.tags.length === 0 ? [unnamed] : call.tags.map(tag => pushOf(tag.word.text, tag.at));
    if (call.kind === "docker" && /^(image )?push$/.test(call.verb))
      return call.flags.some(flag => flag.name === "--all-tags" || flag.name === "-a")
        ? allTags(stack, workflow)
        : call.operands.map(operand => pushOf(operand.word.text, operand.at));
    return call.kind === "compose" && call.subcommand === "push" ? [unnamed] : [];
  });
}

/** What the workflow builds or loads; nobody sees which names an image has that only was loaded. */
function allTags(stack: Stack, workflow: Workflow): Push[] {
  const built = stack.calls.flatMap(({ call, caller }): Push[] =>
    caller.workflow === workflow && call.kind === "docker-build"
      ? call.tags.map(tag => pushOf(tag.word.text, tag.at))
      : [],
  );
  return built;
}

/** Images that people work in and that tests run in: nobody goes back to an old one. */
export const forWorkstations =
  /(?:^|[/_.-])(?:dev-?env|dev-?container|ci|builder|tests?|nightly)(?:[/_.-]|$)/i;

function isForWorkstations(call: Extract<Call, { kind: "docker-build" }>): boolean {
  const words = [call.context?.word.text, call.file?.word.text, ...call.tags.map(tag => tag.word.text)];
  return words.some(word => word !== undefined && forWorkstations.test(word.replace(/^["']|["']$/g, "")));
}

/** All that the workflow pushes, it pushes under tags that it moves, for a server. */
export function isPushedOver(stack: Stack, workflow: Workflow): boolean {
  const pushes = pushesOf(stack, workflow);
  return pushes.length > 0 && pushes.every(({ name }) => name !== undefined && isMutableTag(name));
}

/** The last part of a reference with its tag; undefined when the tag itself is not known. */
function lastPart(text: string): string | undefined {
  const name = text.replace(/^["']|["']$/g, "").replace(/^.*\//s, "");
  const tag = /:([^:]*)$/.exec(name.replace(/\$\{\{[^}]*\}\}|\$\{?\w+\}?/g, "$"))?.[1];
  if (tag === undefined) return name.includes("$") ? undefined : `${name}:latest`;
  return tag.includes("$") ? undefined : `image:${tag}`;
}

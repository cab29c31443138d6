import { sourceOf } from "../core/project-files.ts";
import type { Stack } from "./stack.ts";

/** Variables that a release surely brings: their defaults in the repository are for those who set nothing. */

const known = new WeakMap<Stack, ReadonlySet<string>>();

/** A release brings it, or ends without it. */
export function setByRelease(stack: Stack): ReadonlySet<string> {
  let names = known.get(stack);
  if (!names) {
    names = new Set([...handed(stack), ...demandedByRelease(stack)]);
    known.set(stack, names);
  }
  return names;
}

/** `DB_PASSWORD=${{ secrets.DB_PASSWORD }}` in a pipeline that deploys: a value that only the platform knows. */
function handed(stack: Stack): string[] {
  const given = /\b([A-Z][A-Z0-9_]+)["']?\s*[=:]\s*["']?\$\{\{\s*secrets\./g;
  return stack.workflows.flatMap(workflow => {
    const deploys = stack.calls.some(each => each.deploys && each.caller.workflow === workflow);
    const text = deploys ? (sourceOf(stack, workflow.file)?.text ?? "") : "";
    return [...text.matchAll(given)].map(match => match[1]!);
  });
}

/** `for name in "${required[@]}"` in a script that deploys and ends when one of the list is not set. */
export function demandedByRelease(stack: Stack): string[] {
  const scripts = new Set(
    stack.calls.flatMap(({ deploys, caller }) => (deploys && caller.kind === "script" ? [caller.file] : [])),
  );
  return [...scripts].flatMap(file => {
    const text = sourceOf(stack, file)?.text ?? "";
    return [
      ...text.matchAll(/^[ \t]*for (\w+) in ([^\n;]+)(?:;|\n)[ \t]*(?:do\b)?([\s\S]{0,400}?)\bdone\b/gm),
    ].flatMap(([, item, list = "", body = ""]) => {
      if (!/\b(?:exit|die|fail|return) ?1?\b/.test(body) || !body.includes(`${item}`)) return [];
      const array = /^"?\$\{(\w+)\[[@*]\]\}"?$/.exec(list.trim())?.[1];
      const words = array === undefined ? list : elementsOf(text, array);
      return words.match(/\b[A-Z][A-Z0-9_]+\b/g) ?? [];
    });
  });
}

/** `required=( A B C )`. */
function elementsOf(text: string, array: string): string {
  return new RegExp(`(?:^|[\\s;])${array}=\\(([^()]*)\\)`).exec(text)?.[1] ?? "";
}

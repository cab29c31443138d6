import { type Location, locate } from "../core/source.ts";
import { pagesOf } from "./query-pages.ts";
import type { Service, Stack } from "./stack.ts";

/** What pages on deploying have people do by hand on the server. */

/** The page shows the service in a piece of a Compose file that has what the committed one lacks. */
export function addedByHand(stack: Stack, { name }: Service, holds: RegExp): Location | undefined {
  const own = new RegExp(`\\n {0,8}${name.replace(/[^\w-]/g, "\\$&")}:[ \\t]*\\r?\\n`);
  for (const source of pagesOf(stack)) {
    let start = 0;
    for (const [index, part] of source.text.split("```").entries()) {
      if (index % 2 === 1 && /^ya?ml\b/.test(part) && own.test(part) && holds.test(part))
        return locate(source, start - 3, start + part.indexOf("\n"));
      start += part.length + 3;
    }
  }
  return undefined;
}

/** A page has people fetch the checkout on the server and start what it says. */
export function pulledByHand(stack: Stack): Location | undefined {
  for (const source of pagesOf(stack)) {
    const found = /\n[ \t]*git pull\b[^\n]*/.exec(source.text);
    if (found && /docker[- ]compose\b[^\n]*\bup\b/.test(source.text))
      return locate(source, found.index + 1, found.index + found[0].length);
  }
  return undefined;
}

/** A page on operating the server calls a container so: what runs there is not only what these files say. */
export function saidOnPage(stack: Stack, name: string): Location | undefined {
  // `db` is a word of every page.
  if (!/[-_]/.test(name)) return undefined;
  const word = new RegExp(`(?<![\\w-])${name.replace(/[^\w-]/g, "\\$&")}(?![\\w-])`);
  for (const source of pagesOf(stack)) {
    const found = word.exec(source.text);
    if (found) return locate(source, found.index, found.index + name.length);
  }
  return undefined;
}

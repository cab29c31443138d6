import type { Script } from "../artifacts/script.ts";
import { putAway } from "./project-names.ts";

/**
 * The scripts that somebody still runs: one that is kept in a folder called `archive` or `deprecated`, and that no
 * other script, Makefile or pipeline names, is there for reading.
 */
export function liveScripts(
  scripts: readonly Script[],
  others: readonly { readonly source: { readonly text: string } }[],
): readonly Script[] {
  const kept = scripts.filter(({ file }) => putAway.test(file));
  if (kept.length === 0) return scripts;
  const texts = [...scripts.filter(each => !kept.includes(each)), ...others].map(({ source }) => source.text);
  return scripts.filter(each => !kept.includes(each) || texts.some(text => text.includes(nameIn(each.file))));
}

/** The folder and the name: another script may be called the same. */
const nameIn = (file: string): string => file.split("/").slice(-2).join("/");

import { basename } from "../core/path.ts";
import { parseYaml } from "../formats/yaml.ts";

/**
 * Files that a fix writes and that no part of the model reads, a bot's settings for one: whether they are what their
 * names say. What the model reads is judged by its own readers.
 */
export function brokenFiles(
  texts: ReadonlyMap<string, string>,
  kinds: ReadonlyMap<string, string>,
): string[] {
  return [...texts].flatMap(([file, text]) => {
    const why = kinds.has(file) ? undefined : complaint(file, text);
    return why === undefined ? [] : [`${file} can no longer be read: ${why}`];
  });
}

function complaint(file: string, text: string): string | undefined {
  if (/\.ya?ml$/.test(file)) return parseYaml({ path: file, text }).problems[0]?.message;
  // Settings of editors and compilers are JSON with comments.
  if (!/\.json$/.test(file) || /^(?:tsconfig|devcontainer|jsconfig|\.)/.test(basename(file)))
    return undefined;
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

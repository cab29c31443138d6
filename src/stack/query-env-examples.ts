import type { EnvFile } from "../artifacts/env-file.ts";
import { basename, dirname } from "../core/path.ts";
import type { Stack } from "./stack.ts";

const exampleWords =
  /[._-]?(?:example|sample|template|dist|tmpl|tpl|skeleton)(?=[._-]|$)|^(?:example|sample|template)[._-]/gi;

function plainName(path: string): string {
  return basename(path)
    .replace(exampleWords, "")
    .toLowerCase()
    .replace(/\bprod\b/, "production")
    .replace(/\bstage\b/, "staging")
    .replace(/^env\b/, ".env");
}

/**
 * What the repository shows of an env file that scripts read by this name: the file itself, or the example that it is
 * copied from. The one that lies where the name says, else undefined when there is none, or several that differ in their
 * place only.
 */
export function shownEnvFile(stack: Stack, name: string): EnvFile | undefined {
  const wanted = plainName(name);
  if (!/env/.test(wanted)) return undefined;
  const depth = (file: EnvFile) => file.file.split("/").length;
  const fitting = stack.envFiles
    .filter(file => plainName(file.file) === wanted && stack.files.tracked(file.file) !== false)
    .toSorted((a, b) => depth(a) - depth(b));
  const beside = name.includes("/") ? fitting.filter(({ file }) => dirname(file) === dirname(name)) : [];
  if (beside.length === 1) return beside[0];
  const [first, second] = fitting;
  return first && (!second || depth(second) > depth(first)) ? first : undefined;
}

import type { Edit } from "../core/fix.ts";
import { join } from "../core/path.ts";
import { appendLines, assignment } from "../formats/dotenv-edit.ts";
import type { ComposeProject, Stack } from "../stack/stack.ts";

/** A variable that people have to set from now on. */
export interface NewVariable {
  readonly name: string;
  /** A comment line for the example file. */
  readonly says: string;
  /** What ran until now, where the machine's own .env may keep it. */
  readonly value?: string;
}

/**
 * Documents variables beside a Compose file: in the example that is there, else in a new `.env.example`. An ignored
 * `.env` that is there gets the value that ran until now, so that the stack still starts on this machine.
 */
export function documentVariables(
  stack: Stack,
  project: ComposeProject,
  variables: readonly NewVariable[],
): Edit[] {
  const example = exampleOf(stack, project);
  const path = example?.file ?? join(project.directory, ".env.example");
  const listed = new Set(example?.entries.map(entry => entry.name.value));
  const fresh = variables.filter(each => !listed.has(each.name));
  const edits: Edit[] = [];
  if (fresh.length > 0 && (example || !stack.files.ignored(path))) {
    const head = example ? [] : ["# Copy to .env beside this file and fill in. Git must not track the copy."];
    const lines = fresh.flatMap(each => [`# ${each.says}`, `${each.name}=`]);
    edits.push(appendLines(path, stack.sources.get(path), [...head, ...lines]));
  }
  return [...edits, ...keepRunning(stack, project, variables)];
}

function exampleOf(stack: Stack, project: ComposeProject) {
  const names = [".env.example", ".env.sample", ".env.template", ".env.dist", "env.example"];
  return names.flatMap(name => {
    const path = join(project.directory, name);
    return stack.envFiles.filter(file => file.file === path);
  })[0];
}

function keepRunning(stack: Stack, project: ComposeProject, variables: readonly NewVariable[]): Edit[] {
  const path = join(project.directory, ".env");
  const read = stack.files.has(path) === "file" ? stack.files.read(path) : undefined;
  // What git tracks, or would track, is no place for a password.
  if (!read || !("source" in read) || stack.files.tracked(path) !== false || !stack.files.ignored(path))
    return [];
  const lines = variables.flatMap(({ name, value }) => {
    const set = new RegExp(`^\\s*(?:export\\s+)?${name}\\s*=`, "m").test(read.source.text);
    return value === undefined || set ? [] : (assignment(name, value) ?? []);
  });
  return lines.length === 0 ? [] : [appendLines(path, read.source, lines)];
}

/** What has to be done by hand before the stack starts again. */
export function setByHand(project: ComposeProject, names: readonly string[]): string {
  const files = project.files.map(file => file.slice(file.lastIndexOf("/") + 1)).join(" and ");
  return `Set ${names.join(", ")} in the .env beside ${files} on every machine and in every pipeline that starts it: Compose stops without.`;
}

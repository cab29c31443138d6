import type { Edit } from "../core/fix.ts";
import { basename, dirname, isOutside, join, normalize } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import { appendLines, appendParagraph, assignment } from "../formats/dotenv-edit.ts";
import { allCommands } from "../formats/shell.ts";
import { deployScripts } from "../stack/query-deploy-scripts.ts";
import type { ComposeProject, Stack } from "../stack/stack.ts";

/** A variable that people have to set from now on. */
export interface NewVariable {
  readonly name: string;
  /** A comment line for the example file. */
  readonly says: string;
  /** What its value may look like. */
  readonly example?: string;
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
  const place = settingsOf(stack, project);
  const example = exampleOf(stack, dirname(place));
  const path = example?.file ?? join(dirname(place), ".env.example");
  const listed = new Set(example?.entries.map(entry => entry.name.value));
  const fresh = variables.filter(each => !listed.has(each.name));
  const edits: Edit[] = [];
  if (fresh.length > 0 && (example || !stack.files.ignored(path))) {
    const head = example
      ? []
      : [`# Copy to ${basename(place)} beside this file and fill in. Git must not track the copy.`];
    // What the variables before it say as well is not said again.
    const lines = fresh.flatMap(({ name, says, example: value = "" }, index) =>
      says === fresh[index - 1]?.says ? [`${name}=${value}`] : [`# ${says}`, `${name}=${value}`],
    );
    edits.push(appendParagraph(path, sourceOf(stack, path), [...head, ...lines]));
  }
  return [...edits, ...keepRunning(stack, place, variables)];
}

/** Where Compose reads the project's variables: `.env` beside its first file, unless the deployment names another. */
function settingsOf(stack: Stack, project: ComposeProject): string {
  const named = new Set<string>();
  for (const { call, deploys } of stack.calls) {
    if (call.kind !== "compose" || !deploys || !/^(?:up|run|start)$/.test(call.subcommand ?? "")) continue;
    // On a server the directory is not known: the Compose file's own path says where the call starts.
    const starts = call.files.flatMap(({ value }) =>
      project.files.flatMap(file => (value !== undefined && endsAt(file, normalize(value))) || []),
    );
    const file = call.envFiles.at(-1)?.value;
    const [start] = starts;
    if (start === undefined || file === undefined || /[$~]/.test(file)) continue;
    const path = normalize(`${start.from}${file}`);
    if (!isOutside(path) && !file.startsWith("/")) named.add(path);
  }
  const [only, ...others] = named;
  return only !== undefined && others.length === 0 ? only : join(project.directory, ".env");
}

/** What stands before the end of a path. */
function endsAt(path: string, end: string): { readonly from: string } | undefined {
  return path === end || path.endsWith(`/${end}`)
    ? { from: path.slice(0, path.length - end.length) }
    : undefined;
}

function exampleOf(stack: Stack, directory: string) {
  const names = [".env.example", ".env.sample", ".env.template", ".env.dist", "env.example"];
  return names.flatMap(name => {
    const path = join(directory, name);
    return stack.envFiles.filter(file => file.file === path);
  })[0];
}

function keepRunning(stack: Stack, path: string, variables: readonly NewVariable[]): Edit[] {
  const source = sourceOf(stack, path);
  // What git tracks, or would track, is no place for a password.
  if (!source || stack.files.tracked(path) !== false || !stack.files.ignored(path)) return [];
  const lines = variables.flatMap(({ name, value }) => {
    const set = new RegExp(`^[ \\t]*(?:export\\s+)?${name}\\s*=`, "m").test(source.text);
    return value === undefined || set ? [] : (assignment(name, value) ?? []);
  });
  return lines.length === 0 ? [] : [appendLines(path, source, lines)];
}

/** What has to be done by hand before the stack starts again. */
export function setByHand(stack: Stack, project: ComposeProject, names: readonly string[]): string {
  const files = project.files.map(file => basename(file)).join(" and ");
  const place = settingsOf(stack, project);
  const where =
    place === join(project.directory, ".env")
      ? `the .env beside ${files}`
      : `${place}, which the deployment names,`;
  return `Set ${names.join(", ")} in ${where} on every machine and in every pipeline that starts it: Compose stops without.${writtenAnew(stack)}`;
}

/** The same for the variables that new text of a Compose file asks for; nothing where it asks for none. */
export function setWhatIsAsked(
  stack: Stack,
  project: ComposeProject,
  edits: readonly (Edit | undefined)[] | undefined,
): { readonly afterwards?: string } {
  const texts = (edits ?? []).map(edit => edit?.text ?? "").join("\n");
  const names = [...new Set([...texts.matchAll(/\$\{(\w+):\?/g)].map(found => found[1]!))];
  return names.length === 0 ? {} : { afterwards: setByHand(stack, project, names) };
}

/** Deployments that write the server's .env from a text of their own: what is set by hand is gone at the next one. */
export function writtenAnew(stack: Stack): string {
  const writers = [...deployScripts(stack)].filter(({ script }) =>
    [...allCommands(script)].some(({ command }) =>
      command.redirects.some(
        ({ op, target }) => /^>\|?$/.test(op) && /(?:^|\/|["'])\.env["']?$/.test(target.text),
      ),
    ),
  );
  const files = [...new Set(writers.map(({ file }) => file))];
  if (files.length === 0) return "";
  return ` ${files.join(" and ")} ${files.length === 1 ? "writes" : "write"} that .env anew at each release: add a line there, or the next one stops.`;
}

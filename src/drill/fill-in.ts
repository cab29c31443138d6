import type { LabFiles } from "../core/lab-files.ts";
import { inside, join } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import { dataDirectories, keepingOf } from "../stack/query-data.ts";
import { shownEnvFile } from "../stack/query-env-examples.ts";
import type { ComposeProject, Stack } from "../stack/stack.ts";
import { neededVariables, valuesFor } from "./values.ts";

export interface FillInOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  random(): string;
}

/** Directories of the project in which a store keeps its data: a copy of a running database would be a torn one. */
export function dataUnderProject(project: ComposeProject): string[] {
  return project.services.flatMap(service =>
    dataDirectories(service).flatMap(directory => {
      const keeping = keepingOf(service, directory);
      return keeping.in === "bind" && keeping.mount.repositoryPath ? [keeping.mount.repositoryPath] : [];
    }),
  );
}

/**
 * Gives the copy what the project needs and git does not keep: variables, env files, secret files. What is there stays
 * as it is. Gives what was added, for the report.
 */
export async function fillIn(
  stack: Stack,
  project: ComposeProject,
  files: LabFiles,
  options: FillInOptions,
): Promise<string[]> {
  const added: string[] = [];
  const dotenv = join(project.directory, ".env");
  const example = exampleOf(stack, dotenv);
  const needed = new Set(project.files.flatMap(file => neededVariables(sourceOf(stack, file)?.text ?? "")));
  const unset = [...needed].filter(name => !project.lookup(name) && !options.environment[name]).sort();
  const given = valuesFor(unset, example, options.random, domainOf(stack));
  if (given.length > 0) {
    const before = (await files.read(`project/${dotenv}`)) ?? "";
    const lines = given.map(({ name, value }) => `${name}=${quoted(value)}\n`).join("");
    await files.write(
      `project/${dotenv}`,
      `${before}${before === "" || before.endsWith("\n") ? "" : "\n"}${lines}`,
      0o600,
    );
    for (const from of ["example", "generated"] as const) {
      const names = given.filter(one => one.from === from).map(({ name }) => name);
      const how = from === "example" ? "from the example file" : "made up";
      if (names.length > 0) added.push(`.env: ${names.join(", ")} ${how}`);
    }
  }
  for (const use of project.services.flatMap(service => service.envFiles)) {
    const path = use.resolved;
    if (path === undefined || !use.required || (await files.has(`project/${path}`))) continue;
    const shown = exampleOf(stack, path);
    const values = valuesFor([...shown.keys()], shown, options.random);
    await files.write(
      `project/${path}`,
      values.map(({ name, value }) => `${name}=${quoted(value)}\n`).join(""),
      0o600,
    );
    added.push(
      shown.size > 0
        ? `${path}: from its example, secrets made up`
        : `${path}: empty, there is no example of it`,
    );
  }
  for (const { name, path, external } of [...project.secrets, ...project.configs]) {
    const at = path?.value;
    if (external || at === undefined || inside("", at) === undefined || (await files.has(`project/${at}`)))
      continue;
    await files.write(`project/${at}`, options.random(), 0o444);
    added.push(`secret ${name}: made up`);
  }
  return added;
}

/** The name that the proxy serves under: what is asked for by any other name may be refused. */
function domainOf(stack: Stack): string | undefined {
  const names = stack.proxies.flatMap(proxy => proxy.effective.servers.flatMap(server => server.names));
  return names.map(name => name.value).find(name => /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(name));
}

function exampleOf(stack: Stack, path: string): ReadonlyMap<string, string> {
  const shown = shownEnvFile(stack, path);
  const values = new Map<string, string>();
  for (const entry of shown?.entries ?? []) values.set(entry.name.value, entry.value.value);
  return values;
}

/** Single quotes keep dollars and blanks; a value with such a quote in it cannot have them. */
function quoted(value: string): string {
  return /^[\w.:/@,+-]*$/.test(value) ? value : `'${value.replaceAll("'", "")}'`;
}

import type { EnvFile } from "../artifacts/env-file.ts";
import { dirname } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Location } from "../core/source.ts";
import { isOptional, isStore } from "./query.ts";
import { publicName } from "./query-bundles.ts";
import { isRun } from "./query-connections.ts";
import { lacksDotenv, readsDotenv } from "./query-dotenv.ts";
import { componentReads, hasUnseenEnvironment } from "./query-environment.ts";
import type { Service, Stack } from "./stack.ts";

/** Variables that people are told to set for Compose, that the code reads, and that Compose hands to no container. */

export interface Withheld {
  readonly name: string;
  /** Where the env file asks for it. */
  readonly asked: Location;
  /** Where the code reads it. */
  readonly at: Location;
}

/** Fewer may be there by chance: the file is another program's. */
const leastHanded = 3;
/** Without it what it is for cannot work. */
export const credential = /(?:SECRET|PASSWORD|_KEY|TOKEN|_DSN)$|SMTP|STRIPE|S3_|AWS_/;
/** The framework reads the file, and its example lists what it knows, needed or not. */
const readByItself = /^(?:laravel|symfony|php|rails)$/;
/** What a program is seldom told by Compose, and does well without. */
const idle =
  /^(?:NODE_ENV|PORT|HOST|TZ|LANG|PATH|HOME|LOG_LEVEL|DEBUG|CI|PYTHON\w*|\w*(?:TEST|E2E|DEV|LOCAL|CYPRESS|PLAYWRIGHT)\w*)$/;

export function withheldVariables(stack: Stack, service: Service): Withheld[] {
  const { component, project } = service;
  if (!component || !service.process || isOptional(service) || isStore(service)) return [];
  if (service.envFiles.length > 0 || hasUnseenEnvironment(service)) return [];
  if (readByItself.test(component.kind)) return [];
  // What a file that lists no packages leaves open, the code may do.
  const mayRead =
    !/(?:package\.json|go\.mod|requirements\S*\.txt|pyproject\.toml|Pipfile)$/.test(component.manifest) ||
    component.kind === "next" ||
    readsDotenv(stack, service);
  if (mayRead && !lacksDotenv(stack, service)) return [];
  const texts = project.files.map(path => sourceOf(stack, path)?.text ?? "");
  const files = askingFiles(stack, service, texts);
  if (files.length === 0) return [];
  const { reads, wildcards } = componentReads(stack, component);
  if (wildcards.length > 0) return [];
  const found: Withheld[] = [];
  for (const { name } of files.flatMap(file => file.entries)) {
    // Beside the program stands what it knows, wanted or not.
    const isOwn = dirname(name.at.file) !== project.directory;
    if (isOwn && !credential.test(name.value)) continue;
    if (idle.test(name.value) || publicName.test(name.value) || names(texts, name.value)) continue;
    const whole = wholeOf(name.value);
    if (whole && names(texts, whole) && reads.some(read => read.name === whole)) continue;
    const own = reads.filter(read => read.name === name.value && !read.buildTime);
    if (isOwn && own.some(each => each.default)) continue;
    const read = own.find(each => isRun(stack, service, component, each.at));
    if (found.some(each => each.name === name.value)) continue;
    if (!read || service.model?.env.has(name.value) || isHandedElsewhere(stack, project.files, name.value))
      continue;
    found.push({ name: name.value, asked: name.at, at: read.at });
  }
  return found;
}

/** The address that brings what the variable is a part of: `REDIS_URL` of `REDIS_HOST`. */
function wholeOf(name: string): string | undefined {
  const [, prefix] = /^(\w+)_(?:HOST|PORT|USER|USERNAME|PASSWORD|DB)$/.exec(name) ?? [];
  return prefix && `${prefix}_URL`;
}

/**
 * The examples that are for it: one beside the Compose file, which fills in some of what it asks for, and the program's
 * own.
 */
function askingFiles(stack: Stack, service: Service, texts: readonly string[]): EnvFile[] {
  const { project, component } = service;
  // Whoever runs the file fills in the form that is called like it; the program's own is for a run without Compose.
  const stems = project.files.map(path => /compose\.([\w-]+)\.ya?ml$/.exec(path)?.[1]);
  const hasForm = stack.envFiles.some(
    ({ file, role }) =>
      role === "example" &&
      dirname(file) === project.directory &&
      stems.some(stem => stem !== undefined && file.includes(`.${stem}.`)),
  );
  return stack.envFiles.filter(({ file, role, entries }) => {
    if (role !== "example" || /dev|test/i.test(file)) return false;
    if (entries.some(entry => isForMachine(service, entry))) return false;
    const own = dirname(file) === component!.dir;
    const filled = entries.filter(({ name }) => names(texts, name.value)).length >= leastHanded;
    return (own && !hasForm) || (dirname(file) === project.directory && !/local/i.test(file) && filled);
  });
}

const onMachine = /^(?:[\w+]+:\/\/)?(?:[^/@\s]*@)?(?:localhost|127\.0\.0\.1)(?=[:/]|$)/;

/** Where it says that a store is on this machine, and Compose writes another place: the form is for a run without it. */
function isForMachine({ environment }: Service, { name, value }: EnvFile["entries"][number]): boolean {
  return (
    onMachine.test(value.value) &&
    environment.some(
      each =>
        each.name === name.value &&
        each.value?.references.length === 0 &&
        !/localhost|127\.0\.0\.1/.test(each.value.text ?? each.value.raw),
    )
  );
}

function names(texts: readonly string[], name: string): boolean {
  const word = new RegExp(`(?<![A-Za-z0-9_])${name}(?![A-Za-z0-9_])`);
  return texts.some(text => word.test(text));
}

/** A script, a Dockerfile or a pipeline names it: it may get there on another way. */
function isHandedElsewhere(stack: Stack, files: readonly string[], name: string): boolean {
  const others = [...stack.sources].filter(
    ([path]) =>
      !files.includes(path) &&
      /\.(?:sh|bash|ya?ml|mk)$|(?:^|\/)(?:Makefile|[Jj]ustfile|Jenkinsfile|Dockerfile[^/]*|[^/]*entrypoint[^/]*)$/.test(
        path,
      ) &&
      !/compose/i.test(path),
  );
  return names(
    others.map(([, source]) => source.text),
    name,
  );
}

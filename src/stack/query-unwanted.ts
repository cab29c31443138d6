import { basename, inside, join } from "../core/path.ts";
import { listPlain } from "./query.ts";
import type { Build, Stack } from "./stack.ts";

/** What a broad COPY brings along that has no place in an image. */

export interface Unwanted {
  readonly name: string;
  readonly secret: boolean;
}

export function listed(comes: readonly Unwanted[]): string {
  return listPlain(comes.map(each => each.name));
}

const template = /example|sample|template|dist$|defaults?$/i;

/** What stands in the context on a workstation or a server, and has no place in an image. */
export function unwanted(stack: Stack, group: readonly [Build, ...Build[]]): Unwanted[] {
  const context = group[0].context!;
  // A pipeline builds from a fresh clone: only what git tracks is there.
  const clone = group.every(build => build.caller.kind === "workflow");
  const stands = (path: string): boolean => !clone || stack.files.tracked(path) === true;
  const found: Unwanted[] = [];
  const used = stack.services.flatMap(service => service.envFiles.flatMap(file => file.resolved ?? []));
  const env = [...used, ...stack.envFiles.map(file => file.file)].find(
    path => inside(context, path) !== undefined && !template.test(basename(path)) && stands(path),
  );
  if (env !== undefined) found.push({ name: env, secret: true });
  else if (!clone && stack.files.ignored(join(context, ".env"))) {
    // Compose reads the one beside its file; whether there is one elsewhere nobody can tell from here.
    const read = stack.projects.some(project => project.directory === context);
    found.push({ name: read ? join(context, ".env") : `any ${join(context, ".env")}`, secret: read });
  }
  // Only the root of a repository surely has its history.
  if (context === "") found.push({ name: ".git", secret: false });
  for (const name of ["node_modules", "venv", ".venv"]) {
    const path = join(context, name);
    if (!clone && stack.files.has(path) === "directory") found.push({ name: path, secret: false });
  }
  return found;
}

/** An ignore file further up, which its author may take for the one in force. */
export function unreadIgnore(stack: Stack, build: Build): string | undefined {
  const found = stack.files.paths.find(
    path =>
      basename(path) === ".dockerignore" &&
      path !== join(build.context!, ".dockerignore") &&
      inside(path.replace(/\/?\.dockerignore$/, ""), build.context!) !== undefined,
  );
  return found === ".dockerignore" ? "The .dockerignore in the root of the repository" : found;
}

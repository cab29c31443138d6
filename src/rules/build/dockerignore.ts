import { basename, inside, join } from "../../core/path.ts";
import { evidence } from "../../stack/query.ts";
import {
  buildSubject,
  directoryName,
  groupBuilds,
  places,
  serverBuilds,
  weighBuilds,
} from "../../stack/query-build.ts";
import { broadCopies } from "../../stack/query-shipped.ts";
import type { Build, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/dockerignore",
  title: "An image that copies its whole context has an ignore file for it",
  claim: "no-secret-leaks",
  severity: "medium",
  why: "Environment files, the history in .git and folders of a workstation become layers of the image, for everybody who can pull it.",
  *check(stack) {
    const builds = serverBuilds(stack).filter(build => build.model && build.contextState === "present");
    for (const group of groupBuilds(builds, build => `${build.dockerfilePath}\n${build.context}`)) {
      const [first] = group;
      const copies = broadCopies(first);
      if (copies.length === 0) continue;
      if (first.ignore) {
        yield {
          subject: buildSubject(first),
          kept: evidence(copies[0]!.at, `${first.ignore.path} is in force`),
        };
        continue;
      }
      const comes = unwanted(stack, group);
      if (comes.length === 0) continue;
      const unread = unreadIgnore(stack, first);
      yield {
        subject: buildSubject(first),
        message: `The image of ${first.dockerfilePath} gets all of ${directoryName(first.context!)}, where no .dockerignore is in force: ${listed(comes)} with it.${unread === undefined ? "" : ` ${unread} is not read for this context.`}`,
        evidence: [
          ...places(
            copies.map(copy => copy.at),
            "copies everything",
          ),
          ...places(
            group.map(build => build.contextAt),
            "a context without .dockerignore",
          ),
        ] as [ReturnType<typeof evidence>],
        severity: weighBuilds(group, comes.some(each => each.secret) ? "medium" : "low"),
      };
    }
  },
});

interface Unwanted {
  readonly name: string;
  readonly secret: boolean;
}

function listed(comes: readonly Unwanted[]): string {
  const names = comes.map(each => each.name);
  return names.length === 1 ? names[0]! : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

const template = /example|sample|template|dist$|defaults?$/i;

/** What stands in the context on a workstation or a server, and has no place in an image. */
function unwanted(stack: Stack, group: readonly [Build, ...Build[]]): Unwanted[] {
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
  else if (!clone && stack.files.ignored(join(context, ".env")))
    found.push({ name: join(context, ".env"), secret: true });
  // Only the root of a repository surely has its history.
  if (context === "") found.push({ name: ".git", secret: false });
  for (const name of ["node_modules", "venv", ".venv"]) {
    const path = join(context, name);
    if (!clone && stack.files.has(path) === "directory") found.push({ name: path, secret: false });
  }
  return found;
}

/** An ignore file further up, which its author may take for the one in force. */
function unreadIgnore(stack: Stack, build: Build): string | undefined {
  const found = stack.files.paths.find(
    path =>
      basename(path) === ".dockerignore" &&
      path !== join(build.context!, ".dockerignore") &&
      inside(path.replace(/\/?\.dockerignore$/, ""), build.context!) !== undefined,
  );
  return found === ".dockerignore" ? "The .dockerignore in the root of the repository" : found;
}

import { basename } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import { type Location, locate } from "../core/source.ts";
import { child, textOf } from "../formats/yaml.ts";
import { pagesOf } from "./query-pages.ts";
import type { ComposeProject, NamedFile, Stack } from "./stack.ts";

/** Questions about stacks of Swarm. */

/** Configs of a project that come from files, and where it is deployed by Swarm. */
export interface SwarmConfigs {
  readonly project: ComposeProject;
  readonly said: Location;
  /** A page or a comment says it, and no command. */
  readonly isTold: boolean;
  /** Their names stay when their files change. */
  readonly fixed: readonly NamedFile[];
  readonly versioned: readonly NamedFile[];
}

export function swarmConfigs(stack: Stack): SwarmConfigs[] {
  return stack.projects.flatMap(project => {
    const configs = project.configs.filter(({ external, path }) => !external && path !== undefined);
    const way = configs.length === 0 || project.grade === "development" ? undefined : wayOf(stack, project);
    if (!way) return [];
    const [versioned, fixed] = [true, false].map(is => configs.filter(each => isVersioned(each) === is));
    return [{ project, ...way, fixed: fixed!, versioned: versioned! }];
  });
}

/** `name: site-${RELEASE}`. */
function isVersioned({ node }: NamedFile): boolean {
  return textOf(child(node, "name"))?.value.includes("$") ?? false;
}

function wayOf(stack: Stack, { files }: ComposeProject): { said: Location; isTold: boolean } | undefined {
  const names = files.map(basename);
  const called = stack.calls.find(
    ({ call }) =>
      call.kind === "docker" &&
      call.verb === "stack deploy" &&
      call.flags.some(
        ({ name, value }) =>
          (name === "-c" || name === "--compose-file") && names.includes(basename(value?.value ?? "")),
      ),
  );
  if (called) return { said: called.call.at, isTold: false };
  const own = files.flatMap(path => sourceOf(stack, path) ?? []);
  for (const source of [...own, ...pagesOf(stack)]) {
    for (const { 0: line, index } of source.text.matchAll(/\bdocker stack deploy\b[^\n`]{0,200}/g)) {
      const given = [...line.matchAll(/(?:-c|--compose-file)[ =]([^\s`]+)/g)].map(match => match[1]!);
      if (given.some(each => names.includes(basename(each))))
        return { said: locate(source, index, index + line.trimEnd().length), isTold: true };
    }
  }
  return undefined;
}

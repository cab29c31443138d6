import type { NginxLocation, NginxScope } from "../artifacts/nginx-model.ts";
import type { Edit } from "../core/fix.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Location, Source } from "../core/source.ts";
import type { NginxDirective } from "../formats/nginx.ts";
import { addAfter, isVerbatim } from "../formats/nginx-edit.ts";
import { directivesNamed, levelsOf } from "../stack/proxy/inherit.ts";
import { repositoryPathOf } from "../stack/query-certificates.ts";
import { isWorkstationCall } from "../stack/query-scripts.ts";
import type { Stack } from "../stack/stack.ts";

/** Changes in nginx files, each at the level where nginx looks for it. */

/** A nginx file that an edit would last in; undefined for one that a script writes anew with each release. */
export function nginxSource(stack: Stack, at: Location): Source | undefined {
  const source = sourceOf(stack, at.file);
  return source && !isOverwritten(stack, at.file) ? source : undefined;
}

function isOverwritten(stack: Stack, file: string): boolean {
  return stack.calls.some(
    placed =>
      !isWorkstationCall(placed) &&
      !placed.call.remote &&
      placed.call.writes.some(
        write => !write.append && repositoryPathOf(placed.call.cwd, write.path.value) === file,
      ),
  );
}

/** The edits when all of them can be made, each once; undefined otherwise. */
export function allEdits(edits: readonly (Edit | undefined)[]): readonly Edit[] | undefined {
  const whole = edits.filter(edit => edit !== undefined);
  if (whole.length !== edits.length || whole.length === 0) return undefined;
  const places = new Map(whole.map(edit => [JSON.stringify(edit), edit]));
  return [...places.values()];
}

/**
 * Sends a header to what is behind these locations. It is added to the list that is in force there: one header in a
 * location alone would drop all those of outer levels.
 */
export function sendToUpstream(
  stack: Stack,
  locations: readonly NginxLocation[],
  header: string,
): readonly Edit[] | undefined {
  return allEdits(
    locations.map(location => {
      const level = listLevel(location.scope, "proxy_set_header");
      const list = level ? ownDirectives(stack, level, "proxy_set_header") : [];
      const anchor = list.at(-1) ?? (level && level !== location.scope ? undefined : passOf(location));
      const source = anchor && nginxSource(stack, anchor.at);
      return source && addAfter(source, anchor, [`proxy_set_header ${header};`]);
    }),
  );
}

/** The level whose directives of a kind are in force at a place; undefined when there are none anywhere. */
export function listLevel(scope: NginxScope, name: string): NginxScope | undefined {
  return levelsOf(scope).find(level => directivesNamed(level, name).length > 0);
}

/** The directives of a level that are written in it, and not in a file that it includes. */
export function ownDirectives(stack: Stack, scope: NginxScope, name: string): readonly NginxDirective[] {
  return directivesNamed(scope, name).filter(directive => {
    const source = sourceOf(stack, directive.at.file);
    if (!source || !isVerbatim(source, directive)) return false;
    if (!scope.at) return true;
    const { file, span } = scope.at;
    return (
      directive.at.file === file && directive.at.span.start >= span.start && directive.at.span.end <= span.end
    );
  });
}

/** The `proxy_pass` of a location, where it is written in the location itself. */
export function passOf(location: NginxLocation): NginxDirective | undefined {
  return location.directives.find(
    ({ name, at }) =>
      /_pass$/.test(name.value) &&
      at.file === location.at.file &&
      at.span.start >= location.at.span.start &&
      at.span.end <= location.at.span.end,
  );
}

/** The block of the tree that a scope, server or location was read from. */
export function blockAt(tree: readonly NginxDirective[], at: Location): NginxDirective | undefined {
  for (const directive of tree) {
    if (directive.block && directive.at === at) return directive;
    const inner = directive.block && blockAt(directive.block, at);
    if (inner) return inner;
  }
  return undefined;
}

import type { CopyCall } from "../artifacts/commands.ts";
import type { Edit } from "../core/fix.ts";
import { inside, join } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import { locate } from "../core/source.ts";
import type { ComposeProject, PlacedCall, Stack } from "../stack/stack.ts";

/**
 * Has every release that sends a project's Compose file by its name send a new folder beside it, too: what the server
 * does not have, Docker mounts as an empty directory. No edits where the whole directory is sent, or fetched with git.
 * Undefined where such a release cannot be changed in its place.
 */
export function sendAlong(
  stack: Stack,
  project: ComposeProject,
  folder: string,
): readonly Edit[] | undefined {
  if (isFetchedAlone(stack, project)) return undefined;
  const edits: Edit[] = [];
  const seen = new Set<string>();
  for (const placed of stack.calls) {
    const { call } = placed;
    if (call.kind !== "remote-copy" || call.direction === "download" || call.direction === "local") continue;
    const paths = call.sources.map(({ value }) => (value === undefined ? "" : join(call.cwd ?? "", value)));
    // A folder around it, or a pattern: the new one goes along.
    if (paths.some(path => inside(path, project.directory) !== undefined || /[*?]/.test(path))) continue;
    const index = paths.findIndex(path => project.files.includes(path));
    if (index === -1) continue;
    const edit = addSource(stack, placed, call, index, folder);
    if (!edit) return undefined;
    const place = `${edit.at.file}:${edit.at.span.start}`;
    if (!seen.has(place)) edits.push(edit);
    seen.add(place);
  }
  return edits;
}

/** `curl https://raw.githubusercontent.com/.../compose.yml`: the server has this file, and nothing that lies beside it. */
function isFetchedAlone(stack: Stack, project: ComposeProject): boolean {
  const names = project.files.map(file => file.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const raw = new RegExp(`(?:raw\\.githubusercontent\\.com/|/raw/)\\S*/(?:${names.join("|")})(?![\\w.-])`);
  return [...stack.sources].some(
    ([path, { text }]) =>
      ["workflow", "script", "makefile"].includes(stack.kinds.get(path) ?? "") && raw.test(text),
  );
}

function addSource(
  stack: Stack,
  { caller }: PlacedCall,
  call: CopyCall,
  index: number,
  folder: string,
): Edit | undefined {
  const { value, at } = call.sources[index]!;
  const text = sourceOf(stack, at.file)?.text;
  const written = text?.slice(at.span.start, at.span.end);
  if (!text || !written || value === undefined || /[\r\n]/.test(written)) return undefined;
  const more = `${value.slice(0, value.lastIndexOf("/") + 1)}${folder}`;
  const quote = /^["']/.exec(written)?.[0] ?? "";
  if (quote !== "" && !written.endsWith(quote)) return undefined;
  const end = at.span.end - quote.length;
  const place = locate(sourceOf(stack, at.file)!, end, end);
  // An action: its input is a list with commas.
  if (caller.workflow && call.name !== "scp" && call.name !== "rsync") {
    // Cut off by a number of folders, it would land elsewhere.
    return /strip_components/.test(text) ? undefined : { at: place, text: `,${more}` };
  }
  // A program sends a folder when it is told to.
  const flags = call.flags.map(flag => flag.name);
  const isDeep = flags.some(flag => /^-[a-zA-Z]*[ra]|^--(?:recursive|archive)$/.test(flag));
  return isDeep && quote === "" ? { at: place, text: ` ${more}` } : undefined;
}

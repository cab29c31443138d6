import type { ComposeCall } from "../artifacts/commands.ts";
import { isOutside, join } from "../core/path.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import type { ComposeUse } from "./project-plan.ts";
import type { PlacedCall } from "./stack.ts";

/** `compose -f base/compose.yml -f $FOLDER/compose.yml`: every folder that has such a file is laid over the base. */
export function spreadUses(
  call: ComposeCall,
  { deploys }: PlacedCall,
  by: string,
  files: ProjectFiles,
): ComposeUse[] {
  const texts = call.files.map(({ value, word }) => value ?? word.text);
  const open = texts.filter(text => text.includes("$"));
  const [, above = "", rest] =
    /^([^$]*\/)?(?:\$\*|\$\$?\w+|\$\{\w+\}|\$\(\w+\))\/([^$]+)$/.exec(open[0] ?? "") ?? [];
  if (open.length !== 1 || rest === undefined || call.remote) return [];
  const base = call.cwd !== undefined && !isOutside(call.cwd) && !call.cwd.startsWith("~") ? call.cwd : "";
  const made = files
    .list(join(base, above))
    .toSorted()
    .map(name => join(join(above, name), rest));
  const lists = made.map(path => texts.map(text => join(base, text === open[0] ? path : text)));
  const whole = lists.filter(
    list => new Set(list).size === list.length && list.every(path => files.has(path) === "file"),
  );
  const shared = { named: true, deploys, at: call.at, by };
  return whole.length > 1 && texts.length > 1 ? whole.map(list => ({ files: list, ...shared })) : [];
}

import type { Edit, Fix } from "../core/fix.ts";
import { inside } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Location } from "../core/source.ts";
import { itemsOf } from "../formats/yaml.ts";
import { removeItems } from "../formats/yaml-list-edit.ts";
import { listNames } from "../stack/query.ts";
import type { Mount, Service, Stack } from "../stack/stack.ts";
import { ownPair } from "./service-edit.ts";

/** A mount that hides what the image of its service holds. */
export interface HidingMount {
  readonly service: Service;
  readonly mount: Mount;
}

/** Takes the mounts out, and with each the anonymous volumes that kept parts of the image visible below it. */
export function withoutMounts(stack: Stack, hidden: readonly HidingMount[]): Fix | undefined {
  const edits: Edit[] = [];
  for (const service of new Set(hidden.map(each => each.service))) {
    const targets = hidden.filter(each => each.service === service).map(each => each.mount.target);
    const pair = ownPair(stack, service, "volumes");
    const source = pair && sourceOf(stack, pair.at.file);
    const gone = service.mounts.filter(
      ({ type, source: from, target }) =>
        targets.includes(target) ||
        (type === "volume" && from === undefined && targets.some(each => inside(each, target) !== undefined)),
    );
    const items = itemsOf(pair?.value).filter(item => gone.some(mount => isAt(mount.at, item.at)));
    const removed = source && items.length === gone.length ? removeItems(source, pair, items) : undefined;
    if (!removed) return undefined;
    edits.push(...removed);
  }
  const targets = listNames([...new Set(hidden.map(each => each.mount.target))]).replaceAll('"', "");
  return {
    title: "Run what the image holds",
    grade: "needs-testing",
    edits,
    test: `Build and start it without the mounts. Whatever the program writes below ${targets} (uploads, a SQLite file, logs) needs a volume of its own first, or it is gone with the container.`,
  };
}

function isAt(one: Location, other: Location): boolean {
  return one.file === other.file && one.span.start === other.span.start;
}

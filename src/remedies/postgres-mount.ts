import type { Fix } from "../core/fix.ts";
import { sourceOf } from "../core/project-files.ts";
import { locate } from "../core/source.ts";
import type { Mount, Service, Stack } from "../stack/stack.ts";

const former = /\/var\/lib\/postgresql\/data\/?(?=$|["':,\s}])/g;

/**
 * Mounts the volume of PostgreSQL 18 where its image wants it, one directory higher. Undefined where something is
 * mounted there already, and where the path does not stand once in the mount.
 */
export function mountHigher(stack: Stack, service: Service, mount: Mount): Fix | undefined {
  const source = sourceOf(stack, mount.at.file);
  const written = source?.text.slice(mount.at.span.start, mount.at.span.end) ?? "";
  const found = [...written.matchAll(former)];
  const taken = service.mounts.some(other => /^\/var\/lib\/postgresql\/?$/.test(other.target));
  if (!source || found.length !== 1 || taken) return undefined;
  const start = mount.at.span.start + found[0]!.index;
  return {
    title: `Mount the volume of ${service.name} at /var/lib/postgresql`,
    grade: "big-change",
    // Nobody asks for a backup of a store that does not start.
    reveals: ["data/backup-present", "data/backup-offsite", "data/backup-schedule", "data/restore-present"],
    edits: [{ at: locate(source, start, start + found[0]![0].length), text: "/var/lib/postgresql" }],
    test: `Start ${service.name} on a copy of its volume: 18 keeps its data in 18/docker there, and makes a new database when that is empty.`,
    afterwards: `Data that an older version has written stays in the volume of ${service.name} and is not read: dump it with the image of that version before, and restore it into the new one.`,
  };
}

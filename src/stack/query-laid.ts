import { filesNamed } from "../artifacts/project-files.ts";
import { basename, dirname } from "../core/path.ts";
import type { Mount, Stack } from "./stack.ts";

/** Questions about files that lie on the server where the repository has none. */

/** A script that copies the Compose file to a server names another file of that name: it lays both in one directory. */
export function isLaidBeside(stack: Stack, { repositoryPath, sourceAt }: Mount): boolean {
  const alike = filesNamed(stack.files, basename(repositoryPath!)).filter(path => path !== repositoryPath);
  return (
    alike.length > 0 &&
    [...stack.sources.values()].some(
      ({ path, text }) =>
        /\.(?:sh|bash)$|^\.github\/workflows\//.test(path) &&
        /\b(?:scp|rsync)\b/.test(text) &&
        text.includes(basename(sourceAt.file)) &&
        alike.some(other => text.includes(other)),
    )
  );
}

/**
 * A Compose file for a directory in which all lies flat: of what it mounts from beside itself, another project mounts a
 * file of that very name, in the same place, from where the repository has it.
 */
export function isLaidFlat(stack: Stack, { repositoryPath, sourceAt }: Mount): boolean {
  const { file } = sourceAt;
  if (dirname(repositoryPath!) !== dirname(file)) return false;
  const mounts = stack.services.flatMap(service => service.mounts);
  return mounts.some(
    flat =>
      flat.sourceAt.file === file &&
      flat.exists === "absent" &&
      flat.repositoryPath !== undefined &&
      dirname(flat.repositoryPath) === dirname(file) &&
      mounts.some(
        other =>
          other.sourceAt.file !== file &&
          other.exists === "file" &&
          other.target === flat.target &&
          basename(other.repositoryPath ?? "") === basename(flat.repositoryPath!),
      ),
  );
}

import type { Edit, Fix } from "../core/fix.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Location, Source } from "../core/source.ts";
import type { Installed, RemovedImport } from "../stack/query-removed-imports.ts";
import type { Stack } from "../stack/stack.ts";

/** A release that installs with every Python from 3.8 to 3.13. It asks for pydantic 2.7 or later. */
const requirement = "pydantic-settings==2.6.1";

/**
 * Takes `BaseSettings` from the package that has it since pydantic 2, and adds that package to the requirements.
 * Undefined where a lock file or an exact version decides what is installed, and where the import is not on one line.
 */
export function moveBaseSettings(
  stack: Pick<Stack, "files" | "sources">,
  imports: readonly RemovedImport[],
  installed: Installed,
): Fix | undefined {
  if (installed.exact || !/\.(?:txt|in)$/.test(installed.at.file)) return undefined;
  const edits = imports.flatMap(each => movedImport(stack, each.at) ?? []);
  const added = addedRequirement(stack, installed.at);
  if (edits.length < imports.length || edits.length === 0 || !added) return undefined;
  return {
    title: "Take BaseSettings from pydantic-settings",
    grade: "needs-testing",
    edits: [...edits, ...added],
    test: "Build the image and start it: settings that are optional and have no default are required now, and a name in an env file that the class does not have is refused.",
  };
}

/** `from pydantic import BaseSettings, Field` becomes two lines. */
function movedImport(stack: Pick<Stack, "files" | "sources">, at: Location): Edit | undefined {
  const source = sourceOf(stack, at.file);
  const found =
    source && /^from pydantic import ([\w ,]+)$/.exec(source.text.slice(at.span.start, at.span.end));
  if (!found) return undefined;
  const names = found[1]!
    .split(",")
    .map(name => name.trim())
    .filter(Boolean);
  const moved = names.filter(name => /^BaseSettings(\s+as\s+\w+)?$/.test(name));
  const kept = names.filter(name => !moved.includes(name));
  const lines = [
    ...(kept.length > 0 ? [`from pydantic import ${kept.join(", ")}`] : []),
    `from pydantic_settings import ${moved.join(", ")}`,
  ];
  return { at, text: lines.join(eolOf(source)) };
}

/** A line behind the requirement that brings pydantic; nothing where the package is asked for already. */
function addedRequirement(stack: Pick<Stack, "files" | "sources">, at: Location): Edit[] | undefined {
  const source = sourceOf(stack, at.file);
  // With hashes, every requirement needs one.
  if (!source || /--hash=/.test(source.text)) return undefined;
  if (/^pydantic[-_.]settings\b/im.test(source.text)) return [];
  const end = /[\r\n]|$/.exec(source.text.slice(at.span.end))!.index + at.span.end;
  const text = eolOf(source) + requirement;
  return [{ at: { file: at.file, span: { start: end, end } }, text }];
}

function eolOf({ text }: Source): string {
  return text.includes("\r\n") ? "\r\n" : "\n";
}

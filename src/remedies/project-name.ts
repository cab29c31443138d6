import type { Edit, Fix } from "../core/fix.ts";
import { basename } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import { entriesOf } from "../formats/yaml.ts";
import { lineStartOf, rootOf } from "../formats/yaml-edit.ts";
import { listNames } from "../stack/query.ts";
import type { ComposeProject, Stack } from "../stack/stack.ts";

/**
 * Gives the files that are not deployed a project name of their own: what runs in production keeps its name, its
 * containers and its volumes. Undefined where something names the containers or volumes of the shared name, and where
 * a file has a name already.
 */
export function ownProjectNames(
  stack: Stack,
  deployed: ComposeProject,
  others: readonly ComposeProject[],
): Fix | undefined {
  if (isNamed(stack, deployed.name)) return undefined;
  const edits = others.map(other => nameEdit(stack, other, `${deployed.name}-${purposeOf(other)}`));
  if (!edits.every(edit => edit !== undefined)) return undefined;
  const files = listNames(others.map(other => other.files[0]!)).replaceAll('"', "");
  return {
    title: `Give ${files} a project name of ${others.length === 1 ? "its" : "their"} own`,
    grade: "big-change",
    edits,
    test: "Start the development stack: it begins with new, empty volumes, and production keeps running beside it.",
    afterwards: `Copy what the development stack needs out of the volumes of "${deployed.name}" before anything there is removed.`,
  };
}

/** What the file is for, as its name says: `compose.dev.yml`. */
function purposeOf({ files }: ComposeProject): string {
  const said = /^(?:docker-)?compose[.-]?(.*?)\.ya?ml$/.exec(basename(files[0]!))?.[1] ?? "";
  return (
    said
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-|-$/g, "") || "development"
  );
}

/** A container, network or volume of the project is called by its whole name somewhere. */
function isNamed(stack: Stack, name: string): boolean {
  const whole = new RegExp(`(?<![\\w-])${name.replace(/[^\w-]/g, "\\$&")}[_-]\\w`);
  return [...stack.sources].some(
    ([path, { text }]) =>
      ["compose", "script", "workflow", "makefile"].includes(stack.kinds.get(path) ?? "") && whole.test(text),
  );
}

/** A line above the first key, behind a `version:`. */
function nameEdit(stack: Stack, { files }: ComposeProject, name: string): Edit | undefined {
  const source = sourceOf(stack, files[0]!);
  const root = source && rootOf(source);
  if (!source || root?.kind !== "map" || root.flow) return undefined;
  const keys = entriesOf(root);
  const first = keys.find(entry => entry.key.value !== "version");
  if (!first || keys.some(entry => entry.key.value === "name")) return undefined;
  const start = lineStartOf(source, first.key.at.span.start);
  if (first.key.at.span.start !== start) return undefined;
  const eol = source.text.includes("\r\n") ? "\r\n" : "\n";
  const isApart = start === 0 || /\n\r?\n$/.test(source.text.slice(0, start));
  return {
    at: { file: source.path, span: { start, end: start } },
    text: `name: ${name}${eol}${isApart ? eol : ""}`,
  };
}

import { isBelow, isTest, isVendored } from "../artifacts/project-files.ts";
import type { Edit, Fix } from "../core/fix.ts";
import { basename, dirname, join } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import { locate, type Source } from "../core/source.ts";
import type { Shipped } from "../stack/query-dev-packages.ts";
import { pythonAt } from "../stack/query-runtime.ts";
import type { Stack } from "../stack/stack.ts";

/** Packages whose module has another name. */
const modules: Readonly<Record<string, string>> = {
  "django-debug-toolbar": "debug_toolbar",
  "factory-boy": "factory",
};

/** Python that developers run by hand, and settings of their tools. */
const beside =
  /(?:^|\/)(?:docs?|scripts?|tools?|benchmarks?)\/|\.config\.py$|(?:^|\/)(?:noxfile|tasks|setup)\.py$/;

/**
 * Moves the tools of developers out of a requirements file into one of their own, which includes it, and lets the
 * pipelines that install the first install the second. Undefined where code or a container uses one of the tools, and
 * where a file for them is there that does not include the first.
 */
export function splitRequirements(stack: Stack, { manifest, names }: Shipped): Fix | undefined {
  const source = sourceOf(stack, manifest);
  const declared = pythonAt(stack, manifest)?.dependencies.filter(each => names.includes(each.name));
  if (!source || !declared || /--hash=|\\\r?\n/.test(source.text) || !/requirements\.txt$/.test(manifest))
    return undefined;
  if (isIncluded(stack, manifest) || names.some(name => isUsed(stack, dirname(manifest), name)))
    return undefined;
  const { removed, edits } = cut(source, new Set(declared.map(each => each.at.span.start)));
  const added = developmentFile(stack, manifest, removed, source.text.includes("\r\n") ? "\r\n" : "\n");
  const pipelines = added && installers(stack, manifest, basename(added.at.file));
  if (!pipelines) return undefined;
  return {
    title: `Keep the tools of developers in ${added.at.file}`,
    grade: "big-change",
    edits: [...edits, added, ...pipelines],
    test: `Install ${added.at.file} on a workstation and run the tests there; build the image and start it.`,
  };
}

/** Lines that start at one of the places go, with the comment above them when nothing of its paragraph stays. */
function cut({ path, text, ...rest }: Source, starts: ReadonlySet<number>) {
  const source = { path, text, ...rest } as Source;
  const lines: { start: number; end: number; kind: "blank" | "comment" | "gone" | "kept" }[] = [];
  for (const { 0: line, index } of text.matchAll(/[^\n]*\n|[^\n]+$/g)) {
    const first = index + line.length - line.replace(/^[\ufeff \t]+/, "").length;
    const kind =
      line.trim() === ""
        ? "blank"
        : line.trim().startsWith("#")
          ? "comment"
          : starts.has(first)
            ? "gone"
            : "kept";
    lines.push({ start: index, end: index + line.length, kind });
  }
  const removed: string[] = [];
  const edits: Edit[] = [];
  // A blank line on either side of what goes: one is enough.
  let before = "blank";
  let isBehind = false;
  for (const [index, line] of lines.entries()) {
    if (line.kind === "blank" && isBehind && before === "blank") {
      edits.push({ at: locate(source, line.start, line.end), text: "" });
      continue;
    }
    const goes = line.kind === "gone" || (line.kind === "comment" && isOnlyFor(lines.slice(index)));
    isBehind = goes;
    if (!goes) {
      before = line.kind;
      continue;
    }
    removed.push(text.slice(line.start, line.end).replace(/\r?\n$/, ""));
    edits.push({ at: locate(source, line.start, line.end), text: "" });
  }
  // Nor does one stay at the end of the file.
  const kept = lines.findLastIndex(line => !edits.some(edit => edit.at.span.start === line.start));
  if (removed.length > 0 && kept > 0 && kept < lines.length - 1 && lines[kept]!.kind === "blank")
    edits.push({ at: locate(source, lines[kept]!.start, lines[kept]!.end), text: "" });
  return { removed, edits };
}

/** After this comment come lines that go, and then a paragraph ends. */
function isOnlyFor(lines: readonly { readonly kind: string }[]): boolean {
  const rest = lines.slice(lines.findIndex(each => each.kind !== "comment"));
  const end = rest.findIndex(each => each.kind !== "gone");
  const next = end === -1 ? "blank" : rest[end]!.kind;
  return rest[0]?.kind === "gone" && end !== 0 && next !== "kept";
}

/** The file for developers, with what was taken out of the first. */
function developmentFile(
  stack: Stack,
  manifest: string,
  lines: readonly string[],
  eol: string,
): Edit | undefined {
  const path = join(dirname(manifest), "requirements-dev.txt");
  const body = lines.map(line => line + eol).join("");
  const include = `-r ${basename(manifest)}`;
  if (stack.files.has(path) === undefined)
    return { at: { file: path, span: { start: 0, end: 0 } }, text: include + eol + body };
  const there = sourceOf(stack, path);
  if (!there?.text.split(/\r?\n/).includes(include) || !there.text.endsWith("\n")) return undefined;
  const end = there.text.length;
  return { at: { file: path, span: { start: end, end } }, text: body };
}

/** Another requirements file builds on this one, and may count on the tools. */
function isIncluded(stack: Stack, manifest: string): boolean {
  return stack.files.paths.some(
    path =>
      path !== manifest &&
      /requirements[\w.-]*\.(?:txt|in)$/.test(path) &&
      basename(path) !== "requirements-dev.txt" &&
      pythonAt(stack, path)?.includes.some(each => join(dirname(path), each.value) === manifest),
  );
}

/** Code that the program loads, a container's command or an image's build uses the tool. */
function isUsed(stack: Stack, dir: string, name: string): boolean {
  const module = modules[name] ?? name.replaceAll("-", "_");
  const loads = new RegExp(`^[ \\t]*(?:from|import)\\s+${module}\\b|["']${module}["'.]`, "m");
  const command = new RegExp(`(?<![\\w/.-])${name}(?![\\w.-])`);
  const mentions = (path: string): boolean => sourceOf(stack, path)?.text.includes(module) === true;
  const runs = stack.builds.flatMap(build => build.dockerfile?.stages.flatMap(stage => stage.runs) ?? []);
  if (runs.some(run => command.test(run.fragment.text))) return true;
  if (stack.services.some(each => each.command?.words.some(word => command.test(word.value ?? ""))))
    return true;
  return stack.files.paths.some(
    path =>
      path.endsWith(".py") &&
      isBelow(dir, path) &&
      !isVendored(path) &&
      !isTest(path) &&
      !beside.test(path) &&
      mentions(path) &&
      loads.test(sourceOf(stack, path)!.text),
  );
}

/** Pipelines that install the file install the other; undefined when one of them cannot be changed. */
function installers(stack: Stack, manifest: string, wanted: string): Edit[] | undefined {
  const edits: Edit[] = [];
  for (const { call, caller, deploys } of stack.calls) {
    if (caller.kind !== "workflow" || deploys || call.cwd === undefined) continue;
    for (const { value, at } of call.args) {
      if (value === undefined || basename(value) !== basename(manifest) || join(call.cwd, value) !== manifest)
        continue;
      const source = sourceOf(stack, at.file);
      const written = source?.text.slice(at.span.start, at.span.end);
      const offset = written?.lastIndexOf(basename(manifest)) ?? -1;
      if (!source || offset === -1) return undefined;
      const start = at.span.start + offset;
      edits.push({ at: locate(source, start, start + basename(manifest).length), text: wanted });
    }
  }
  return edits;
}

import { isTest, isVendored } from "../artifacts/project-files.ts";
import type { Edit, Fix } from "../core/fix.ts";
import { locate, type Source } from "../core/source.ts";
import type { Stack } from "../stack/stack.ts";

/**
 * Takes apps and middleware out of settings that no service uses, because the application has given their package up:
 * no requirement brings it, and no other file of code or pages speaks of it. Undefined where one does, or where an
 * entry does not stand on a line of its own.
 */
export function withoutGivenUp(stack: Stack, file: string, modules: readonly string[]): Fix | undefined {
  const roots = [...new Set(modules.map(each => each.split(".")[0]!))];
  const read = stack.files.read(file);
  if (!("source" in read) || roots.some(root => speaksOf(stack, root, file))) return undefined;
  const edits: Edit[] = [];
  for (const root of roots) {
    const own = entriesOf(read.source, root);
    if (!own) return undefined;
    edits.push(...own);
  }
  return {
    title: `Take ${roots.join(", ")} out of ${file}`,
    grade: "needs-testing",
    edits,
    test: `Start the application with these settings: \`python manage.py check\` with DJANGO_SETTINGS_MODULE naming ${file}.`,
  };
}

/** Prose and what is kept for the record do not count. */
const aside = /(?:^|\/)(?:docs?|deprecated|archived?|legacy|old)\//;

function speaksOf({ files }: Stack, root: string, but: string): boolean {
  const word = new RegExp(`\\b${root}\\b`);
  return files.paths.some(path => {
    if (path === but || !/\.(?:py|html?|jinja2?|j2)$/.test(path)) return false;
    if (aside.test(path) || isVendored(path) || isTest(path)) return false;
    const read = files.read(path);
    return !("source" in read) || word.test(read.source.text);
  });
}

function entriesOf(source: Source, root: string): Edit[] | undefined {
  const { text } = source;
  const lines = [
    ...text.matchAll(new RegExp(`^[ \\t]*(["'])${root}(?:\\.[\\w.]+)?\\1,[ \\t]*\\r?\\n`, "gm")),
  ];
  const named = [...text.matchAll(new RegExp(`\\b${root}\\b`, "g"))].length;
  if (lines.length === 0 || lines.length !== named) return undefined;
  return lines.map(line => ({ at: locate(source, line.index, line.index + line[0].length), text: "" }));
}

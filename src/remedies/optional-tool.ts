import { isBelow, isTest, isVendored } from "../artifacts/project-files.ts";
import { toolModules } from "../artifacts/python-tools.ts";
import type { Edit, Fix } from "../core/fix.ts";
import { sourceOf } from "../core/project-files.ts";
import { locate, type Source } from "../core/source.ts";
import { importName } from "../formats/python-edit.ts";
import type { SettingsInForce } from "../stack/query-settings.ts";
import type { Stack } from "../stack/stack.ts";

/**
 * Lets Django load a developers' tool only where its package is installed: its entries in the settings' lists and in
 * the URLs ask first. Undefined where the tool stands anywhere else, or the code imports it unconditionally.
 */
export function onlyWhereInstalled(stack: Stack, here: SettingsInForce, app: string): Fix | undefined {
  const module = app.split(".")[0]!;
  if (!toolModules.has(module)) return undefined;
  const dir = here.service.component?.dir ?? "";
  const word = new RegExp(`\\b${module}\\b`);
  const sources = stack.files.paths
    .filter(path => path.endsWith(".py") && isBelow(dir, path) && !isVendored(path) && !isTest(path))
    .flatMap(path => sourceOf(stack, path) ?? [])
    .filter(({ text }) => word.test(text));
  const edits: Edit[] = [];
  for (const source of sources) {
    const own = entriesIn(source, module, here.settings.files.includes(source.path));
    if (!own) return undefined;
    edits.push(...own);
  }
  if (edits.length === 0) return undefined;
  return {
    title: `Load ${module} only where its package is installed`,
    grade: "needs-testing",
    edits,
    test: "Start the image and sign in; on a workstation with the development packages, see that the tool is still there.",
  };
}

function entriesIn(source: Source, module: string, isSettings: boolean): Edit[] | undefined {
  const { text } = source;
  if (new RegExp(`^(?:from|import) ${module}\\b`, "m").test(text)) return undefined;
  const entry = isSettings
    ? `["']${module}(?:\\.[\\w.]+)?["']`
    : `(?:path|re_path|url)\\([^()\\n]*include\\(["']${module}\\.urls["']\\)\\s*\\)`;
  const lines = [...text.matchAll(new RegExp(`^[ \\t]+(${entry}),?(?=[ \\t]*(?:#[^\\n]*)?\\r?$)`, "gm"))];
  const named = [...text.matchAll(new RegExp(`["']${module}(?:\\.[\\w.]+)?["']`, "g"))].length;
  if (lines.length !== named) return undefined;
  if (lines.length === 0) return [];
  const imports = importName(source, "importlib.util", "find_spec");
  if (!imports) return undefined;
  const changes = lines.map((line): Edit => {
    const start = line.index + line[0].indexOf(line[1]!);
    return {
      at: locate(source, start, start + line[1]!.length),
      text: `*([${line[1]}] if find_spec("${module}") else [])`,
    };
  });
  return [...imports, ...changes];
}

import { join } from "../core/path.ts";
import type { AppComponent } from "../stack/app/detect.ts";
import { absentImports } from "../stack/query-absent-imports.ts";
import { oldTailwindPlugin } from "../stack/query-tailwind.ts";
import type { Stack } from "../stack/stack.ts";

const bundlers = /\b(?:vite|next|react-scripts|craco)\s+build\b/;

/**
 * Why no Dockerfile can build these pages: a cause in the application's own files, as the end of a sentence. Files that
 * are here and that git ignores are no such cause: the audit tells of them, and a fix lets git take them.
 */
export function unbuildable(stack: Stack, component: AppComponent): string | undefined {
  const manifest = component.package;
  const script = manifest?.scripts.get("build")?.value ?? "";
  if (!manifest || !["next", "vite", "cra"].includes(component.kind) || !bundlers.test(script))
    return undefined;
  const [first, ...more] = absentImports(stack, component).filter(each => each.because !== "ignored");
  if (first) {
    const others =
      more.length === 0
        ? ""
        : `, and ${more.length} more ${more.length === 1 ? "import" : "imports"} like it`;
    const what = first.because === "package" ? "which nothing installs" : "which is not in the repository";
    return `${first.at.file} imports "${first.module}", ${what}${others}`;
  }
  const tailwind = /\b(?:vite|next)\s+build\b/.test(script) ? oldTailwindPlugin(stack, manifest) : undefined;
  return (
    tailwind &&
    `${tailwind.plugin.file} names tailwindcss as a plug-in, which version ${tailwind.tailwind.range} is not (shipworthy explain build/tailwind-plugin)`
  );
}

/**
 * A package of the repository that is installed from a folder above or beside the application's own: the folder alone
 * is no context that it can be built from. Members of a workspace are none: they are brought along.
 */
export function installedFromAbove({ files, dir, manifest, package: own }: AppComponent): string | undefined {
  const named = own?.dependencies.find(({ range }) => /^(?:file|link|portal):(?:\.\/)?\.\.\//.test(range));
  if (named) return named.range.replace(/^\w+:/, "");
  if (own) return undefined;
  const path =
    /\bpath\s*=\s*["'](\.\.\/[^"'\n]+)["']|^(?:(?:-e|--editable)[ \t]+)?(\.\.\/[\w./-]+)[ \t]*(?:#|$)|\bfile:(\.\.\/[^"'\s]+)/m;
  for (const name of new Set([manifest, join(dir, "pyproject.toml")])) {
    const text = (files.read(name)?.text ?? "").replace(/^[ \t]*#[^\n]*/gm, "");
    const isToml = name.endsWith(".toml");
    const parts = isToml ? sourcesOf(text) : text;
    const found = path.exec(parts);
    if (found) return found[1] ?? found[2] ?? found[3];
  }
  return undefined;
}

/** The tables of a pyproject.toml that say where packages come from. */
function sourcesOf(text: string): string {
  return text
    .split(/^(?=\[)/m)
    .filter(table =>
      /^\[(?:tool\.uv\.sources|tool\.poetry\.(?:group\.\w+\.)?dependencies|project)/.test(table),
    )
    .join("\n");
}

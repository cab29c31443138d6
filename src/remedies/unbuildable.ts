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

import { dependsOn, type PackageDependency, type PackageManifest } from "../artifacts/package-manifest.ts";
import { dirname, join } from "../core/path.ts";
import { type Location, locate } from "../core/source.ts";
import type { Stack } from "./stack.ts";

/** Where PostCSS is given the package tailwindcss itself, and a package.json that asks for a version which is no plug-in. */
export function oldTailwindPlugin(
  stack: Stack,
  manifest: PackageManifest,
): { readonly plugin: Location; readonly tailwind: PackageDependency } | undefined {
  const tailwind = dependsOn(manifest, "tailwindcss");
  if (!tailwind || !isFourOrLater(tailwind.range)) return undefined;
  const plugin = pluginIn(stack, dirname(manifest.file));
  return plugin && { plugin, tailwind };
}

function isFourOrLater(range: string): boolean {
  return /^(?:\^|~|>=|=)?\s*v?(?:[4-9]|\d\d)(?:\.|$)[^|]*$/.test(range);
}

/** Where the configuration names the package itself; `@tailwindcss/postcss` is the plug-in. */
function pluginIn(stack: Stack, dir: string): Location | undefined {
  const named =
    /^[ \t]*(?:plugins:\s*[{[]\s*)?(?:["']tailwindcss["']|tailwindcss)\s*:|\brequire\(\s*["']tailwindcss["']\s*\)|^import\s+\w+\s+from\s+["']tailwindcss["']|["']tailwindcss["'](?<=\[\s*["']tailwindcss["'])(?=\s*[,\]])/m;
  const names = ["js", "cjs", "mjs", "ts"].map(ending => join(dir, `postcss.config.${ending}`));
  const path = names.find(each => stack.files.has(each) === "file");
  const read = path === undefined ? undefined : stack.files.read(path);
  if (!read || !("source" in read)) return undefined;
  const { source } = read;
  const code = source.text.replace(/\/\/[^\n]*|\/\*[\s\S]*?\*\//g, comment => " ".repeat(comment.length));
  const found = named.exec(code);
  const start = found ? found.index + found[0].search(/require|import|["']?tailwindcss/) : 0;
  return found ? locate(source, start, found.index + found[0].trimEnd().length) : undefined;
}

import { dependsOn, type PackageManifest } from "../../artifacts/package-manifest.ts";
import { dirname, join } from "../../core/path.ts";
import { type Location, locate } from "../../core/source.ts";
import type { ImageModel } from "../../stack/image/image.ts";
import { runCommands } from "../../stack/image/run-commands.ts";
import { evidence } from "../../stack/query.ts";
import { groupBuilds, weighBuilds } from "../../stack/query-build.ts";
import { packageAt } from "../../stack/query-runtime.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/tailwind-plugin",
  title: "The style sheets are built with the plug-in of their Tailwind",
  claim: "builds",
  severity: "critical",
  why: "From version 4 on the package tailwindcss refuses to be a plug-in of PostCSS, so the build ends with an error and there is no image.",
  *check(stack) {
    const modelled = stack.builds.filter(build => build.dockerfile && build.contextState === "present");
    const told = new Set<string>();
    for (const group of groupBuilds(modelled, build => `${build.dockerfilePath}\n${build.context}`)) {
      for (const stage of group.flatMap(build => build.model?.built ?? [])) {
        for (const { manifest, at } of bundles(stack, stage)) {
          const tailwind = dependsOn(manifest, "tailwindcss");
          const plugin = tailwind && pluginIn(stack, dirname(manifest.file));
          if (!plugin || told.has(plugin.file) || !isFourOrLater(tailwind.range)) continue;
          told.add(plugin.file);
          yield {
            subject: plugin.file,
            message: `${plugin.file} names tailwindcss as a plug-in, and ${manifest.file} asks for version ${tailwind.range}, which is none: \`${at.words}\` fails.`,
            evidence: [
              evidence(plugin, "no plug-in from version 4 on"),
              evidence(tailwind.at, `version ${tailwind.range}`),
              evidence(at.place, "builds the style sheets"),
            ],
            severity: weighBuilds(group, "critical"),
          };
        }
      }
    }
  },
});

/** Builds of bundles that a stage runs and that decide over it, with the package.json in force. */
function* bundles(stack: Stack, stage: ImageModel) {
  for (const run of stage.stage.runs) {
    const workdir = run.workdir?.startsWith("/") ? run.workdir : stage.workdir;
    for (const command of runCommands(run, workdir)) {
      const words = command.words.map(word => word.value);
      const name = words[1] === "run" ? words[2] : words[1];
      if (!/^(npm|yarn|pnpm|bun)$/.test(words[0] ?? "") || name === undefined || !/^build\b/.test(name))
        continue;
      if (command.conditional || !command.decisive || command.directory === undefined) continue;
      const { has, source } = stage.fileBefore(command.at, join(command.directory, "package.json"));
      const manifest = has === "yes" && source !== undefined ? packageAt(stack, source) : undefined;
      if (manifest && isBundler(manifest, name))
        yield { manifest, at: { place: command.at, words: words.join(" ") } };
    }
  }
}

/** Both load PostCSS's configuration for every style sheet. */
function isBundler(manifest: PackageManifest, name: string): boolean {
  return /\b(?:vite|next)\s+build\b/.test(manifest.scripts.get(name)?.value ?? "");
}

function isFourOrLater(range: string): boolean {
  return /^(?:\^|~|>=|=)?\s*v?(?:[4-9]|\d\d)(?:\.|$)[^|]*$/.test(range);
}

function componentAt(stack: Stack, dir: string) {
  return stack.components.find(each => each.dir === dir && each.package !== undefined);
}

/** Where the configuration names the package itself; `@tailwindcss/postcss` is the plug-in. */
function pluginIn(stack: Stack, dir: string): Location | undefined {
  const named =
    /^[ \t]*(?:plugins:\s*[{[]\s*)?(?:["']tailwindcss["']|tailwindcss)\s*:|\brequire\(\s*["']tailwindcss["']\s*\)|^import\s+\w+\s+from\s+["']tailwindcss["']|(?<=\[\s*)["']tailwindcss["'](?=\s*[,\]])/m;
  const names = ["js", "cjs", "mjs", "ts"].map(ending => join(dir, `postcss.config.${ending}`));
  const path = names.find(each => stack.files.has(each) === "file");
  // The component's reader puts the file among those that can be shown.
  const source = path === undefined ? undefined : componentAt(stack, dir)?.files.read(path);
  if (!source) return undefined;
  const code = source.text.replace(/\/\/[^\n]*|\/\*[\s\S]*?\*\//g, comment => " ".repeat(comment.length));
  const found = named.exec(code);
  const start = found ? found.index + found[0].search(/require|import|["']?tailwindcss/) : 0;
  return found ? locate(source, start, found.index + found[0].trimEnd().length) : undefined;
}

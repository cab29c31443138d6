import { evidence } from "../../stack/query.ts";
import { groupBuilds, weighBuilds } from "../../stack/query-build.ts";
import { bundleBuilds } from "../../stack/query-bundle-builds.ts";
import { oldTailwindPlugin } from "../../stack/query-tailwind.ts";
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
        for (const { manifest, script, words, at } of bundleBuilds(stack, stage)) {
          if (!isBundler(script)) continue;
          const found = oldTailwindPlugin(stack, manifest);
          if (!found || told.has(found.plugin.file)) continue;
          const { plugin, tailwind } = found;
          told.add(plugin.file);
          yield {
            subject: plugin.file,
            message: `${plugin.file} names tailwindcss as a plug-in, and ${manifest.file} asks for version ${tailwind.range}, which is none: \`${words}\` fails.`,
            evidence: [
              evidence(plugin, "no plug-in from version 4 on"),
              evidence(tailwind.at, `version ${tailwind.range}`),
              evidence(at, "builds the style sheets"),
            ],
            severity: weighBuilds(group, "critical"),
          };
        }
      }
    }
  },
});

/** Both load PostCSS's configuration for every style sheet. */
function isBundler(script: string): boolean {
  return /\b(?:vite|next)\s+build\b/.test(script);
}

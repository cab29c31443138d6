import type { Violation } from "../../core/finding.ts";
import { dirname, join } from "../../core/path.ts";
import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { lockedAt } from "../../stack/query-runtime.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

/** What a whole application is built on; small libraries often stay in beta for years. */
const frameworks = new Set(
  "next react react-dom vue nuxt svelte @sveltejs/kit @angular/core express fastify @nestjs/core vite astro typeorm prisma @prisma/client".split(
    " ",
  ),
);
const early = /\d-(canary|alpha|beta|rc|next|dev|experimental|nightly|insiders)\b/;

/** The lock file beside it has a release: the range only began with a pre-release. */
function isReleased(
  stack: Stack,
  manifest: string,
  { name, range }: { readonly name: string; readonly range: string },
): boolean {
  const read = stack.files.read(join(dirname(manifest), "yarn.lock"));
  const text = "source" in read ? read.source.text : "";
  const key = `${name}@${range}`.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const entry = new RegExp(`^"?(?:[^\\n]*[, "])?${key}[",:][^\\n]*\\n {2}version:? "?([\\w.+-]+)`, "m").exec(
    text,
  );
  const version = entry?.[1] ?? lockedAt(stack, manifest, { name, range })?.version;
  return version !== undefined && !early.test(version);
}

export default defineRule({
  id: "build/pre-release-dependency",
  title: "Production is built on released versions of its frameworks",
  claim: "builds-reproducibly",
  severity: "medium",
  why: "Pre-releases change between one another without notice, and security fixes go to releases.",
  *check(stack) {
    const found = new Map<string, Violation>();
    for (const service of serverServices(stack)) {
      const manifest = service.component?.package;
      if (!manifest) continue;
      const hits = manifest.dependencies.filter(
        each =>
          frameworks.has(each.name) &&
          each.group !== "peerDependencies" &&
          early.test(each.range) &&
          !isReleased(stack, manifest.file, each),
      );
      const [first, ...others] = hits;
      if (!first || found.has(manifest.file)) continue;
      const floats = /^[\^~]/.test(first.range);
      found.set(manifest.file, {
        subject: manifest.file,
        message: `Service "${service.name}" is built on ${first.name} ${first.range}, a pre-release${floats ? ", and the range also takes the next ones" : ""}.`,
        evidence: [
          evidence(first.at, "a pre-release"),
          ...others.map(each => evidence(each.at, "a pre-release")),
        ],
        severity: weigh(service, "medium"),
      });
    }
    yield* found.values();
  },
});

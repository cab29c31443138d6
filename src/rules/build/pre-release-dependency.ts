import type { Violation } from "../../core/finding.ts";
import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { defineRule } from "../rule.ts";

/** What a whole application is built on; small libraries often stay in beta for years. */
const frameworks = new Set(
  "next react react-dom vue nuxt svelte @sveltejs/kit @angular/core express fastify @nestjs/core vite astro typeorm prisma @prisma/client".split(
    " ",
  ),
);
const early = /\d-(canary|alpha|beta|rc|next|dev|experimental|nightly|insiders)\b/;

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
      if (!manifest || !stack.sources.has(manifest.file)) continue;
      const hits = manifest.dependencies.filter(
        each => frameworks.has(each.name) && each.group !== "peerDependencies" && early.test(each.range),
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

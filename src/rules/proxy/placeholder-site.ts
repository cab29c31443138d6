import { sourceOf } from "../../core/project-files.ts";
import type { Location } from "../../core/source.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { placeholderSites } from "../../stack/query-placeholder-sites.ts";
import { oncePerPlace } from "../../stack/query-process.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "proxy/placeholder-site",
  title: "The front door answers to the name of the site",
  claim: "boots-healthy",
  severity: "high",
  why: "Visitors of the real name get an error page of the proxy, and no certificate is issued for it: the name in the configuration belongs to somebody else.",
  *check(stack) {
    for (const project of stack.projects) {
      // Whoever ships examples means them to be changed.
      if (project.grade !== "deployed" || project.files.some(file => forOthers.test(file))) continue;
      const first = oncePerPlace();
      const sites = placeholderSites(stack, project).filter(
        ({ at }) => !forOthers.test(at.file) && first(at),
      );
      const [site, ...more] = sites;
      if (!site) continue;
      yield {
        subject: project.name,
        message: `The front door "${site.service.name}" of project "${project.name}" answers to ${site.name} only, which is a name for documents.`,
        evidence: [
          evidence(site.at, "a name that stands for the real one"),
          ...more.map(({ at }) => evidence(at, "a name that stands for the real one")),
        ],
        severity: weigh(
          project,
          project.because.at ? "high" : sites.every(each => asks(stack, each.at)) ? "low" : "medium",
        ),
        confidence: "likely",
      };
    }
  },
});

/** The comment behind it has whoever starts the stack put another name there. */
function asks(stack: Stack, { file, span }: Location): boolean {
  const text = sourceOf(stack, file)?.text.slice(span.end) ?? "";
  return /^[^\n#]*#[^\n]*\b(?:change|replace|your|edit)\b/i.test(text);
}

const forOthers = /(?:^|[/._-])(?:examples?|samples?|templates?|contrib|docs?|demos?)(?:[/._-]|$)/i;

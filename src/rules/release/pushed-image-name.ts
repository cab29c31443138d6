import { evidence, serverServices, weigh } from "../../stack/query.ts";
import type { Build, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "release/pushed-image-name",
  title: "The image that is pushed is the one that production runs",
  claim: "pipeline-gates",
  severity: "high",
  why: "Every release is built, tested and pushed under a name that nobody pulls: production goes on with an old image, or finds none.",
  *check(stack) {
    const seen = new Set<string>();
    for (const service of serverServices(stack)) {
      const wanted = lastPart(service.image?.raw);
      if (wanted === undefined || service.build || service.made || service.facts || seen.has(wanted))
        continue;
      const pushed = nearMiss(stack, service, wanted);
      if (!pushed) continue;
      seen.add(wanted);
      yield {
        subject: wanted,
        message: `"${service.name}" runs the image "${wanted}", and ${pushed.build.at.file} makes "${pushed.name}": nothing builds the one that is run.`,
        severity: weigh(service, "high"),
        confidence: "likely",
        evidence: [
          evidence(service.image!.at, "no build has this name"),
          evidence(pushed.build.at, `is called "${pushed.name}"`),
        ],
      };
    }
  },
});

/** The last part of a name, without a tag; undefined where a variable is in it. */
function lastPart(image: string | undefined): string | undefined {
  const name = image
    ?.replace(/@sha256:.*$/, "")
    .replace(/:(?:[^:/{}]*|[^/]*\{.*\}[^/]*)$/, "")
    .split("/")
    .at(-1);
  return name === undefined || name === "" || /[${}:]/.test(name) ? undefined : name;
}

/** A build whose name differs in signs and case alone; any build of the very name is no miss. */
function nearMiss(
  stack: Stack,
  service: Service,
  wanted: string,
): { build: Build; name: string } | undefined {
  // Docker's own images and those of others have no owner that a pipeline here could push for.
  if (!service.image?.raw.includes("/")) return undefined;
  const plain = (name: string) => name.toLowerCase().replace(/[-_.]/g, "");
  const named = stack.builds.flatMap(build =>
    build.caller.kind === "compose"
      ? []
      : build.tags.flatMap(tag => {
          const name = lastPart(tag);
          return name === undefined ? [] : [{ build, name }];
        }),
  );
  if (named.some(({ name }) => name === wanted)) return undefined;
  return named.find(({ name }) => plain(name) === plain(wanted));
}

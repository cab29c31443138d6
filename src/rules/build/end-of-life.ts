import type { Violation } from "../../core/finding.ts";
import type { Located } from "../../core/source.ts";
import { upgradeRuntime } from "../../remedies/base-upgrade.ts";
import { type EndOfLife, endOfLife, parseImageRef } from "../../stack/image/facts.ts";
import { evidence, gradeOf, publicPorts, serverServices, weigh } from "../../stack/query.ts";
import { archivedInstalls } from "../../stack/query-archived-packages.ts";
import { places } from "../../stack/query-build.ts";
import { gravest, type ImageUse, imageUses, isForPeople, useEvidence } from "../../stack/query-images.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

/** What answers requests: an old hole in it is open to everybody. */
const answering = new Set("node python php ruby dotnet golang".split(" "));
/** What holds the data: the same, where other machines reach it. */
const storing = new Set("postgres mysql mariadb mongo elasticsearch redis".split(" "));

export default defineRule({
  id: "build/end-of-life",
  title: "Every image is built on versions that still get security fixes",
  claim: "builds-reproducibly",
  severity: "medium",
  why: "Nobody repairs holes that are found after the end of support, and the image is no longer rebuilt when its system packages are.",
  *check(stack) {
    const ended = new Map<string, { end: EndOfLife; uses: ImageUse[] }>();
    const stopped = archivedInstalls(stack);
    for (const use of imageUses(stack)) {
      if (use.grade === "development") continue;
      // That its packages are gone is told by itself.
      if (
        stopped.some(({ base }) => base.file === use.at.file && base.span.start === use.at.span.start) &&
        isSystem(use)
      )
        continue;
      const ends = endOfLife(use.ref);
      // The runtime's own end says enough; that of the system below counts when the runtime is still supported.
      const end = ends.find(each => each.date < stack.today);
      if (!end && ends.length > 0)
        yield { subject: use.text, kept: evidence(use.at, "this version is supported") };
      if (!end) continue;
      const known = ended.get(titleOf(end));
      if (known) known.uses.push(use);
      else ended.set(titleOf(end), { end, uses: [use] });
    }
    for (const [name, { end, uses }] of ended) {
      const shipped = uses.filter(use => use.runs && !endsAtOnce(stack, use));
      const exposed =
        answering.has(end.product) || (storing.has(end.product) && uses.some(use => isPublished(stack, use)));
      const old = yearsBetween(end.date, stack.today) >= 2 && exposed && shipped.length > 0;
      yield {
        subject: name,
        message: `${name} has had no security fixes since ${end.date} (table of ${end.asOf}).`,
        evidence: useEvidence(uses, () => `${name} ended on ${end.date}`),
        // What only builds is gone from the image, except what Go links into the program.
        severity:
          shipped.length === 0 && end.product !== "golang"
            ? "low"
            : weigh(gravest(uses), old ? "high" : "medium"),
        fix: () => upgradeRuntime(stack, uses),
      };
    }
    yield* runners(stack);
  },
});

/** No runtime of its own is in it, which may be old, too. */
function isSystem({ ref }: ImageUse): boolean {
  return /^(?:debian|ubuntu|centos)$/.test(ref.name);
}

/** Every service of the image is a step that ends, or waits for its profile: it answers nobody. */
function endsAtOnce(stack: Stack, use: ImageUse): boolean {
  const shipped = stack.services.filter(service => gradeOf(service) !== "development");
  const services = shipped.filter(({ build, image }) =>
    use.build ? build === use.build : !build && image?.at.file === use.at.file && image.text === use.text,
  );
  return services.length > 0 && services.every(service => service.oneShot || isForPeople(service));
}

/** A server's service that runs the image has a port that other machines reach. */
function isPublished(stack: Stack, use: ImageUse): boolean {
  return serverServices(stack).some(
    service =>
      publicPorts(service).length > 0 &&
      (use.build ? service.build === use.build : service.image?.text === use.text && !service.build),
  );
}

/** Containers in which a pipeline runs its jobs: nothing is served from them. */
function* runners(stack: Stack): Iterable<Violation> {
  const ended = new Map<string, { end: EndOfLife; images: Located<string>[] }>();
  for (const job of stack.workflows.flatMap(workflow => workflow.jobs)) {
    for (const container of [job.container, ...job.services]) {
      if (!container?.image || container.image.value.includes("$")) continue;
      const end = endOfLife(parseImageRef(container.image.value)).find(each => each.date < stack.today);
      if (!end) continue;
      const known = ended.get(titleOf(end));
      if (known) known.images.push(container.image);
      else ended.set(titleOf(end), { end, images: [container.image] });
    }
  }
  for (const [name, { end, images }] of ended) {
    const shows = `${name} ended on ${end.date}`;
    const [first, ...others] = places(
      images.map(image => image.at),
      shows,
    );
    yield {
      subject: `${name} in pipelines`,
      message: `The pipeline tests with ${name}, which has had no fixes since ${end.date} (table of ${end.asOf}).`,
      evidence: [first!, ...others],
      severity: "low",
    };
  }
}

const titles: Readonly<Record<string, string>> = {
  node: "Node.js",
  python: "Python",
  postgres: "PostgreSQL",
  debian: "Debian",
  ubuntu: "Ubuntu",
  alpine: "Alpine Linux",
  mysql: "MySQL",
  mariadb: "MariaDB",
  mongo: "MongoDB",
  redis: "Redis",
  php: "PHP",
  ruby: "Ruby",
  golang: "Go",
  dotnet: ".NET",
  elasticsearch: "Elasticsearch",
  nginx: "nginx",
};

function titleOf(end: EndOfLife): string {
  return `${titles[end.product] ?? end.product} ${end.version}`;
}

function yearsBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / (365.25 * 24 * 3_600_000);
}

import { pinImages } from "../../remedies/base-upgrade.ts";
import { evidence, listNames, variable, weigh } from "../../stack/query.ts";
import { followsNewest, refusedMount } from "../../stack/query-data.ts";
import { gravest, type ImageUse, imageUses, useEvidence } from "../../stack/query-images.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

/** A new major version of these refuses, or converts for good, the data of the old one. */
const stores = new Set(["database", "search", "queue"]);

export default defineRule({
  id: "build/floating-image",
  title: "Every image is named with a version",
  claim: "builds-reproducibly",
  severity: "low",
  why: "The same Compose file or Dockerfile brings another version on another day, so a redeploy changes what runs without any commit.",
  *check(stack) {
    const known = imageUses(stack).filter(
      use =>
        use.grade !== "development" && use.runs && use.kind !== undefined && use.ref.family !== "scratch",
    );
    for (const use of known)
      if (!floats(use)) yield { subject: use.text, kept: evidence(use.at, "the version is fixed") };
    const floating = known.filter(floats);
    // What the next version does to the mount is told by data/named-volume.
    const told = stack.services
      .filter(service => refusedMount(service) && followsNewest(service))
      .map(({ image, model }) => image?.at ?? model!.stage.from.image.at);
    const isTold = ({ at }: ImageUse): boolean =>
      told.some(each => each.file === at.file && each.span.start === at.span.start);
    const stored = floating.filter(use => isStore(use) && !upgrades(stack, use));
    const keyOf = (use: ImageUse): string => `${use.at.file} ${use.text}`;
    for (const key of new Set(stored.map(keyOf))) {
      const uses = stored.filter(each => keyOf(each) === key);
      // A dump or a client in the same image follows it.
      if (uses.some(isTold)) continue;
      const use = uses[0]!;
      yield {
        subject: use.text,
        message: `${use.text} ${use.ref.tag === undefined ? "has no tag" : `fixes no version`}: the next pull can bring another version of the data store, which may refuse the data that the old one wrote.`,
        evidence: useEvidence(uses, () => "any version"),
        severity: weigh(gravest(uses), "medium"),
      };
    }
    const others = floating.filter(use => !stored.includes(use) && !isTold(use));
    for (const file of new Set(others.map(use => use.at.file))) {
      const uses = others.filter(use => use.at.file === file);
      const names = [...new Set(uses.map(use => use.text))];
      yield {
        subject: file,
        message: `${file} names ${listNames(names)} without a version: what is pulled depends on the day.`,
        evidence: useEvidence(uses, () => "any version"),
        severity: weigh(gravest(uses), "low"),
        fix: () => pinImages(stack, uses),
      };
    }
  },
});

/** `latest-pg16` of an extension of PostgreSQL: what wrote the data stays the same major version. */
const postgresMajor = /(^|-)pg\d{2}(-|$)/;

function isStore(use: ImageUse): boolean {
  return use.build === undefined && stores.has(use.kind ?? "") && !postgresMajor.test(use.ref.tag ?? "");
}

/** MariaDB brings the data of an older version up to its own where it is told to. */
function upgrades(stack: Stack, { at }: ImageUse): boolean {
  return stack.services.some(
    service =>
      service.image?.at.span.start === at.span.start &&
      service.image.at.file === at.file &&
      variable(service, "MARIADB_AUTO_UPGRADE") !== undefined,
  );
}

/** Words of a tag that speak of the system below or of the size, not of the product's version. */
const variant =
  /^(alpine[\d.]*|slim|bookworm|bullseye|buster|trixie|stretch|noble|jammy|focal|bionic|ubuntu[\d.]*|debian[\d.]*|ubi\d*|perl|fpm|apache|cli)$/;

/** No tag, `latest`, or nothing with a number in it besides the distribution. */
function floats({ ref }: ImageUse): boolean {
  if (ref.digest !== undefined) return false;
  if (ref.tag === undefined) return true;
  if (ref.tag.includes("$")) return false;
  const words = ref.tag.split("-");
  // `2022-latest`: the newest build of one major version.
  if (words.includes("latest")) return !words.some(word => /^v?\d+(?:\.\d+)*$/.test(word));
  // The names of a distribution's releases are its versions.
  if (ref.family === "debian" || ref.family === "ubuntu") return words.every(word => word === "slim");
  // Distroless has its version in its name.
  if (ref.family === "distroless") return false;
  return words.every(word => variant.test(word) || !/\d/.test(word));
}

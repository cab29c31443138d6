import type { Evidence } from "../core/finding.ts";
import type { Location } from "../core/source.ts";
import type { ImageKind, ImageRef } from "./image/facts.ts";
import { factsFor, parseImageRef } from "./image/facts.ts";
import type { ImageModel } from "./image/image.ts";
import { gradeOf } from "./query.ts";
import type { Build, ComposeProject, Grade, Service, Stack } from "./stack.ts";

/** Questions about the images that a stack pulls: those of services, and those that its own images start from. */

export interface ImageUse {
  readonly ref: ImageRef;
  /** As written, with known variables filled in. */
  readonly text: string;
  readonly at: Location;
  readonly grade: Grade;
  /** It runs, or what is shipped is built on it; false for a stage that only builds. */
  readonly runs: boolean;
  /** Of the fact table; undefined for an image that is not in it. */
  readonly kind?: ImageKind;
  /** Set for a service that pulls it. */
  readonly project?: ComposeProject;
  /** Set for a base image. */
  readonly build?: Build;
}

/** Every image that is pulled by name, each place once; of several callers of a Dockerfile the gravest counts. */
export function imageUses(stack: Stack): ImageUse[] {
  const uses = new Map<string, ImageUse>();
  const add = (use: ImageUse): void => {
    const key = `${use.at.file}:${use.at.span.start}`;
    const known = uses.get(key);
    if (!known || rank(use) > rank(known)) uses.set(key, use);
  };
  for (const service of stack.services) {
    const text = service.image?.text;
    if (service.build || !service.image || text === undefined || !service.imageRef) continue;
    const { imageRef: ref, project } = service;
    add({ ref, text, at: service.image.at, grade: gradeOf(service), runs: true, project, ...kindOf(ref) });
  }
  for (const build of stack.builds) {
    const { model } = build;
    if (!model || !build.dockerfile) continue;
    for (const stage of model.built) {
      const { from } = stage.stage;
      if (from.parent !== undefined || from.resolved === undefined || from.resolved === "scratch") continue;
      const ref = parseImageRef(from.resolved);
      const runs = isBaseOf(model, stage, build);
      add({ ref, text: from.resolved, at: from.image.at, grade: build.grade, runs, build, ...kindOf(ref) });
    }
  }
  return [...uses.values()];
}

function rank(use: ImageUse): number {
  return (use.grade === "deployed" ? 4 : use.grade === "development" ? 0 : 2) + (use.runs ? 1 : 0);
}

function kindOf(ref: ImageRef): { kind?: ImageKind } {
  const kind = factsFor(ref)?.kind;
  return kind === undefined ? {} : { kind };
}

/** The shipped stage is this one, or is built up from it. */
function isBaseOf(model: ImageModel, stage: ImageModel, build: Build): boolean {
  let { index } = model.stage;
  for (;;) {
    if (index === stage.stage.index) return true;
    const parent = build.dockerfile!.stages[index]?.from.parent;
    if (parent === undefined) return false;
    index = parent;
  }
}

/** One evidence per use, the gravest first. */
export function useEvidence(uses: readonly ImageUse[], shows: (use: ImageUse) => string): Evidence[] {
  return uses.toSorted((a, b) => rank(b) - rank(a)).map(use => ({ at: use.at, shows: shows(use) }));
}

/** The gravest grade of several uses. */
export function gravest(uses: readonly ImageUse[]): Grade {
  if (uses.some(use => use.grade === "deployed")) return "deployed";
  if (uses.some(use => use.grade === "presumed")) return "presumed";
  return uses.some(use => use.grade === "staging") ? "staging" : "development";
}

/** It waits for a profile that people ask for once: to build something, or to look for a mistake. */
export function isForPeople({ profiles }: Service): boolean {
  return (
    profiles.length > 0 &&
    profiles.every(({ value }) =>
      /^(?:build(?:er|-only)?|tools?|dev(?:elopment)?|debug|tests?|testing|manual|setup|seed|cli)$/i.test(
        value,
      ),
    )
  );
}

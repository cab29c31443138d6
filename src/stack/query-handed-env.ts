import { stageChain } from "../artifacts/dockerfile.ts";
import { basename, join } from "../core/path.ts";
import { isIgnored } from "../formats/dockerignore.ts";
import { gradeOf } from "./query.ts";
import { worstFirst } from "./query-process.ts";
import type { Service, Stack } from "./stack.ts";

/** `COPY --from=build /app/.env .env`: nobody does that by oversight of an ignore file. */
export function handedOn(stack: Stack) {
  const seen = new Set<string>();
  return worstFirst(stack.services).flatMap(service => {
    const { build } = service;
    if (!build?.dockerfile || !build.stage || build.contextState !== "present") return [];
    if (gradeOf(service) === "development") return [];
    return stageChain(build.dockerfile, build.stage).flatMap(stage =>
      stage.copies.flatMap(step => {
        const origin = step.fromStage === undefined ? undefined : build.dockerfile!.stages[step.fromStage];
        const source = step.sources.find(each =>
          /(?:^|\/)\.env(?:\.(?:prod|production|local))?$/.test(each.value),
        );
        const key = `${step.at.file}:${step.at.span.start}`;
        if (!origin || !source || seen.has(key)) return [];
        const copy = stageChain(build.dockerfile!, origin)
          .flatMap(each => each.copies)
          .find(
            each =>
              !each.from &&
              each.sources.some(from =>
                /^\.?\/?$|(?:^|\/)\.env(?:$|\*|\.(?:prod|production|local)$)/.test(from.value),
              ),
          );
        const path = join(build.context!, basename(source.value));
        // What git tracks everyone has anyway, and what the ignore file leaves out is not there to be copied.
        if (!copy || stack.files.tracked(path) === true) return [];
        if (build.ignore && isIgnored(build.ignore.rules, basename(source.value)).ignored) return [];
        seen.add(key);
        return [{ service, copy: copy.at, handed: step.at, path }];
      }),
    );
  });
}

/** `COPY .env.production .env` into images that are shipped, of a file that git does not have; one habit, one answer. */
export function namedEnvFiles(stack: Stack) {
  const all = namedCopies(stack);
  return [...new Set(all.map(each => each.path))].map(path => {
    const [first, ...more] = all.filter(each => each.path === path);
    return {
      path,
      service: first!.service,
      names: [...new Set([first!, ...more].map(each => each.service.name))],
      places: [first!.at, ...more.map(each => each.at)] as const,
    };
  });
}

function namedCopies(stack: Stack) {
  const seen = new Set<string>();
  return worstFirst(stack.services).flatMap(service => {
    const { build, component } = service;
    if (!build?.dockerfile || !build.stage || build.contextState !== "present") return [];
    // Builders of pages read public names from such a file.
    if (gradeOf(service) === "development" || /^(?:vite|cra|next)$/.test(component?.kind ?? "")) return [];
    return stageChain(build.dockerfile, build.stage).flatMap(stage =>
      stage.copies.flatMap(step => {
        const source = step.sources.find(each =>
          /^(?:\.\/)?(?:[\w-]+\/)*\.env(?:\.(?:prod|production|local))?$/.test(each.value),
        );
        const key = `${step.at.file}:${step.at.span.start}`;
        if (step.from || !source || seen.has(key)) return [];
        const path = join(build.context!, source.value);
        if (
          stack.files.tracked(path) === true ||
          (stack.files.has(path) !== undefined && stack.files.tracked(path) === undefined)
        )
          return [];
        seen.add(key);
        return [{ service, at: step.at, path }];
      }),
    );
  });
}

/** It goes to a registry; else it stays on the machine that has the file as well. */
export function travels({ build, image }: Service): boolean {
  return build?.push === true || image?.raw.includes("/") === true;
}

/** The image may hold an env file that only the machine has which builds it: what the program finds there is not known. */
/** The server's own env file lies where the program looks for it. */
export const mountsEnvFile = ({ mounts }: Service): boolean =>
  mounts.some(({ target }) => basename(target) === ".env");

export function bringsEnvFile(stack: Stack, { build }: Service): boolean {
  const path = build?.dockerfilePath;
  return (
    path !== undefined &&
    [...handedOn(stack), ...namedCopies(stack)].some(({ service }) => service.build?.dockerfilePath === path)
  );
}

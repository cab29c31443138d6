import { stageChain } from "../artifacts/dockerfile.ts";
import { inside, join } from "../core/path.ts";
import { isIgnored } from "../formats/dockerignore.ts";
import type { ImageModel } from "./image/image.ts";
import { mainScript } from "./query-main-script.ts";
import type { Build, Service, Stack } from "./stack.ts";

/** Whether a `.env` of somebody's checkout gets into a container. */

interface Origin {
  readonly build: Build;
  readonly model: ImageModel;
  /** The folder of the program in the repository. */
  readonly home: string;
}

/**
 * Surely no `.env` beside the program: no step of its build copies or writes one, no start script does, and nothing is
 * mounted over its directory. False also where that cannot be told. `isAsked`: the command names the file, to read it.
 */
export function lacksDotenv(stack: Stack, service: Service, isAsked = false): boolean {
  const build = service.build ?? service.made;
  const { model } = service;
  if (!build?.dockerfile || !model || build.context === undefined) return false;
  const home = service.text("working_dir")?.text ?? model.workdir;
  if (home === undefined) return false;
  const isMounted = service.mounts.some(
    ({ target }) => inside(target, home) !== undefined || /(?:^|\/)\.env$/.test(target),
  );
  if (isMounted || service.get("configs") || service.get("secrets")) return false;
  const script = mainScript(stack, service);
  const started = [
    script?.script.commands.map(each => each.words.map(word => word.value ?? word.text).join(" ")),
  ]
    .flat()
    .join("\n");
  if (/\.env\b/.test(started) || (!isAsked && /\.env\b/.test(service.process?.text ?? ""))) return false;
  return !mayBring(
    { build, model, home: service.component?.dir ?? build.context },
    build.stage?.index,
    new Set(),
  );
}

/** Whether a step of a stage, or of one that it is made from, brings the whole folder of the program, or the file itself. */
function mayBring({ build, home, model }: Origin, index: number | undefined, seen: Set<number>): boolean {
  const { dockerfile, context = "", ignore } = build;
  const stage = index === undefined ? undefined : dockerfile?.stages[index];
  if (!dockerfile || !stage) return true;
  if (seen.has(stage.index)) return false;
  seen.add(stage.index);
  for (const each of stageChain(dockerfile, stage)) {
    if (each.runs.some(run => /(?<![\w.-])\.env(?![\w-])/.test(run.fragment.text))) return true;
    for (const { sources, from, fromStage } of each.copies) {
      for (const { value } of sources) {
        if (/\.env|[*?[$]/.test(value)) return true;
        if (fromStage !== undefined) {
          const there = model.built.find(other => other.stage.index === fromStage)?.workdir ?? "/";
          const path = value.startsWith("/") ? value.replace(/(?<=.)\/$/, "") : join(there, value);
          if (inside(path, there) !== undefined && mayBring({ build, home, model }, fromStage, seen))
            return true;
        } else if (from === undefined) {
          const path = join("", value.replace(/^\/+/, ""));
          const holds = inside(join(context, path), home) !== undefined;
          if (holds && !(ignore && isIgnored(ignore.rules, join(path, ".env")).ignored)) return true;
        }
      }
    }
  }
  return false;
}

const readers =
  /dotenv|@nestjs\/config|pydantic[-_]settings|decouple|environs?\b|spf13\/viper|env-cmd|--env-file|dynaconf/i;

/** Whether a program of this kind may read such a file by itself: one of its packages does. */
export function readsDotenv(stack: Stack, { component }: Service): boolean {
  if (!component) return true;
  const read = stack.files.read(component.manifest);
  return !("source" in read) || readers.test(read.source.text);
}

import type { PackageManifest } from "../artifacts/package-manifest.ts";
import { join } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import type { ImageModel } from "./image/image.ts";
import { runCommands } from "./image/run-commands.ts";
import { packageAt } from "./query-runtime.ts";
import type { Stack } from "./stack.ts";

/** A command that builds a bundle, without which there is no image. */
export interface BundleBuild {
  /** The package.json in force. */
  readonly manifest: PackageManifest;
  /** What the script of that name says. */
  readonly script: string;
  /** `npm run build`. */
  readonly words: string;
  readonly at: Location;
}

/** Builds of bundles that a stage runs and that decide over it. */
export function* bundleBuilds(stack: Stack, stage: ImageModel): Generator<BundleBuild> {
  for (const run of stage.stage.runs) {
    const workdir = run.workdir?.startsWith("/") ? run.workdir : stage.workdir;
    for (const command of runCommands(run, workdir)) {
      const words = command.words.map(word => word.value);
      const name = words[1] === "run" ? words[2] : words[1];
      if (!/^(npm|yarn|pnpm|bun)$/.test(words[0] ?? "") || name === undefined || !/^build\b/.test(name))
        continue;
      if (command.conditional || !command.decisive || command.directory === undefined) continue;
      const { has, source } = stage.fileBefore(command.at, join(command.directory, "package.json"));
      const manifest = has === "yes" && source !== undefined ? packageAt(stack, source) : undefined;
      const script = manifest?.scripts.get(name)?.value;
      if (manifest && script !== undefined)
        yield { manifest, script, words: words.join(" "), at: command.at };
    }
  }
}

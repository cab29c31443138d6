import type { ComposeFile } from "../artifacts/compose.ts";
import { basename, dirname, join } from "../core/path.ts";
import { child, itemsOf, textOf, type YamlNode } from "../formats/yaml.ts";
import { factsFor, parseImageRef } from "./image/facts.ts";
import { isBacking, isProxy, keepsDatabase, servicesIn } from "./project-habits.ts";

/** Where what Compose files run comes from: the checkout, or a registry. */

/** What is built runs from the directory that it is built from: it, or one above it, is mounted. */
export function mountsCheckout(files: readonly ComposeFile[]): boolean {
  return files.some(file =>
    servicesIn([file]).some(({ value }) => {
      const build = child(value, "build");
      if (!build) return false;
      const context = join(
        dirname(file.file),
        textOf(build)?.value ?? textOf(child(build, "context"))?.value ?? ".",
      );
      return itemsOf(child(value, "volumes")).some(item => {
        const written = textOf(item)?.value.split(":")[0] ?? textOf(child(item, "source"))?.value ?? "";
        if (!/^\.{1,2}(?:\/|$)/.test(written)) return false;
        // A directory that holds a Dockerfile beside the settings of a pulled program is no checkout.
        if (/:\/etc\//.test(textOf(item)?.value ?? "")) return false;
        const source = join(dirname(file.file), written);
        return source === context || source === "" || `${context}/`.startsWith(`${source}/`);
      });
    }),
  );
}

/** Something is built from the checkout; what is built of another repository, or beside a database, is no program of this one. */
export function areBuilt(files: readonly ComposeFile[]): boolean {
  return servicesIn(files).some(({ value }) => {
    const build = child(value, "build");
    return build !== undefined && !isElsewhere(build) && !keepsDatabase(value);
  });
}

/** Its context is an address. */
function isElsewhere(build: YamlNode): boolean {
  const context = textOf(build)?.value ?? textOf(child(build, "context"))?.value ?? ".";
  return /^(?:https?|git|ssh):|^git@/.test(context);
}

/** An image that is pulled, or built from another place than the checkout, and holds neither a database nor a tool, a proxy or nothing but a runtime. */
export function pullsApplication(files: readonly ComposeFile[]): boolean {
  return servicesIn(files).some(({ value }) => {
    const build = child(value, "build");
    if (build) return isElsewhere(build);
    if (isBacking(value) || isProxy(value)) return false;
    const image = textOf(child(value, "image"))?.value ?? "";
    return image.includes("$") || factsFor(parseImageRef(image))?.kind !== "runtime";
  });
}

/**
 * The Dockerfile that says that it is for work: one that is called after the workstation itself, or after development
 * where it builds nothing else.
 */
export function fileOfWork(files: readonly ComposeFile[]): string | undefined {
  const builds = servicesIn(files).flatMap(({ value }) => child(value, "build") ?? []);
  const names = builds.map(build => basename(textOf(child(build, "dockerfile"))?.value ?? ""));
  const isNamed = (word: string) => (name: string) =>
    new RegExp(`^(?:dockerfile[._-](?:${word})|(?:${word})[._-]dockerfile)$`, "i").test(name);
  const found =
    names.find(isNamed("local")) ?? (names.every(isNamed("local|dev|development")) ? names[0] : undefined);
  return found && `it builds ${found}`;
}

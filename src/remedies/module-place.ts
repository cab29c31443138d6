import type { CopyStep } from "../artifacts/dockerfile.ts";
import { filesEnding } from "../artifacts/project-files.ts";
import type { Fix } from "../core/fix.ts";
import { basename, inside, join } from "../core/path.ts";
import { importable, type NamedModule } from "../stack/query-import.ts";
import type { Service, Stack } from "../stack/stack.ts";
import { rulesOfContents } from "./build-context.ts";
import { addToService } from "./service-edit.ts";

/**
 * Lets the module that a command names be found: the package is copied under its own name, where the Dockerfile copies
 * only what is in it and its own code asks for that name; or the service works in the one directory of the image that
 * has the module. Undefined where neither or more than one way is open.
 */
export function moduleFound(stack: Stack, service: Service, named: NamedModule): Fix | undefined {
  return copyWithName(stack, service, named) ?? workBesideModule(stack, service, named);
}

function copyWithName(stack: Stack, service: Service, { module, roots }: NamedModule): Fix | undefined {
  const [top = ""] = module.split(".");
  const [root] = roots;
  const { model, build } = service;
  const copies =
    model?.stage.copies.filter(copy => isContentsOf(copy, top) && sameDirectory(copy, root)) ?? [];
  const [copy] = copies;
  const context = build?.context;
  if (
    !copy ||
    copies.length > 1 ||
    context === undefined ||
    service.mounts.some(mount => mount.target === root)
  )
    return undefined;
  const folder = join(context, copy.sources[0]!.value);
  if (!asksForItself(stack, folder, top)) return undefined;
  const written = stack.sources
    .get(copy.destination.at.file)
    ?.text.slice(copy.destination.at.span.start, copy.destination.at.span.end);
  if (written === undefined || !/^[\w./-]+$/.test(written)) return undefined;
  const text = `${written === "." || written === "./" ? "" : written.replace(/\/*$/, "/")}${top}`;
  return {
    title: `Copy ${folder} under its own name`,
    grade: "needs-testing",
    edits: [{ at: copy.destination.at, text }],
    test: `Build the image and start "${service.name}". Paths to other files of ${folder} have its name in front now.`,
    reveals: rulesOfContents,
  };
}

/** `COPY ./app /code`: what is in the directory, not the directory. */
function isContentsOf(copy: CopyStep, name: string): boolean {
  const [source, ...others] = copy.sources;
  return (
    source !== undefined &&
    others.length === 0 &&
    !copy.from &&
    copy.resolved &&
    !copy.parents &&
    basename(source.value.replace(/\/+$/, "")) === name
  );
}

function sameDirectory(copy: CopyStep, root: string | undefined): boolean {
  return root !== undefined && copy.absoluteDestination?.replace(/\/+$/, "") === root.replace(/\/+$/, "");
}

/** Its own files import it by its name, or relative to it; none imports its neighbour as if it stood at the top. */
function asksForItself(stack: Stack, folder: string, name: string): boolean {
  const files = filesEnding(stack.files, "py").filter(path => inside(folder, path) !== undefined);
  const neighbours = new Set(
    files.flatMap(path => {
      const below = inside(folder, path)!;
      const first = below.split("/")[0]!;
      return first === "__init__.py" ? [] : [first.replace(/\.py$/, "")];
    }),
  );
  const imported = files.flatMap(path => {
    const found = stack.files.read(path);
    return "source" in found
      ? [...found.source.text.matchAll(/^[ \t]*(?:from|import)\s+(\.|\w+)/gm)].map(([, word]) => word!)
      : [];
  });
  return files.length > 0 && !imported.some(word => word !== name && neighbours.has(word));
}

/** One directory below the working directory from which the module can be imported. */
function workBesideModule(stack: Stack, service: Service, named: NamedModule): Fix | undefined {
  const [root] = named.roots;
  const tail = named.module.replaceAll(".", "/");
  if (root === undefined || service.get("working_dir")) return undefined;
  const folders = filesEnding(stack.files, "py")
    .filter(path => path.endsWith(`/${tail}.py`) || path.endsWith(`/${tail}/__init__.py`))
    .map(path => path.slice(0, path.lastIndexOf(`/${tail}`)));
  const places = new Set(
    folders
      .flatMap(folder => endings(folder))
      .map(ending => join(root, ending))
      .filter(place => {
        return importable(stack, service, { ...named, roots: [place] }) === "yes";
      }),
  );
  const [place] = places;
  const edit =
    place !== undefined && places.size === 1 && addToService(stack, service, [`working_dir: ${place}`]);
  if (!edit || usesRelativePaths(service)) return undefined;
  return {
    title: `Start "${service.name}" in ${place}`,
    grade: "needs-testing",
    edits: [edit],
    test: `Start "${service.name}" and use it once: files that it opens by a relative path are looked for in ${place} now.`,
  };
}

/** `a/b/c`, `b/c`, `c`. */
function endings(folder: string): string[] {
  const parts = folder.split("/");
  return parts.map((_, index) => parts.slice(index).join("/"));
}

/** A command or an entry point that itself is looked for from the working directory. */
function usesRelativePaths({ process, entrypoint, model }: Service): boolean {
  const words = [...((entrypoint ?? model?.entrypoint)?.words ?? []), ...(process?.words ?? [])].map(
    word => word.value ?? "$",
  );
  return words.some(
    word => /^\.{1,2}\/|\$|\.(?:sh|py|toml|ini|conf|ya?ml)$/.test(word) && !word.startsWith("/"),
  );
}

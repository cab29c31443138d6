import type { ComposeModel, Container } from "../core/engine.ts";
import { splitImage } from "./docker-words.ts";

/** The user's names for what the lab calls otherwise: containers, images, volumes, directories. */
export interface OwnNames {
  /** Takes in what a resolved project and its clone call things. */
  learn(resolved: ComposeModel, clone: ComposeModel): void;
  /** The lab's container that a script means by a name or an id. */
  container(name: string, all: readonly Container[]): Container | undefined;
  /** How the user would see a container called. */
  called(container: Container): string;
  /** The lab's name for an image that is built here; undefined for any other. */
  image(reference: string): string | undefined;
  /** The lab's name for a volume of the project. */
  volume(name: string): string | undefined;
  network(name: string): string | undefined;
  /** A program's words with the user's names in place of the lab's. */
  toUser(text: string): string;
}

/** `paths` are directories here and where they lie on the server. */
export function ownNames(
  labProject: string,
  paths: readonly { readonly source: string; readonly target: string }[],
): OwnNames {
  let project = "project";
  const containerNames = new Map<string, string>();
  const images = new Map<string, { readonly lab: string; readonly tag: string; readonly user: string }>();
  const volumes = new Map<string, string>();
  const networks = new Map<string, string>();
  const replaced = new Map<string, string>();
  const called = ({ service, name }: Container): string => {
    const own = containerNames.get(service);
    // One-off containers have a name of their own.
    return own !== undefined && !/-run-\w+$/.test(name) ? own : name.replace(labProject, project);
  };
  return {
    called,
    learn(resolved, clone) {
      project = resolved.name ?? project;
      for (const [name, service] of Object.entries(resolved.services)) {
        const own = service["container_name"];
        if (typeof own === "string") containerNames.set(name, own);
        const lab = clone.services[name]?.image;
        if (!service.build || lab === undefined) continue;
        const user = service.image ?? `${project}-${name}`;
        const { repository, tag } = splitImage(user);
        // The first tag that is seen is the one that the lab has built.
        if (!images.has(repository)) images.set(repository, { lab: splitImage(lab).repository, tag, user });
      }
      for (const [kind, known] of [
        ["volumes", volumes],
        ["networks", networks],
      ] as const)
        for (const [key, object] of Object.entries(resolved[kind] ?? {}))
          known.set(String(object?.["name"] ?? `${project}_${key}`), `${labProject}_${key}`);
    },
    container: (name, all) =>
      all.find(one => called(one) === name || one.name === name) ??
      all.find(one => called(one).replaceAll("-", "_") === name.replaceAll("-", "_")) ??
      (/^[0-9a-f]{6,}$/.test(name) ? all.find(one => one.id.startsWith(name)) : undefined),
    image(reference) {
      const { repository, tag } = splitImage(reference);
      const known = images.get(repository);
      return known && `${known.lab}:${tag === known.tag ? "lab" : tag}`;
    },
    volume: name => volumes.get(name),
    network: name => networks.get(name),
    toUser(text) {
      for (const { source, target } of paths) replaced.set(source, target);
      for (const { lab, user } of images.values()) replaced.set(`${lab}:lab`, user);
      for (const [service, own] of containerNames) replaced.set(`${labProject}-${service}-1`, own);
      const ordered = [...replaced].sort(([a], [b]) => b.length - a.length);
      return ordered
        .reduce((said, [from, to]) => said.replaceAll(from, to), text)
        .replaceAll(labProject, project);
    },
  };
}

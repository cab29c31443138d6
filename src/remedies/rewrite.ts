import type { Edit, Fix } from "../core/fix.ts";
import { basename, dirname, inside } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import { isIgnored, parseDockerignore } from "../formats/dockerignore.ts";
import { appendLines } from "../formats/dockerignore-edit.ts";
import type { AppComponent } from "../stack/app/detect.ts";
import type { Build, Service, Stack } from "../stack/stack.ts";
import { type AppImage, appImage } from "./app-image.ts";
import { alsoForBuild } from "./build-argument.ts";
import { rulesOfContents } from "./build-context.ts";
import { carryNotes } from "./dockerfile-notes.ts";
import { isStatic } from "./node-site.ts";

/**
 * A Dockerfile of which no small change makes one that builds, written anew from the application that it is for. What
 * others rely on stays: the port, and the programs that their health checks call. Undefined where it is not clear which
 * application that is, or where something else of the old image is relied on.
 */
export function rewriteDockerfile(stack: Stack, builds: readonly [Build, ...Build[]]): Fix | undefined {
  const [first] = builds;
  const source = first.dockerfilePath === undefined ? undefined : sourceOf(stack, first.dockerfilePath);
  if (!source || first.context === undefined || builds.some(build => build.target)) return undefined;
  const services = stack.services.filter(service => service.build && builds.includes(service.build));
  const component = componentFor(stack, first, services);
  if (!component || services.some(service => service.command ?? service.entrypoint)) return undefined;
  const ports = first.model?.exposes.map(port => Number(port.value.replace(/\/tcp$/, ""))) ?? [];
  if (ports.length > 1 || ports.some(port => !Number.isInteger(port))) return undefined;
  const init = initOf(source.text, component);
  const image = appImage(stack, component, {
    context: first.context,
    dockerfile: first.dockerfilePath!,
    ...(ports.length === 1 ? { port: ports[0]! } : {}),
    tools: [...probeTools(services), ...(init === undefined ? [] : [init])],
  });
  if (!image) return undefined;
  return {
    title: `Write ${first.dockerfilePath} anew for the ${component.kind} application in ${component.dir === "" ? "the root" : component.dir}`,
    grade: "big-change",
    reveals: rulesOfContents,
    edits: [
      {
        at: { file: source.path, span: { start: 0, end: source.text.length } },
        text: inPlaceOf(source.text, image.dockerfile.text, init),
      },
      ...besides(stack, first, image),
      ...services.flatMap(service => builtIn(stack, service, image.buildArguments)),
    ],
    test: "Build the image, start it beside its database, and go through the application: the user, the base image and the stages are others than before.",
    ...(image.afterwards === undefined ? {} : { afterwards: image.afterwards }),
  };
}

/** What people wrote in the old file stays, and so do its program for signals, its line for the builder and its line ends. */
function inPlaceOf(old: string, fresh: string, init: string | undefined): string {
  const started = init === undefined ? fresh : fresh.replace(/^(?=CMD )/m, `ENTRYPOINT ["${init}", "--"]\n`);
  const builder = /^#\s*syntax\s*=.*\n/i.exec(old.replace(/\r\n/g, "\n"))?.[0] ?? "";
  const text = builder + carryNotes(old, started);
  return old.includes("\r\n") ? text.replace(/\r?\n/g, "\r\n") : text;
}

/** The program that hands signals on and takes care of orphans, by the name of its Debian package. */
function initOf(old: string, component: AppComponent): string | undefined {
  if (isStatic(component.kind)) return undefined;
  return /^[ \t]*(?:ENTRYPOINT|CMD)\b.*\b(dumb-init|tini)\b/im.exec(old)?.[1];
}

/** What a service gives to the program alone, and the browser's code needs when it is built. */
function builtIn(stack: Stack, service: Service, names: readonly string[]): readonly Edit[] {
  const late = service.environment.filter(
    ({ name }) => names.includes(name) && !service.build!.args.some(each => each.name === name),
  );
  return late.length === 0 ? [] : (alsoForBuild(stack, service, late) ?? []);
}

/** A Dockerfile where a build names one that is not there. */
export function createDockerfile(stack: Stack, build: Build): Fix | undefined {
  if (build.context === undefined || build.dockerfilePath === undefined || build.target) return undefined;
  // What is written is a server's; one for work holds other tools, and only its team knows which.
  if (
    /(?:^|[._-])(?:dev|develop(?:ment)?|local|test(?:s|ing)?|debug)(?:[._-]|$)/i.test(
      basename(build.dockerfilePath),
    )
  )
    return undefined;
  const services = stack.services.filter(service => service.build === build);
  const component = componentFor(stack, build, services);
  if (!component || services.some(service => service.command ?? service.entrypoint)) return undefined;
  const image = appImage(stack, component, {
    context: build.context,
    dockerfile: build.dockerfilePath,
    tools: probeTools(services),
  });
  if (!image) return undefined;
  return {
    title: `Write ${build.dockerfilePath} for the ${component.kind} application`,
    grade: "needs-testing",
    reveals: rulesOfContents,
    edits: [newFile(image.dockerfile.path, image.dockerfile.text), ...besides(stack, build, image)],
    test: "Build the image, start it beside its database, and go through the application.",
    ...(image.afterwards === undefined ? {} : { afterwards: image.afterwards }),
  };
}

/** The files that the new Dockerfile copies, and an ignore file that leaves in what it needs. */
function besides(stack: Stack, build: Build, image: AppImage): Edit[] {
  const edits = image.files.map(file => newFile(file.path, file.text));
  // A build whose Dockerfile is absent has no ignore file in force yet.
  const path = build.ignore?.path ?? image.ignore.path;
  if (stack.files.has(path) !== "file") return [...edits, newFile(image.ignore.path, image.ignore.text)];
  const source = sourceOf(stack, path);
  if (!source) return edits;
  const rules = parseDockerignore(source).model;
  const needed = [...image.files.map(file => file.path), ...image.copies].flatMap(
    path => inside(build.context!, path) ?? [],
  );
  const hidden = needed.filter(path => isIgnored(rules, path).ignored);
  return hidden.length === 0
    ? edits
    : [
        ...edits,
        appendLines(
          source,
          "The build reads this all the same.",
          hidden.map(path => `!${path}`),
        ),
      ];
}

function newFile(path: string, text: string): Edit {
  return { at: { file: path, span: { start: 0, end: 0 } }, text };
}

/** The application that the services run, else the only one in the context that an image can be written for. */
function componentFor(stack: Stack, build: Build, services: readonly Service[]): AppComponent | undefined {
  const named = new Set(services.flatMap(service => service.component ?? []));
  if (named.size === 1) return [...named][0];
  if (named.size > 1) return undefined;
  const below = stack.components.filter(each => inside(build.context!, each.dir) !== undefined);
  const beside = below.filter(
    each => each.dir === dirname(build.dockerfilePath!) || each.dir === build.context,
  );
  const candidates = beside.length > 0 ? beside : below;
  return candidates.length === 1 ? candidates[0] : undefined;
}

/** Programs besides shells that health checks of Compose call in the image. */
function probeTools(services: readonly Service[]): string[] {
  const texts = services.flatMap(service =>
    service.healthcheck?.from === "compose" ? (service.healthcheck.command?.text ?? []) : [],
  );
  return ["curl", "wget"].filter(tool => texts.some(text => new RegExp(`(^|[\\s"'/])${tool}\\b`).test(text)));
}

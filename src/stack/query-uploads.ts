import { filesEnding, isTest, isVendored } from "../artifacts/project-files.ts";
import { inside } from "../core/path.ts";
import { type Location, locate } from "../core/source.ts";
import type { AppComponent } from "./app/detect.ts";
import { serverServices, variable } from "./query.ts";
import { scriptsOf } from "./query-code.ts";
import { workingDirectory } from "./query-import.ts";
import { settingHere, settingsInForce } from "./query-settings.ts";
import { dotnetFolders, symfonyFolders } from "./query-uploads-dotnet.ts";
import { nextFolders } from "./query-uploads-next.ts";
import { otherFolders } from "./query-uploads-others.ts";
import type { Mount, Service, Stack } from "./stack.ts";

/** Where programs write what visitors send them. */

export interface UploadFolder {
  readonly service: Service;
  /** In the container, or below the program's own directory where it does not begin with a slash. */
  readonly folder: string;
  readonly at: Location;
}

/** The folders of deployed services in which uploads are kept as files; what goes to an object store is none. */
export function uploadFolders(stack: Stack): UploadFolder[] {
  return [...djangoFolders(stack), ...codeFolders(stack)];
}

const remote =
  /storages\.backends|S3\w*Storage|boto3|aioboto|cloudinary|GoogleCloudStorage|AzureStorage|minio|s3client|aws-sdk|@google-cloud\/storage|multer-s3|supabase|uploadthing/i;
const takesFiles = /\b(?:FileField|ImageField|FilerImageField|default_storage)\s*\(?|request\.FILES/;

const otherRoot =
  /\b(?!(?:BASE|PROJECT|ROOT|SITE|APPS?|REPO|SRC|SETTINGS)_?\w*\b)[A-Z][A-Z_]*_(?:DIR|ROOT|PATH)\b/;

function djangoFolders(stack: Stack): UploadFolder[] {
  return settingsInForce(stack).flatMap(here => {
    const { component } = here.service;
    const root = settingHere(here, "MEDIA_ROOT");
    if (!component || !root) return [];
    const texts = here.settings.files.map(path => component.files.read(path)?.text ?? "").join("\n");
    if (remote.test(texts) || !usesFiles(component)) return [];
    const written = component.files.read(root.at.file)?.text ?? "";
    const line = /^MEDIA_ROOT[^\n]*/m.exec(written)?.[0] ?? "";
    const folder = typeof root.value === "string" && root.value.startsWith("/") ? root.value : folderIn(line);
    // Below a directory of its own, which may be the one that is mounted.
    const isBelowOther = otherRoot.test(line.slice("MEDIA_ROOT".length)) && !folder?.startsWith("/");
    return folder === undefined ||
      isBelowOther ||
      (/environ|getenv|env\(|config\(/.test(line) && typeof root.value !== "string")
      ? []
      : here.services.map(service => ({ service, folder, at: root.at }));
  });
}

export function usesFiles({ dir, files }: AppComponent): boolean {
  return filesEnding(files, "py").some(
    path =>
      inside(dir, path) !== undefined &&
      /(?:^|\/)(?:models|forms|serializers|views|api)(?:\.py$|\/)/.test(path) &&
      !/\/migrations\//.test(path) &&
      takesFiles.test(files.read(path)?.text ?? ""),
  );
}

/** The texts of an expression that builds a path: `BASE_DIR / "media"`, `path.join(__dirname, "../uploads", "boats")`. */
function folderIn(expression: string): string | undefined {
  const own = expression.replace(/(?:getenv|environ(?:\.get)?|env|config)[([]\s*["']\w+["']\s*[,\])]/g, "");
  const texts = [...own.matchAll(/["'`]([^"'`${}]+)["'`]/g)].map(match => match[1]!);
  // `BASE_DIR + "/uploads"` begins where the variable says.
  const relative = /^[\s(]*[A-Za-z_][\w.]*\s*\+\s*f?["'`]\//.test(own);
  const folder = texts
    .join("/")
    .replace(/\/{2,}/g, "/")
    .replace(relative ? /^\/+|\/+$/g : /^(?:\.{1,2}\/)+|\/+$/g, "");
  return /^\/?[\w-]+(?:\/[\w-]+)*$/.test(folder) && !/^\/?(?:tmp|var\/tmp|dev)(?:\/|$)/.test(folder)
    ? folder
    : undefined;
}

const multer =
  /\bdest\s*:\s*([^,\n}]+)|\bdestination\s*:\s*((?:path\.)?(?:join|resolve)\((?:process\.cwd\(\)|[^()])*\)|["'`][^"'`\n]+["'`])|\bcb\(\s*null\s*,\s*((?:path\.)?(?:join|resolve)\((?:process\.cwd\(\)|[^()])*\)|["'`][^"'`\n]+["'`])\s*\)/g;
const pythonName =
  /^[ \t]*(_?UPLOADS?_?(?:DIR|DIRECTORY|FOLDER|PATH)|_?MEDIA_DIR|\w+\.config\[["']UPLOAD_FOLDER["']\])\s*(?::\s*\w+\s*)?=\s*([^\n#]+)/gim;
/** The folder that is served is the one that is written to. */
const pythonServed = /\bStaticFiles\(\s*(directory)\s*=\s*(["'][^"'\n]*(?:upload|media|avatar)[^"'\n]*["'])/g;
const given = /(?:environ(?:\.get)?|getenv)\W+["'](\w+)["']/;
/** Files that are read and thrown away again. */
const passing = /\bunlink(?:Sync)?\b|\brm(?:Sync)?\(|os\.remove|tempfile|tmpdir/;

function codeFolders(stack: Stack): UploadFolder[] {
  const told = new Set<AppComponent>();
  return serverServices(stack).flatMap(service => {
    const component = service.component ?? goBeside(stack, service);
    if (!component || !(service.build ?? service.made) || told.has(component)) return [];
    if (/^(?:express|nest|fastify|koa|node)$/.test(component.kind)) {
      told.add(component);
      return nodeFolders(component).map(each => ({ service, ...each }));
    }
    if (component.kind === "next") {
      told.add(component);
      return nextFolders(component).map(each => ({ service, ...each }));
    }
    if (/^(?:fastapi|flask)$/.test(component.kind)) {
      told.add(component);
      return pythonFolders(service, component).map(each => ({ service, ...each }));
    }
    if (component.kind === "dotnet" || component.kind === "php") {
      told.add(component);
      const found =
        component.kind === "php"
          ? symfonyFolders(stack, component)
          : dotnetFolders(stack, service, component);
      return found.map(each => ({ service, ...each }));
    }
    if (/^(?:rails|laravel|go|spring)$/.test(component.kind)) {
      told.add(component);
      return otherFolders(stack, service, component).map(each => ({ service, ...each }));
    }
    return [];
  });
}

/** A program in Go whose pages have a manifest of their own beside it: which of the two runs is told by what is built. */
function goBeside(stack: Stack, { build, made, model }: Service): AppComponent | undefined {
  const context = (build ?? made)?.context;
  const builds = model?.built.some(({ stage }) =>
    stage.runs.some(run => /\bgo build\b/.test(run.fragment.text)),
  );
  return context !== undefined && builds
    ? stack.components.find(each => each.kind === "go" && each.dir === context)
    : undefined;
}

function nodeFolders(component: AppComponent): Omit<UploadFolder, "service">[] {
  if (
    !component.package?.dependencies.some(
      ({ name }) => name === "multer" || name === "@nestjs/platform-express",
    )
  )
    return [];
  return scriptsOf(component)
    .flatMap(path => {
      const source = component.files.read(path);
      if (!source || !/\bmulter\b|\bdiskStorage\b|FileInterceptor/.test(source.text)) return [];
      if (remote.test(source.text) || passing.test(source.text)) return [];
      for (const match of source.text.matchAll(multer)) {
        const expression = match[1] ?? match[2] ?? match[3]!;
        const folder = folderIn(expression);
        if (folder === undefined) continue;
        return [{ folder, at: locate(source, match.index, match.index + match[0].trimEnd().length) }];
      }
      return [];
    })
    .slice(0, 1);
}

function pythonFolders(service: Service, { dir, files }: AppComponent): Omit<UploadFolder, "service">[] {
  const own = filesEnding(files, "py").filter(
    path => inside(dir, path) !== undefined && !isVendored(path) && !isTest(path),
  );
  const texts = own.flatMap(path => files.read(path) ?? []);
  const taking = texts.filter(({ text }) => /\bUploadFile\b|request\.files/.test(text));
  if (taking.length === 0) return [];
  // What is served to visitors is kept, also where a picture that was replaced is deleted.
  const patterns = taking.some(({ text }) => passing.test(text))
    ? [pythonServed]
    : [pythonName, pythonServed];
  if (texts.some(({ text }) => remote.test(text))) return [];
  for (const source of texts) {
    for (const match of patterns.flatMap(pattern => [...source.text.matchAll(pattern)])) {
      const [whole, name = "", expression = ""] = match;
      // An entry of a table is no path.
      if (/^\w+\[/.test(expression)) continue;
      const from = given.exec(expression)?.[1] ?? name;
      const set = variable(service, from);
      if (set && set.value?.text === undefined) continue;
      const folder = folderIn(set ? `"${set.value!.text}"` : expression);
      const start = match.index + whole.indexOf(name);
      if (folder !== undefined)
        return [{ folder, at: locate(source, start, match.index + whole.trimEnd().length) }];
    }
  }
  return [];
}

/** The mount that keeps the folder; `unknown` where mounts are not all known. */
export function keeperOf(service: Service, folder: string): Mount | "unknown" | undefined {
  if (service.get("volumes_from") || service.mounts.some(({ target }) => target.includes("$")))
    return "unknown";
  if (service.mounts.length === 0) return undefined;
  const workdir = workingDirectory(service);
  if (workdir === undefined && !folder.startsWith("/")) return "unknown";
  const covers = (target: string, path: string) =>
    path === target || path.startsWith(`${target.replace(/\/$/, "")}/`);
  return service.mounts.find(({ type, target }) => {
    if (type === "tmpfs") return false;
    if (folder.startsWith("/")) return covers(target, folder);
    // Below which directory the program builds its path is not always known: the name is what counts.
    return (
      covers(target, workdir!) ||
      `${target}/`.includes(`/${folder}/`) ||
      folder.split("/").some((_, index, parts) => target.endsWith(`/${parts.slice(0, index + 1).join("/")}`))
    );
  });
}

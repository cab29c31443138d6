import { filesEnding, isTest, isVendored } from "../artifacts/project-files.ts";
import { inside } from "../core/path.ts";
import { type Location, locate } from "../core/source.ts";
import type { AppComponent } from "./app/detect.ts";
import type { Service, Stack } from "./stack.ts";

/** Where programs of .NET and Symfony write what visitors send them. */

interface Folder {
  readonly folder: string;
  readonly at: Location;
}

const remote =
  /Azure\.Storage|BlobServiceClient|Amazon\.S3|AWSSDK|IAmazonS3|[Mm]inio|Cloudinary|Google\.Cloud\.Storage|[Ss]upabase|flysystem|VichUploader/;
const mostFiles = 1_500;

function textsOf({ files }: Stack, dir: string, ending: string) {
  const paths = filesEnding(files, ending).filter(
    path => inside(dir, path) !== undefined && !isVendored(path) && !isTest(path),
  );
  return paths.length > mostFiles
    ? []
    : paths.flatMap(path => {
        const read = files.read(path);
        return "source" in read ? [read.source] : [];
      });
}

const takesForm = /\bI(?:FormFile|FormFileCollection|BrowserFile)\b|\bForm\.Files\b/;
const keeps =
  /new FileStream\([^;\n]*FileMode\.Create|\bFile\.(?:Create|OpenWrite|WriteAllBytes(?:Async)?)\(/;
const combined =
  /\bPath\.Combine\(\s*((?:\w+\.)*(?:WebRootPath|ContentRootPath)|(?:\w+\.)?GetCurrentDirectory\(\)|"wwwroot\b[\w/-]*")((?:\s*,\s*"[\w./-]+")*)/g;
const named = /upload|media|avatar|image|photo|picture|file|document|attachment/i;

/** `Path.Combine(env.WebRootPath, "uploads")` in a class that writes files. */
export function dotnetFolders(stack: Stack, { build, made }: Service, component: AppComponent): Folder[] {
  const dir = (build ?? made)?.context ?? component.dir;
  const sources = textsOf(stack, dir, "cs");
  if (!sources.some(({ text }) => takesForm.test(text)) || sources.some(({ text }) => remote.test(text)))
    return [];
  for (const source of sources) {
    if (!keeps.test(source.text)) continue;
    for (const match of source.text.matchAll(combined)) {
      const [whole, root = "", rest = ""] = match;
      const parts = [...rest.matchAll(/"([^"]+)"/g)].map(([, part]) => part!.replace(/^\.?\/|\/$/g, ""));
      if (root.endsWith("WebRootPath")) parts.unshift("wwwroot");
      if (root.startsWith('"')) parts.unshift(root.replace(/^"|\/?"$/g, ""));
      const folder = parts.join("/");
      if (!named.test(folder) || /\.\w+$/.test(folder)) continue;
      return [{ folder, at: locate(source, match.index, match.index + whole.length) }];
    }
  }
  return [];
}

const parameter =
  /^[ \t]+([\w.]*(?:upload|director|dir|folder|path|storage)[\w.]*):[ \t]*(['"]?)%kernel\.project_dir%\/([\w/-]+)\2[ \t]*$/gim;

/** A parameter of Symfony that names a folder for files, where some class moves what was sent. */
export function symfonyFolders(stack: Stack, component: AppComponent): Folder[] {
  const { dir, files } = component;
  const path = dir === "" ? "config/services.yaml" : `${dir}/config/services.yaml`;
  const settings = files.read(path);
  if (!settings) return [];
  const found = [...settings.text.matchAll(parameter)].find(([, , , folder]) => named.test(folder!));
  const folder = found?.[3]?.replace(/\/$/, "");
  if (!found || folder === undefined) return [];
  const sources = textsOf(stack, dir, "php");
  if (sources.some(({ text }) => remote.test(text)) || remote.test(settings.text)) return [];
  // The parameter's name, or the argument that it is bound to, in a class that moves files.
  const moves = sources.some(
    ({ text }) => /\bUploadedFile\b|->getData\(\)/.test(text) && /->move\(/.test(text),
  );
  const start = found.index + found[0].search(/\S/);
  return moves ? [{ folder, at: locate(settings, start, found.index + found[0].trimEnd().length) }] : [];
}

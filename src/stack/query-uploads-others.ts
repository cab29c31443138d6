import { filesEnding, isTest, isVendored } from "../artifacts/project-files.ts";
import { inside, join } from "../core/path.ts";
import { type Location, locate, type Source } from "../core/source.ts";
import type { AppComponent } from "./app/detect.ts";
import { variable } from "./query.ts";
import type { Service, Stack } from "./stack.ts";

/** Where programs in Ruby, PHP, Go and Java write what visitors send them. */

interface Folder {
  readonly folder: string;
  readonly at: Location;
}

const remote =
  /aws-sdk|amazonaws|S3Client|s3manager|minio|cloudinary|cloud\.google\.com\/go\/storage|com\.google\.cloud\.storage|\bazure\b|supabase|aliyun/i;
const mostFiles = 1_500;

export function otherFolders(stack: Stack, service: Service, component: AppComponent): Folder[] {
  switch (component.kind) {
    case "rails":
      return railsFolders(stack, service, component);
    case "laravel":
      return laravelFolders(stack, component);
    case "go":
      return codeFolders(
        stack,
        component,
        "go",
        /\bFormFile\(|\bMultipartForm\b|\bSaveUploadedFile\(/,
        goWrite,
      );
    case "spring":
      return codeFolders(stack, component, "java", /\bMultipartFile\b/, javaWrite);
    default:
      return [];
  }
}

function sourcesOf({ files }: Stack, { dir }: AppComponent, ending: string): readonly Source[] {
  const paths = filesEnding(files, ending).filter(
    path =>
      inside(dir, path) !== undefined && !isVendored(path) && !isTest(path) && !/\/src\/test\//.test(path),
  );
  return paths.length > mostFiles
    ? []
    : paths.flatMap(path => {
        const read = files.read(path);
        return "source" in read ? [read.source] : [];
      });
}

/** Active Storage keeps files in `storage` where production says `:local`. */
function railsFolders(stack: Stack, service: Service, component: AppComponent): Folder[] {
  const stage = variable(service, "RAILS_ENV")?.value?.text ?? service.model?.env.get("RAILS_ENV")?.value;
  if (stage !== "production") return [];
  const settings = component.files.read(join(component.dir, "config/environments/production.rb"));
  const local = /^[ \t]*config\.active_storage\.service\s*=\s*:local\b/m.exec(settings?.text ?? "");
  if (!settings || !local) return [];
  const disks = component.files.read(join(component.dir, "config/storage.yml"))?.text ?? "";
  if (
    !/^local:\s*\n\s+service:\s*Disk\s*\n\s+root:\s*<%=\s*Rails\.root\.join\(["']storage["']\)\s*%>/m.test(
      disks,
    )
  )
    return [];
  const attaches = sourcesOf(stack, component, "rb").some(
    ({ path, text }) =>
      /\/models\//.test(path) && /^[ \t]*(?:has_(?:one|many)_attached|has_rich_text)\b/m.test(text),
  );
  const start = local.index + local[0].search(/\S/);
  return attaches ? [{ folder: "storage", at: locate(settings, start, local.index + local[0].length) }] : [];
}

/** Files that are put on the disk `public` by its name, whatever the default is. */
function laravelFolders(stack: Stack, component: AppComponent): Folder[] {
  const disks = component.files.read(join(component.dir, "config/filesystems.php"))?.text;
  // Without the file the framework's own settings count, which say the same.
  if (disks !== undefined && !/['"]public['"]\s*=>\s*\[\s*['"]driver['"]\s*=>\s*['"]local['"]/.test(disks))
    return [];
  for (const source of sourcesOf(stack, component, "php")) {
    if (!/(?:^|\/)app\//.test(source.path)) continue;
    const found =
      /->(?:store|storePublicly)\(\s*[^,()]+,\s*['"]public['"]\s*\)|->storeAs\([^()]*,\s*['"]public['"]\s*\)|\bStorage::disk\(\s*['"]public['"]\s*\)\s*->put(?:File|FileAs)?\(/.exec(
        source.text,
      );
    if (found)
      return [
        { folder: "storage/app/public", at: locate(source, found.index, found.index + found[0].length) },
      ];
  }
  return [];
}

const goWrite =
  /\b(?:os\.(?:Create|MkdirAll|OpenFile|WriteFile)|\w+\.SaveUploadedFile)\([^\n]*|\b\w+\s*:?=\s*(?:filepath\.Join\(|fmt\.Sprintf\(|")[^\n]*/g;
const javaWrite =
  /\bString\s+\w*(?:[uU]pload|[dD]ir|[fF]older)\w*\s*=\s*"[^\n]*|\b(?:Paths\.get|Path\.of|new\s+File)\(\s*"[^\n]*/g;
const named =
  /"(?:\.\/)?(\/?(?:[\w-]+\/)*(?:uploads?|media|pfp|avatars?|photos?|images?|pictures|attachments|documents)(?:\/[\w-]+)*)(?=\/|"|\/?%)/;

const writes =
  /\bos\.(?:Create|OpenFile|WriteFile)\(|SaveUploadedFile\(|\bFiles\.(?:copy|write)\(|\.transferTo\(|FileOutputStream\(/;

/** Folders that are named after what people send, in a file that takes files from a request. */
function codeFolders(
  stack: Stack,
  component: AppComponent,
  ending: string,
  taking: RegExp,
  write: RegExp,
): Folder[] {
  const sources = sourcesOf(stack, component, ending);
  const takers = sources.filter(({ text }) => taking.test(text));
  if (takers.length === 0 || sources.some(({ text }) => remote.test(text))) return [];
  const found: Folder[] = [];
  for (const source of takers) {
    // In Java a class of its own writes what another one takes.
    if (!(ending === "java" ? takers : [source]).some(({ text }) => writes.test(text))) continue;
    for (const match of source.text.matchAll(write)) {
      const place = named.exec(match[0]);
      const folder = place?.[1];
      // A word alone may name a field of a form.
      const quoted = /^"([^"]*)/.exec(match[0].slice(place?.index ?? 0))?.[1] ?? "";
      const isCall = /^[\w.]+\(|^new\b/.test(match[0]);
      // What begins with a slash is an address for visitors as often as a place.
      const isAddress = !isCall && (quoted.startsWith("/") || /^\w*(?:url|uri|link|href)/i.test(match[0]));
      const isPath = isCall || /Join\(/.test(match[0]) || quoted.includes("/");
      if (
        folder === undefined ||
        !isPath ||
        isAddress ||
        /^\/?(?:tmp|dev)(?:\/|$)/.test(folder) ||
        found.some(each => each.folder === folder)
      )
        continue;
      found.push({ folder, at: locate(source, match.index, match.index + match[0].trimEnd().length) });
    }
  }
  return found.slice(0, 3);
}

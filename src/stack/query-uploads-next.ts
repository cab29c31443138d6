import { type Location, locate } from "../core/source.ts";
import type { AppComponent } from "./app/detect.ts";
import { scriptsOf } from "./query-code.ts";

/** Where routes of Next.js write what visitors send them. */

const taking = /\.formData\(\)|\bformidable\b|\bbusboy\b/i;
const writing = /\b(?:writeFile(?:Sync)?|createWriteStream)\(/;
const remote =
  /@aws-sdk|S3Client|cloudinary|minio|@vercel\/blob|supabase|uploadthing|@google-cloud\/storage|tmpdir\(/i;
const below = /\b(?:path\.)?(?:join|resolve)\(\s*process\.cwd\(\)\s*((?:,\s*["'][\w./-]+["']\s*)+)/g;

/** A folder below the working directory, in a route that takes files and writes them there itself. */
export function nextFolders(component: AppComponent): { folder: string; at: Location }[] {
  const depth = (path: string): number => path.split("/").length;
  // A copy of the program may lie in a folder of its own.
  for (const path of scriptsOf(component).toSorted((a, b) => depth(a) - depth(b))) {
    const source = component.files.read(path);
    if (!source || !taking.test(source.text) || !writing.test(source.text) || remote.test(source.text))
      continue;
    for (const match of source.text.matchAll(below)) {
      const folder = [...match[1]!.matchAll(/["']([^"']+)["']/g)]
        .map(([, part]) => part!.replace(/^\.?\/+|\/+$/g, ""))
        .join("/");
      if (
        !/upload|media|avatar|photo|image|attachment|document|storage/i.test(folder) ||
        /\.\w+$/.test(folder)
      )
        continue;
      const end = match.index + match[0].trimEnd().length;
      return [{ folder, at: locate(source, match.index, end) }];
    }
  }
  return [];
}

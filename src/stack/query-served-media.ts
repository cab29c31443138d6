import { filesBelow, isTest, isVendored } from "../artifacts/project-files.ts";
import type { Location } from "../core/source.ts";
import { isReached, type SettingsInForce, settingHere, settingsInForce } from "./query-settings.ts";
import { keeperOf, uploadFolders } from "./query-uploads.ts";
import type { Mount, Stack } from "./stack.ts";

/** Pictures that Django takes and that nobody hands out again. */
export interface UnservedMedia {
  readonly here: SettingsInForce;
  readonly url: string;
  readonly at: Location;
  /** The volume that no other program has. */
  readonly mount: Mount;
}

/**
 * MEDIA_ROOT is on a volume that only programs of the same code mount, no view of theirs serves files, and DEBUG is off,
 * so that `static()` adds no route.
 */
export function unservedMedia(stack: Stack): UnservedMedia[] {
  const inForce = settingsInForce(stack);
  return uploadFolders(stack).flatMap(({ service, folder }) => {
    const here = inForce.find(each => each.services.includes(service));
    const url = here && settingHere(here, "MEDIA_URL");
    if (!here || !url || typeof url.value !== "string" || /^(?:https?:)?\/\//.test(url.value)) return [];
    if (settingHere(here, "DEBUG")?.value !== false || !isReached(service)) return [];
    const mount = keeperOf(service, folder);
    if (!mount || mount === "unknown" || mount.type !== "volume" || mount.source === undefined) return [];
    const others = service.project.services.filter(
      each =>
        each.component !== service.component && each.mounts.some(({ source }) => source === mount.source),
    );
    if (others.length > 0 || handsOut(stack, here)) return [];
    return [{ here, url: `/${url.value.replace(/^\/|\/$/g, "")}/`, at: url.at, mount }];
  });
}

const picture = /\b(?:models\.)?ImageField\(|\bdefault_storage\.url\(/;
const servers =
  /\bviews\.static\b|\bstatic_?serve\b|\bFileResponse\b|X-Accel-Redirect|X-Sendfile|\bsendfile\b|StreamingHttpResponse|\.read\(\)\s*,\s*content_type|b64encode|WHITENOISE_ROOT|\bpreview_?url\b/i;

/** Some view of it may answer with the file; or no model has pictures, which pages ask for by their address. */
function handsOut(stack: Stack, { service }: SettingsInForce): boolean {
  const files = filesBelow(stack.files, service.component!.dir).filter(
    path => path.endsWith(".py") && !isTest(path) && !isVendored(path) && !/\/migrations\//.test(path),
  );
  let hasPictures = false;
  for (const path of files) {
    const read = stack.files.read(path);
    if (!("source" in read)) continue;
    if (servers.test(read.source.text)) return true;
    hasPictures ||= picture.test(read.source.text);
  }
  return !hasPictures;
}

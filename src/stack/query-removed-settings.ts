import { entryOf, type Value } from "../artifacts/value.ts";
import type { Located, Location } from "../core/source.ts";
import { type Installed, installedWithout } from "./query-removed-imports.ts";
import { type SettingsInForce, settingsInForce } from "./query-settings.ts";
import { usesFiles } from "./query-uploads.ts";
import type { Stack } from "./stack.ts";

/** One setting for storages that the installed Django no longer reads, so that its own default holds. */
export interface RemovedSetting {
  readonly here: SettingsInForce;
  readonly name: string;
  /** Files go to a service in the network by it, and to the container's own disk without it. */
  readonly remote: boolean;
  readonly at: Location;
  readonly installed: Installed;
}

// Release notes of Django 5.1, "Features removed in 5.1": STORAGES takes their place, and nothing warns.
const removed = [
  { name: "DEFAULT_FILE_STORAGE", key: "default", own: /\.FileSystemStorage$/ },
  { name: "STATICFILES_STORAGE", key: "staticfiles", own: /contrib.*\.StaticFilesStorage$/ },
] as const;
const since = { package: "django", since: "5.1", module: "", instead: "" };
const elsewhere = /s3|boto|gcloud|google|azure|oss|cos|spaces|cloudinary|dropbox|sftp|minio|media/i;

/** The lists of all settings modules that have one. */
export function removedSettings(stack: Stack): [RemovedSetting, ...RemovedSetting[]][] {
  return settingsInForce(stack).flatMap(here => {
    const { component } = here.service;
    const installed = component && installedWithout(stack, component.manifest, since);
    if (!installed) return [];
    const found = removed.flatMap(({ name, key, own }): RemovedSetting[] => {
      const value = here.settings.values.get(name);
      const named = value && classIn(value);
      if (!named || own.test(named.value)) return [];
      // What is set in the new way is read; where that is put together unseen, nobody knows.
      const storages = here.settings.values.get("STORAGES");
      if (storages && (storages.kind !== "dict" || entryOf(storages, key))) return [];
      const remote = elsewhere.test(named.value);
      if (name === "DEFAULT_FILE_STORAGE" && !usesFiles(component)) return [];
      return [{ here, name, remote, at: named.at, installed }];
    });
    const [first, ...more] = found;
    return first ? [[first, ...more]] : [];
  });
}

/** The dotted name of a class, also where only some settings have it. */
function classIn(value: Value): Located<string> | undefined {
  if (value.kind === "literal")
    return typeof value.value === "string" ? { value: value.value, at: value.at } : undefined;
  if (value.kind === "choice") return classIn(value.yes) ?? classIn(value.no);
  return undefined;
}

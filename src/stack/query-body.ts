import { djangoSettingUnder } from "../artifacts/django-settings.ts";
import { readExpress } from "../artifacts/express.ts";
import { concrete, entryOf } from "../artifacts/value.ts";
import type { Location } from "../core/source.ts";
import { lookupOf, settingsOf } from "./query-environment.ts";
import type { Service } from "./stack.ts";

/** How large a request body may be, and where that is said. */
export interface Size {
  readonly bytes: number;
  readonly at: Location;
}

/** A limit that the application's own code names. */
export function acceptedBy(service: Service): Size | undefined {
  const { component } = service;
  if (component?.kind === "django") {
    const settings = settingsOf(service);
    const value = settings?.values.get("DATA_UPLOAD_MAX_MEMORY_SIZE");
    const bytes = settings && djangoSettingUnder(settings, "DATA_UPLOAD_MAX_MEMORY_SIZE", lookupOf(service));
    return value && typeof bytes === "number" ? { bytes, at: value.at } : undefined;
  }
  if (component?.kind !== "express") return undefined;
  const [entry] = component.entries;
  const source = entry === undefined ? undefined : component.files.read(entry);
  const limits = (source && readExpress(component.files, source)?.middleware)?.flatMap(
    ({ name, options }) => {
      if (!/(?:^|\.)(?:json|urlencoded|raw|text)$/.test(name)) return [];
      const limit = entryOf(options, "limit");
      const value = limit && concrete(limit, lookupOf(service));
      const bytes =
        typeof value === "number" ? value : bytesOf(typeof value === "string" ? value : undefined);
      return limit && bytes !== undefined ? [{ bytes, at: limit.at }] : [];
    },
  );
  return limits?.sort((a, b) => b.bytes - a.bytes)[0];
}

const units: Readonly<Record<string, number>> = { "": 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** `10m`, `10mb`, `512k`. */
export function bytesOf(text: string | undefined): number | undefined {
  const [, digits, unit] = /^(\d{1,12})\s*([kmg]?)b?$/i.exec(text ?? "") ?? [];
  return digits === undefined ? undefined : Number(digits) * units[(unit ?? "").toLowerCase()]!;
}

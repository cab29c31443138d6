import { djangoSettingUnder } from "../artifacts/django-settings.ts";
import { readExpress } from "../artifacts/express.ts";
import { concrete, entryOf } from "../artifacts/value.ts";
import { sourceOf } from "../core/project-files.ts";
import { type Location, locate } from "../core/source.ts";
import type { AppComponent } from "./app/detect.ts";
import { codeOf } from "./query-code.ts";
import { isRun } from "./query-connections.ts";
import { lookupOf, settingsOf } from "./query-environment.ts";
import type { Service, Stack } from "./stack.ts";

/** How large a request body may be, and where that is said. */
export interface Size {
  readonly bytes: number;
  readonly at: Location;
}

/** A limit that the application's own code names. */
export interface Accepted extends Size {
  /** It is one for files that people send, and no mere tolerance of a parser. */
  readonly files?: true;
}

/** The largest body that the application's own code is prepared for. */
export function acceptedBy(stack: Stack, service: Service): Accepted | undefined {
  const parsed = parsedBy(service);
  const sent = service.component && filesOf(stack, service, service.component);
  return sent && sent.bytes >= (parsed?.bytes ?? 0) ? sent : parsed;
}

function parsedBy(service: Service): Size | undefined {
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

const node = /^(?:express|nest|fastify|koa|node)$/;
const python = /^(?:django|fastapi|flask)$/;
const takes: readonly (readonly [kinds: RegExp, files: RegExp, words: RegExp, limit: RegExp])[] = [
  [
    node,
    /\.[cm]?[jt]s$/,
    /\bmulter\b|FileInterceptor|FilesInterceptor|@fastify\/multipart|express-fileupload|\bbusboy\b/,
    /\bfileSize\s*:\s*([\w.][\w.* \t]*)/g,
  ],
  [
    python,
    /\.py$/,
    /\bUploadFile\b|request\.files\b|request\.FILES\b|\b(?:File|Image)Field\(|MAX_CONTENT_LENGTH/,
    /(?:\blen\(\w+\)|\.size|MAX_CONTENT_LENGTH["'\]]*)\s*(?:>|=(?!=))\s*([\w.][\w.* \t]*)/g,
  ],
];

/** The largest file that code which takes files lets through: `limits: { fileSize: 5 * 1024 * 1024 }`, `if len(body) > MAX_SIZE`. */
function filesOf(stack: Stack, service: Service, component: AppComponent): Accepted | undefined {
  const [, ending, words, limit] = takes.find(([kinds]) => kinds.test(component.kind)) ?? [];
  if (!ending || !words || !limit) return undefined;
  const found = codeOf(component).flatMap((path): Accepted[] => {
    const source = ending.test(path) ? sourceOf(stack, path) : undefined;
    if (!source || source.text.length > longest || !words.test(source.text)) return [];
    return [...source.text.matchAll(limit)].flatMap(match => {
      const bytes = numberOf(match[1]!, source.text);
      const at = locate(source, match.index, match.index + match[0].trimEnd().length);
      return bytes !== undefined && isRun(stack, service, component, at) ? [{ bytes, at, files: true }] : [];
    });
  });
  return found.sort((a, b) => b.bytes - a.bytes)[0];
}

const longest = 200_000;

/** A product of numbers, or a constant of the same file that is one. */
function numberOf(expression: string, text: string): number | undefined {
  const name = expression.trim().replace(/^.*\./, "");
  const written = /^[\d_* \t]+$/.test(expression)
    ? expression
    : /^\w+$/.test(name)
      ? new RegExp(`\\b${name}\\b\\s*(?::\\s*\\w+\\s*)?=\\s*(\\d[\\d_* \\t]*)`).exec(text)?.[1]
      : undefined;
  const factors = written?.split("*").map(each => Number(each.trim().replaceAll("_", ""))) ?? [];
  const bytes = factors.reduce((product, each) => product * each, 1);
  return factors.length > 0 && Number.isSafeInteger(bytes) && bytes > 10_000 ? bytes : undefined;
}

const units: Readonly<Record<string, number>> = { "": 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** `10m`, `10mb`, `512k`. */
export function bytesOf(text: string | undefined): number | undefined {
  const [, digits, unit] = /^(\d{1,12})\s*([kmg]?)b?$/i.exec(text ?? "") ?? [];
  return digits === undefined ? undefined : Number(digits) * units[(unit ?? "").toLowerCase()]!;
}

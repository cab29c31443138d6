import type { Parsed } from "../core/artifact.ts";
import type { Source } from "../core/source.ts";
import { locate } from "../core/source.ts";
import { nestsTooDeep } from "./javascript-depth.ts";
import { type EsNode, Reader } from "./javascript-reader.ts";
import type { JsModule } from "./javascript-tree.ts";

type ParseSync = typeof import("oxc-parser").parseSync;

const largestFile = 1_000_000;

let parseSync: ParseSync | undefined;
let failure: string | undefined;

/**
 * Loads the native parser once (about 10 ms). To be awaited before `parseJavascript` is called.
 * Where it cannot be loaded (no build for this platform), every file has that as its problem, and it is given back.
 */
export async function loadJavascript(): Promise<string | undefined> {
  if (parseSync || failure) return failure;
  try {
    parseSync = (await import("oxc-parser")).parseSync;
  } catch (error) {
    // Decision: without the native part the audit goes on and says what it did not read.
    failure = error instanceof Error ? error.message.split("\n")[0]! : String(error);
  }
  return failure;
}

const parsed = new WeakMap<Source, Parsed<JsModule>>();

/**
 * The statements of a JavaScript or TypeScript file, each with its place. Never throws.
 * On a syntax error there is no model at all, only a problem: the parser gives no partial tree.
 */
export function parseJavascript(source: Source): Parsed<JsModule> {
  const known = parsed.get(source);
  if (known) return known;
  if (!parseSync)
    return refuse(source, `the JavaScript reader is not available: ${failure ?? "it was not loaded"}`);
  const result = read(source, parseSync);
  parsed.set(source, result);
  return result;
}

function read(source: Source, parse: ParseSync): Parsed<JsModule> {
  if (source.text.length > largestFile)
    return refuse(source, "the file is too large to be read as JavaScript");
  if (nestsTooDeep(source.text)) return refuse(source, "the file nests too deep to be read as JavaScript");
  // A byte order mark is not counted by the parser: blank it out, so that offsets stay those of the file.
  const text = source.text.startsWith("\ufeff") ? ` ${source.text.slice(1)}` : source.text;
  const { program, errors } = parse(source.path, text, { lang: language(source.path) });
  const error = errors.find(each => each.severity === "Error");
  if (error) {
    const label = error.labels[0];
    const at = locate(source, clamp(label?.start, text), clamp(label?.end, text));
    return {
      ...refuse(source, ""),
      problems: [{ at, message: `this is not valid JavaScript: ${error.message}` }],
    };
  }
  const body = new Reader(source).body(program.body as unknown as readonly EsNode[]);
  return { model: { file: source.path, text: source.text, body }, problems: [] };
}

function clamp(offset: number | undefined, text: string): number {
  return Math.min(Math.max(offset ?? 0, 0), text.length);
}

/** Many projects keep JSX in .js files; a .ts file never holds it. */
function language(path: string): "jsx" | "ts" | "tsx" {
  if (/\.[cm]?ts$/.test(path)) return "ts";
  return path.endsWith(".tsx") ? "tsx" : "jsx";
}

function refuse(source: Source, message: string): Parsed<JsModule> {
  return {
    model: { file: source.path, text: source.text, body: [] },
    problems: [{ at: locate(source, 0, 0), message }],
  };
}

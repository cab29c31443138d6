import { isTest } from "../artifacts/project-files.ts";
import { inside } from "../core/path.ts";
import { type Location, locate, type Source } from "../core/source.ts";
import { serverServices } from "./query.ts";
import type { Service, Stack } from "./stack.ts";

/** A NestJS application that answers to every origin and lets cookies go with the call. */
export interface NestSharing {
  readonly service: Service;
  readonly file: string;
  readonly origin: Location;
  readonly credentials: Location;
}

const entry = /(?:^|\/)main\.[cm]?[jt]s$/;

export function* nestSharing(stack: Stack): Generator<NestSharing> {
  const seen = new Set<string>();
  for (const service of serverServices(stack)) {
    const { component } = service;
    if (component?.kind !== "nest") continue;
    const files = stack.files.paths.filter(
      path => entry.test(path) && inside(component.dir, path) !== undefined && !isTest(path),
    );
    // Several programs of one repository: which of them runs is not known here.
    const [file, ...others] = files;
    if (file === undefined || others.length > 0 || seen.has(file)) continue;
    seen.add(file);
    const source = component.files.read(file);
    const found = source && openIn(source);
    if (found) yield { service, file, ...found };
  }
}

/** Both options stand as literals in one call; a condition around the call, or in it, decides otherwise. */
function openIn(source: Source): { origin: Location; credentials: Location } | undefined {
  const calls = [...source.text.matchAll(/\benableCors\(\s*\{/g)];
  const [call, ...more] = calls;
  if (!call || more.length > 0) return undefined;
  const start = call.index + call[0].length;
  const options = source.text.slice(start, endOf(source.text, start));
  const origin = /(?<![\w.])origin\s*:\s*true\s*(?=[,}\n]|$)/.exec(options);
  const credentials = /(?<![\w.])credentials\s*:\s*true\s*(?=[,}\n]|$)/.exec(options);
  if (!origin || !credentials) return undefined;
  const at = (match: RegExpExecArray) =>
    locate(source, start + match.index, start + match.index + match[0].trimEnd().length);
  return { origin: at(origin), credentials: at(credentials) };
}

/** Where the braces that are open at this offset close. */
function endOf(text: string, start: number): number {
  let depth = 1;
  for (let i = start; i < text.length; i++) {
    if (text[i] === "{") depth++;
    else if (text[i] === "}" && --depth === 0) return i;
  }
  return text.length;
}

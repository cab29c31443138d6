import { basename, join } from "../core/path.ts";
import { type Location, locate } from "../core/source.ts";
import { containerFile } from "./query.ts";
import { workingDirectory } from "./query-import.ts";
import type { Service, Stack } from "./stack.ts";

/** A Python program that starts its own server, as `python app.py` does. */
export interface OwnServer {
  readonly what: string;
  readonly at: Location;
  /** Whoever provokes an error gets a console that runs code. */
  readonly debugger: boolean;
}

/** The development server that the started file runs by itself; undefined when it runs none, or that is not seen. */
export function ownServer(stack: Stack, service: Service): OwnServer | undefined {
  const argv = service.process?.argv ?? [];
  const words = argv.map(word => word.value ?? "?");
  if (!/^python[\d.]*$/.test(basename(words[0] ?? ""))) return undefined;
  const name = words.slice(1).find(word => !word.startsWith("-"));
  if (!name?.endsWith(".py") || words.includes("-m")) return undefined;
  const path = containerFile(stack, service, join(workingDirectory(service) ?? "/", name)).repositoryPath;
  const read = path === undefined ? undefined : stack.files.read(path);
  if (!read || !("source" in read)) return undefined;
  const { source } = read;
  const { text } = source;
  for (const match of text.matchAll(/^[ \t]*(\w+)\.run\(((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)/gm)) {
    const [whole, object, inside = ""] = match;
    const start = match.index + whole.indexOf(object!);
    const at = locate(source, start, match.index + whole.length);
    if (object === "uvicorn" && /\breload\s*=\s*True\b/.test(inside))
      return { what: "uvicorn with a reloader", at, debugger: false };
    if (isFlask(service, text, object!))
      return { what: "Flask's development server", at, debugger: /\bdebug\s*=\s*True\b/.test(inside) };
  }
  return undefined;
}

/** The object is Flask's: made here, or taken in from another module of an application that is one of Flask. */
function isFlask({ component }: Service, text: string, object: string): boolean {
  const made = new RegExp(`^${object}\\s*=\\s*(?:Flask|\\w*create_\\w+)\\(`, "m").test(text);
  if (made && /\bflask\b/.test(text)) return true;
  // Its own server is the only thing that `run` starts there; others have a word for each of theirs.
  if (component?.kind !== "flask" || /\b(?:quart|sanic|bottle|aiohttp|eventlet|gevent|waitress)\b/.test(text))
    return false;
  return made || new RegExp(`^from [.\\w]+ import (?:[\\w, ]+, *)?${object}(?![\\w.])`, "m").test(text);
}

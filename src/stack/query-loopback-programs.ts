import { filesEnding, isTest, isVendored, ownFiles } from "../artifacts/project-files.ts";
import { basename, join } from "../core/path.ts";
import { type Location, locate, type Source } from "../core/source.ts";
import { containerFile, variable } from "./query.ts";
import { workingDirectory } from "./query-import.ts";
import type { Service, Stack } from "./stack.ts";

/** Programs whose own code, or whose start of it, listens on the loopback address of the container. */

export interface LoopbackProgram {
  readonly host: string;
  readonly isDefault: boolean;
  readonly at: Location;
}

export function loopbackProgram(
  stack: Stack,
  service: Service,
  words: readonly (string | undefined)[],
): LoopbackProgram | undefined {
  const [first, ...rest] = words;
  const program = basename(first ?? "");
  if (/^python[\d.]*$/.test(program)) {
    const script = rest.find(word => word !== undefined && !word.startsWith("-"));
    return script?.endsWith(".py") && !rest.includes("-m") ? pythonServer(stack, service, script) : undefined;
  }
  if (service.component?.kind === "go") return oneIn(stack, service, "go", goServer);
  if (service.component?.kind === "rust") return oneIn(stack, service, "rs", rustServer);
  return undefined;
}

/** `app.run()` and `uvicorn.run(app)` of the file that is started: both listen on 127.0.0.1 when no host is given. */
function pythonServer(stack: Stack, service: Service, script: string): LoopbackProgram | undefined {
  const home = workingDirectory(service);
  if (home === undefined && !script.startsWith("/")) return undefined;
  const path = script.startsWith("/") ? script : join(home!, script);
  const { repositoryPath } = containerFile(stack, service, path);
  const read = repositoryPath === undefined ? undefined : stack.files.read(repositoryPath);
  if (!read || !("source" in read)) return undefined;
  const { source } = read;
  const calls = [
    ...source.text.matchAll(
      /^[ \t]*(?:[A-Za-z_]\w*\s*=\s*)?(uvicorn|\w+)\.run\(([^()]*(?:\([^()]*\)[^()]*)*)\)/gm,
    ),
  ].filter(([, name]) => name === "uvicorn" || isFlaskApp(source, name!));
  const [only, ...more] = calls;
  if (!only || more.length > 0) return undefined;
  const [, name, given = ""] = only;
  // Options that are handed on as a whole may hold the address.
  if (/\*\*|\buds\b|\bfd\b|\bunix_socket\b/.test(given)) return undefined;
  const host = /\bhost\s*=\s*([^,]+)/.exec(given)?.[1]?.trim();
  const start = only.index + only[0].search(/\S/);
  const at = locate(source, start, only.index + only[0].length);
  if (host === undefined) {
    // Flask takes the address as its first argument, and from SERVER_NAME.
    if (name !== "uvicorn" && /^\s*["'\w]/.test(given) && !/^\s*\w+\s*=/.test(given)) return undefined;
    if (
      name === "uvicorn" &&
      given.split(",").filter(each => each.trim() !== "" && !each.includes("=")).length > 1
    )
      return undefined;
    if (/SERVER_NAME|FLASK_RUN_HOST|UVICORN_HOST/.test(source.text) || variable(service, "UVICORN_HOST"))
      return undefined;
    return { host: "127.0.0.1", isDefault: true, at };
  }
  const literal = /^["'](127\.0\.0\.1|localhost)["']$/.exec(host)?.[1];
  return literal === undefined ? undefined : { host: literal, isDefault: false, at };
}

function isFlaskApp({ text }: Source, name: string): boolean {
  return new RegExp(`^${name}\\s*(?::[^=\\n]+)?=\\s*(?:flask\\.)?Flask\\(`, "m").test(text);
}

const goServer =
  /\b(?:\w+\.(?:Run|Start|Listen)|http\.ListenAndServe(?:TLS)?)\(\s*"(127\.0\.0\.1|localhost):\d+"|\bAddr:\s*"(127\.0\.0\.1|localhost):\d+"|\bnet\.Listen\(\s*"tcp4?"\s*,\s*"(127\.0\.0\.1|localhost):\d+"/g;
const rustServer =
  /\bTcpListener::bind\(\s*"(127\.0\.0\.1|localhost):\d+"|\.bind\(\s*\(?\s*"(127\.0\.0\.1|localhost)(?::\d+)?"|\bSocketAddr::from\(\(\[127,\s*0,\s*0,\s*1\]/g;
const other = /0\.0\.0\.0|"(?:\[::\])?:\d{2,5}"|\[0,\s*0,\s*0,\s*0\]/;

/** The one server of a program; undefined where another address stands anywhere, or several do. */
function oneIn(stack: Stack, service: Service, ending: string, pattern: RegExp): LoopbackProgram | undefined {
  const { component } = service;
  const own = new Set(ownFiles(stack.files, component!.dir));
  const paths = filesEnding(stack.files, ending).filter(
    path =>
      own.has(path) &&
      !isTest(path) &&
      !isVendored(path) &&
      !/(?:^|\/)(?:examples?|scripts?|tools?)\//.test(path),
  );
  if (paths.length === 0 || paths.length > 300) return undefined;
  const found: LoopbackProgram[] = [];
  for (const path of paths) {
    const read = stack.files.read(path);
    if (!("source" in read)) continue;
    const text = read.source.text.replace(/\/\/[^\n]*/g, each => " ".repeat(each.length));
    if (other.test(text)) return undefined;
    for (const match of text.matchAll(pattern))
      found.push({
        host: match.slice(1).find(each => each !== undefined) ?? "127.0.0.1",
        isDefault: false,
        at: locate(read.source, match.index, match.index + match[0].length),
      });
  }
  if (found.length !== 1) return undefined;
  return found[0];
}

import type { CopyCall } from "../artifacts/commands-model.ts";
import { plainFragment } from "../core/fragment.ts";
import { basename, inside, join, normalize } from "../core/path.ts";
import type { Located, Location } from "../core/source.ts";
import { parseShell } from "../formats/shell.ts";
import type { Argument } from "./process.ts";
import { pagesOf } from "./query-pages.ts";
import type { Service, Stack } from "./stack.ts";

/** The command that stays, with package scripts followed: `npm start` is what package.json makes of it. */
export interface RunningCommand {
  /** From the program on. A word nothing can resolve is undefined. */
  readonly words: readonly (string | undefined)[];
  readonly at: Location;
  /** The package script it was found in. */
  readonly script?: Located<string>;
}

/** What keeps running in a service. Undefined when nothing in the repository says it. */
export function runningCommand(service: Service): RunningCommand | undefined {
  const argv = service.process?.argv;
  if (!argv || argv.length === 0) return undefined;
  const direct: RunningCommand = { words: argv.map(word => word.value), at: placeOf(argv) };
  return followScript(service, direct) ?? direct;
}

/** Where a command line stands: from its first word to its last one in the same file. */
export function placeOf(argv: readonly Argument[]): Location {
  const first = argv[0]!.at;
  const ends = argv.filter(word => word.at.file === first.file).map(word => word.at.span.end);
  return { file: first.file, span: { start: first.span.start, end: Math.max(...ends) } };
}

const managers = new Set(["npm", "pnpm", "yarn", "bun"]);

/** The name of the package script that a command runs: `npm run dev`, `yarn dev`, `npm start`. */
export function packageScript(words: readonly (string | undefined)[]): string | undefined {
  const [program, ...rest] = words;
  if (!managers.has(basename(program ?? ""))) return undefined;
  const plain = rest.filter(word => word === undefined || !word.startsWith("-"));
  if (rest[0]?.startsWith("-") || plain[0] === undefined) return undefined;
  if (plain[0] === "run" || plain[0] === "run-script") return plain[1];
  if (plain[0] === "start" || plain[0] === "test") return plain[0];
  // Bun runs files and programs under the same spelling.
  return basename(program!) === "npm" || basename(program!) === "bun" ? undefined : plain[0];
}

/** What the package manager adds to the end of the script: `npm run serve -- --host 0.0.0.0`. */
function handedOn(words: readonly (string | undefined)[], name: string): readonly (string | undefined)[] {
  const rest = words.slice(words.indexOf(name) + 1);
  const dashes = rest.indexOf("--");
  if (dashes !== -1) return rest.slice(dashes + 1);
  // npm keeps what stands before two dashes for itself.
  return basename(words[0] ?? "") === "npm" ? [] : rest;
}

function followScript(service: Service, command: RunningCommand): RunningCommand | undefined {
  let found: RunningCommand | undefined;
  let { words } = command;
  for (let guard = 0; guard < 4; guard++) {
    const name = packageScript(words);
    const script = name === undefined ? undefined : service.component?.package?.scripts.get(name);
    if (!script) return found;
    const { commands } = parseShell(plainFragment(script.at.file, script.value, script.at.span.start));
    const last = commands.findLast(each => each.name);
    if (!last) return found;
    const start = last.words.findIndex(
      word => !/^(cross-env|dotenv|env-cmd|--|[A-Za-z_]\w*=.*)$/.test(word.value ?? ""),
    );
    const own = last.words.slice(Math.max(start, 0)).map(word => word.value);
    words = [...own, ...handedOn(words, name!)];
    found = { words, at: command.at, script };
  }
  return found;
}

/** Programs that write the files they are given. */
const writers =
  /^(mkdir|cp|mv|touch|ln|tee|install|tar|unzip|rsync|openssl|mkcert|certbot|htpasswd|git|wget|curl|envsubst)$/;

const made = new WeakMap<Stack, ReadonlySet<string>>();

/** A command of a script, Makefile or workflow that makes a path of the repository (or something below it). */
export function madeByScript(stack: Stack, path: string): boolean {
  let all = made.get(stack);
  if (!all) {
    all = madePaths(stack);
    made.set(stack, all);
  }
  for (const each of all)
    if (inside(path, each) !== undefined || each.endsWith(`/${path}`) || each.includes(`/${path}/`))
      return true;
  return false;
}

/** Everything that commands write or are given to write, as written and from the directory they run in. */
function madePaths(stack: Stack): Set<string> {
  const paths = new Set<string>();
  const add = (value: string | undefined, cwd: string | undefined) => {
    const text = value?.replace(/^--?[\w-]+=/, "");
    if (!text || text.startsWith("-")) return;
    paths.add(normalize(text));
    if (cwd !== undefined && !cwd.startsWith("/")) paths.add(join(cwd, text));
  };
  for (const { call } of stack.calls) {
    for (const write of call.writes) add(write.path.value, call.cwd);
    if (writers.test(call.name)) for (const { value } of call.args) add(value, call.cwd);
    // `scp docker/nginx.prod.conf me@server:/srv/shop/nginx.conf`: the server's file, often under another name.
    if (call.kind === "remote-copy" && call.direction === "upload")
      add(remotePath(call.destination), undefined);
  }
  // A page has whoever sets it up fetch or copy a file there.
  for (const { text } of pagesOf(stack)) {
    for (const line of text.split("\n"))
      if (line.length < 500 && told.test(line))
        for (const word of line.split(/[\s"'`()]+/)) if (/[./]/.test(word)) add(word, undefined);
  }
  return paths;
}

const toldByHand = new WeakMap<Stack, ReadonlySet<string>>();

/** A page has whoever sets it up write a file of the name: "create a file `google_client.json`". */
export function isWrittenByHand(stack: Stack, path: string): boolean {
  let all = toldByHand.get(stack);
  if (!all) {
    const lines = pagesOf(stack).flatMap(({ text }) => text.split("\n"));
    const asking = lines.filter(
      line => line.length < 500 && /\b(?:create|provide|place|put|save|expects?)\b/i.test(line),
    );
    all = new Set(
      asking.flatMap(line =>
        (line.match(/`+[\w./-]+`+/g) ?? []).map(word => basename(word.replaceAll("`", ""))),
      ),
    );
    toldByHand.set(stack, all);
  }
  return all.has(basename(path));
}

/** Commands in a page that put a file somewhere. */
const told = /(?:^|[\s`$&;|])(?:wget|curl|cp|mv|touch|openssl|htpasswd|tee)\s/;

/** What follows the colon; host and folder may be variables or expressions, which are left as they are. */
function remotePath(destination: CopyCall["destination"]): string | undefined {
  const text = (destination?.value ?? destination?.word.text)?.replace(/["']/g, "");
  return text === undefined
    ? undefined
    : /:((?!\/\/)[^:]*)$/.exec(text.replace(/\$\{\{[^}]*\}\}/g, "X"))?.[1];
}

/** True the first time a place is asked for: one cause in a file that several services share is told once. */
export function oncePerPlace(): (at: Location) => boolean {
  const seen = new Set<string>();
  return at => {
    const key = `${at.file}:${at.span.start}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  };
}

const grades = ["deployed", "presumed", "staging", "development"];

/** Services of deployed projects first, so that a shared cause is told with its full weight. */
export function worstFirst(services: readonly Service[]): readonly Service[] {
  return services.toSorted((a, b) => grades.indexOf(a.project.grade) - grades.indexOf(b.project.grade));
}

/** Says what it runs. A service without is the part of an overlay whose base is another file. */
export function isComplete(service: Service): boolean {
  return service.image !== undefined || service.build !== undefined;
}

/**
 * An image on top of an interpreter, which nobody gives a program: without a terminal it finds no input and ends. So
 * images are made that `run` starts with a command.
 */
export function isOnlyInterpreter({ process, model, ports, command, entrypoint, get }: Service): boolean {
  if (process || !model?.base || model.cmd || model.entrypoint || command || entrypoint || ports.length > 0)
    return false;
  if (get("tty") || get("stdin_open")) return false;
  const { name, tag = "" } = model.base;
  const program = name.split("/").at(-1)!;
  return program === "php" ? /(?:^|-)cli(?:-|$)/.test(tag) : /^(?:python|node|ruby|bash)$/.test(program);
}

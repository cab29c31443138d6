import type { RouteAnswer } from "../artifacts/route-tree.ts";
import type { Edit } from "../core/fix.ts";
import { plainFragment } from "../core/fragment.ts";
import { basename, join } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import { type Location, locate } from "../core/source.ts";
import { parseShell, type ShellCommand } from "../formats/shell.ts";
import { serves } from "./app/routes.ts";
import type { ToolAnswer } from "./image/files.ts";
import type { EffectiveNginx } from "./proxy/effective.ts";
import { containerFile, hostNames, variable } from "./query.ts";
import { runningCommand } from "./query-process.ts";
import { scalarValue } from "./resolve/values.ts";
import type { Service, Stack } from "./stack.ts";

/** One program that a health check calls. */
export interface ProbeCommand {
  /** A word that depends on something unknown is undefined. */
  readonly words: readonly (string | undefined)[];
  readonly at: Location;
  /** Its standard output is read by another command, so that its exit status does not count. */
  readonly piped: boolean;
}

/**
 * What a health check runs: alternatives joined by `||`, each a list of commands that must all succeed.
 * `exit 1` and the like are left out. Undefined when nothing is known of it, or when a program in the shell
 * (conditions, loops, functions) decides.
 */
export function probeOf(service: Service): readonly (readonly ProbeCommand[])[] | undefined {
  const check = service.healthcheck;
  if (!check || check.disabled || !check.command) return undefined;
  const { command } = check;
  if (command.form === "shell") return shellProbe(shellText(service), command.words[0]?.at ?? command.at);
  const words = command.words.map(word => word.value);
  const at = command.words[0]?.at ?? command.at;
  if (/^(ba|da|a)?sh$/.test(basename(words[0] ?? ""))) {
    const flag = words.findIndex(word => /^-[a-z]*c$/.test(word ?? ""));
    if (flag === -1) return [[{ words, at, piped: false }]];
    return shellProbe(words[flag + 1], command.words[flag + 1]?.at ?? at);
  }
  return [[{ words, at, piped: false }]];
}

/** The text that the container's shell gets; a variable that only the host knows stays as it is written. */
function shellText(service: Service): string | undefined {
  const { command, from } = service.healthcheck!;
  if (from === "dockerfile") return command!.text;
  const test = service.get("healthcheck", "test");
  const value = scalarValue(test?.kind === "seq" ? test.items[1] : test, service.project.lookup);
  return value && (value.text ?? value.raw.replaceAll("$$", "$"));
}

const idle = new Set(["exit", "true", "false", ":", "echo", "printf", "kill", "set", "sleep"]);
/** Shell built-ins that need no program. */
const tests = new Set(["[", "[[", "test", "((", "cd", "export", "command", "type", "read", "exec"]);

function shellProbe(text: string | undefined, at: Location): ProbeCommand[][] | undefined {
  if (text === undefined) return undefined;
  const script = parseShell(plainFragment(at.file, text, at.span.start));
  if (script.constructs.length > 0 || script.problems.length > 0) return undefined;
  if (endsWell(script.commands)) return undefined;
  const alternatives: ProbeCommand[][] = [[]];
  for (const command of script.commands) {
    const name = command.name?.value;
    if (name === undefined) return undefined;
    if (tests.has(name)) return undefined;
    if (!idle.has(name)) alternatives.at(-1)!.push(toProbe(command, at));
    if (command.connector === "||") alternatives.push([]);
    // After `;` only the last command's status counts.
    else if (command.connector === ";" || command.connector === "\n" || command.connector === "&")
      return undefined;
  }
  return alternatives.filter(alternative => alternative.length > 0);
}

/** `|| true`, `|| exit 0`, `; exit 0`: whatever was asked before, the status is 0. */
function endsWell(commands: readonly ShellCommand[]): boolean {
  const [before, last] = commands.slice(-2);
  if (!before || !last || !["||", ";", "\n"].includes(before.connector ?? "")) return false;
  // `grep -q stopped && exit 1 || exit 0`: the check has ended before the last word.
  if (commands.some(({ name, words }) => name?.value === "exit" && words[1] && words[1].value !== "0"))
    return false;
  const words = last.words.map(word => word.value);
  return /^(?:true|:|echo|printf)$/.test(words[0] ?? "") || (words[0] === "exit" && words[1] === "0");
}

/** Where a health check stands whose status says nothing; undefined when it can fail, or when it is not known. */
export function alwaysHealthy(service: Service): Location | undefined {
  const command = service.healthcheck?.disabled ? undefined : service.healthcheck?.command;
  if (!command) return undefined;
  const words = command.words.map(word => word.value);
  if (command.form !== "shell" && onlyExits(words)) return command.at;
  const flag = words.findIndex(word => /^-[a-z]*c$/.test(word ?? ""));
  const text = command.form === "shell" ? shellText(service) : flag === -1 ? undefined : words[flag + 1];
  if (text === undefined) return undefined;
  const script = parseShell(plainFragment(command.at.file, text, command.at.span.start));
  const isPlain = script.constructs.length === 0 && script.problems.length === 0;
  const [only, ...more] = script.commands;
  const exits = only && more.length === 0 && onlyExits(only.words.map(word => word.value));
  return isPlain && (exits || endsWell(script.commands)) ? command.at : undefined;
}

/** `node -e "process.exit(0)"`, `php -r 'exit(0);'`, `true`: it asks nothing at all. */
function onlyExits(words: readonly (string | undefined)[]): boolean {
  const [program, flag, code, ...rest] = words;
  const name = basename(program ?? "");
  if (flag === undefined) return name === "true" || name === ":";
  if (name === "exit") return flag === "0" && code === undefined;
  return (
    interpreters.test(name) &&
    /^(?:-c|-e|-r|--eval)$/.test(flag) &&
    rest.length === 0 &&
    /^\s*(?:import sys\s*;\s*)?(?:process\.exit|sys\.exit|exit|die)\s*\(\s*0?\s*\)\s*;?\s*$/.test(code ?? "")
  );
}

const speaks = /^\s*(?:echo|print|puts|console\.log)\b\s*\(?\s*(["'])[^"'$`\\]*\1\s*\)?\s*;?\s*$/;

/** Where a health check stands that only says something: an `echo` without a shell, or a line of code that prints. */
export function asksNothing(service: Service): Location | undefined {
  const command = service.healthcheck?.disabled ? undefined : service.healthcheck?.command;
  if (command?.form !== "exec") return undefined;
  const [program, flag, code, ...more] = command.words.map(word => word.value);
  const name = basename(program ?? "");
  const prints = name === "echo" || name === "printf";
  const runs = /^(?:php|python3?|node|ruby|perl)$/.test(name) && /^-[rce]$/.test(flag ?? "");
  return prints || (runs && more.length === 0 && speaks.test(code ?? "")) ? command.at : undefined;
}

const itself =
  /^(?:nginx|httpd|apache2|apachectl|apache2ctl|php-fpm[\d.]*) -t$|^(?:apachectl|apache2ctl) configtest$|^(?:php|node|nginx|python[\d.]*|ruby|java) (?:-v|-V|-version|--version)$|^caddy validate\b/;

/** `nginx -t`, `php-fpm -t && php -v`: a second program reads its files or says its name, and the one that serves is not asked. */
export function looksAtFiles(service: Service): Location | undefined {
  const commands = (probeOf(service) ?? []).flat();
  const lines = commands.map(({ words: [program, ...more] }) =>
    [basename(program ?? "?"), ...more].join(" "),
  );
  return lines.length > 0 && lines.every(line => itself.test(line)) ? commands[0]!.at : undefined;
}

function toProbe(command: ShellCommand, at: Location): ProbeCommand {
  const piped = command.connector === "|" || command.connector === "|&";
  return { words: command.words.map(word => word.value), at, piped };
}

/** Whether a program can be called in the running container. A mount over the programs' directories hides the answer. */
export function toolInContainer(service: Service, name: string): ToolAnswer {
  if (service.mounts.some(mount => mount.target === name || /\/s?bin(\/|$)/.test(mount.target)))
    return { has: "unknown" };
  if (service.build ?? service.made) return service.model?.tool(name) ?? { has: "unknown" };
  if (name.includes("/")) return { has: "unknown" };
  const known = service.facts?.tools.get(name);
  const at = service.image?.at;
  return { has: known === undefined ? "unknown" : known ? "yes" : "no", ...(at ? { at } : {}) };
}

/** An HTTP request to the container itself that a health check makes. */
export interface HttpProbe {
  readonly client: "curl" | "wget" | "code";
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly port: number;
  /** Without a query, at least "/". */
  readonly path: string;
  /** A 404 or 500 makes the check fail. Undefined when a program decides. */
  readonly failsOnError: boolean | undefined;
  readonly followsRedirects: boolean | undefined;
  readonly at: Location;
}

/** The HTTP request of a health check that makes exactly one, to the container itself, with nothing unknown in it. */
export function httpProbe(service: Service): HttpProbe | undefined {
  const commands = probeOf(service)?.flat() ?? [];
  const probes = commands.flatMap(command => requestOf(command) ?? []);
  const first = probes[0];
  if (!first || commands.some(command => command.piped)) return undefined;
  if (probes.some(probe => probe.path !== first.path || probe.port !== first.port)) return undefined;
  return loopback.test(first.host) || hostNames(service).includes(first.host) ? first : undefined;
}

const loopback = /^(localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[::1?\])$/;

function requestOf({ words, at }: ProbeCommand): HttpProbe | undefined {
  const name = basename(words[0] ?? "");
  if (name !== "curl" && name !== "wget") return codeRequest(name, words, at);
  if (words.includes(undefined)) return undefined;
  const args = words.slice(1) as string[];
  // Another host name or method changes what is asked for.
  if (args.some(word => /^(-H|--header|-X|--request|-d|--data|--unix-socket|-K|--post|--method)/.test(word)))
    return undefined;
  const takes =
    name === "curl"
      ? /^(-o|-m|-w|-u|-A|-e|--[a-z-]*(?:time|output|retry\S*|delay|out|user))$/
      : /^(-O|-T|-t|-U|-o)$/;
  const urls = args.filter(
    (word, i) => !word.startsWith("-") && !takes.test(args[i - 1] ?? "") && !/^\d+$/.test(word),
  );
  if (urls.length !== 1) return undefined;
  const url = parseUrl(urls[0]!);
  const short = (letter: string) => args.some(word => new RegExp(`^-[A-Za-z]*${letter}`).test(word));
  if (name === "wget")
    return url && { client: "wget", ...url, failsOnError: true, followsRedirects: true, at };
  const fails = short("f") || args.some(word => /^--fail(-with-body)?$/.test(word));
  const follows = short("L") || args.includes("--location");
  return url && { client: "curl", ...url, failsOnError: fails, followsRedirects: follows, at };
}

const interpreters = /^(node|python|python3|python3\.\d+|bun|deno|php|ruby)$/;

/** The one URL that is written in a program on the command line. */
function codeRequest(
  name: string,
  words: readonly (string | undefined)[],
  at: Location,
): HttpProbe | undefined {
  if (!interpreters.test(name)) return undefined;
  const code = words.find((_, i) => /^(-c|-e|--eval)$/.test(words[i - 1] ?? ""));
  const urls = code?.match(/https?:\/\/[^\s'"`)\\]+/g) ?? [];
  if (!code || urls.length !== 1 || /\+|headers|\$\{|f['"]http/i.test(code)) return undefined;
  const url = parseUrl(urls[0]!);
  // Python's urlopen raises on errors; other libraries only when they are asked to.
  const strict = /urlopen|raise_for_status|status|\.ok\b/.test(code)
    ? true
    : lenient.test(code)
      ? false
      : undefined;
  return url && { client: "code", ...url, failsOnError: strict, followsRedirects: undefined, at };
}

/** `import requests; requests.get("...")`: an answer of 500 is an answer. */
const lenient = /^\s*import (?:requests|httpx)\s*;\s*(?:requests|httpx)\.(?:get|head)\([^()]*\)\s*;?\s*$/;

type Address = Pick<HttpProbe, "scheme" | "host" | "port" | "path">;

function parseUrl(text: string): Address | undefined {
  const match = /^(?:(https?):\/\/)?(\[[^\]]*\]|[^:/?#[\]@$]+)(?::(\d{1,5}))?(\/[^?#$]*)?(?:[?#].*)?$/.exec(
    text,
  );
  if (!match) return undefined;
  const scheme = match[1] === "https" ? "https" : "http";
  const port = match[3] ? Number(match[3]) : scheme === "https" ? 443 : 80;
  return { scheme, host: match[2]!, port, path: match[4] ?? "/" };
}

/** What the service's own application answers to `GET path`; undefined when no one application runs there. */
export function appAnswer(
  stack: Pick<Stack, "files">,
  service: Service,
  path: string,
): RouteAnswer | undefined {
  const { component } = service;
  const running = runningCommand(service);
  if (!component || !running) return undefined;
  const words = running.words.filter(word => word !== undefined);
  const program = basename(words[0] ?? "");
  // A worker of the same code serves none of its routes.
  if (
    !/^(gunicorn|uvicorn|hypercorn|daphne|granian|fastapi|python3?|manage\.py|node|next|npm|yarn|pnpm|bun|tsx|ts-node|nodemon|pm2|pm2-runtime)$/.test(
      program,
    )
  )
    return undefined;
  if (/^python/.test(program) && !words.includes("runserver") && !words.includes("-m")) return undefined;
  const settingsModule = variable(service, "DJANGO_SETTINGS_MODULE")?.value?.text;
  const target = words.slice(1).find(word => /^[\w.]+:[\w.]+$/.test(word) && !/^[\d.]+:\d+$/.test(word));
  const file = /^(node|bun|tsx|ts-node|python3?)$/.test(program)
    ? words.slice(1).find(word => !word.startsWith("-"))
    : undefined;
  const workdir = service.text("working_dir")?.text ?? service.model?.workdir;
  const entry =
    file && workdir?.startsWith("/")
      ? containerFile(stack, service, join(workdir, file)).repositoryPath
      : undefined;
  if (component.kind === "fastapi" && !target) return undefined;
  return serves(component, path, {
    ...(settingsModule ? { settingsModule } : {}),
    ...(target ? { target } : {}),
    ...(entry ? { entry } : {}),
  });
}

/** The nginx that a service runs. */
export function nginxOf(stack: Pick<Stack, "proxies">, service: Service): EffectiveNginx | undefined {
  return stack.proxies.find(proxy => proxy.service === service)?.effective;
}

/** The edit that changes the one text in a health check's command that matches. */
export function editInCheck(
  stack: Pick<Stack, "sources" | "files">,
  service: Service,
  find: RegExp,
  replacement: string,
): Edit | undefined {
  const at = service.healthcheck?.command?.at;
  const source = at && sourceOf(stack, at.file);
  if (!at || !source) return undefined;
  const text = source.text.slice(at.span.start, at.span.end);
  const matches = [...text.matchAll(new RegExp(find.source, "g"))];
  if (matches.length !== 1) return undefined;
  const start = at.span.start + matches[0]!.index;
  return { at: locate(source, start, start + matches[0]![0].length), text: replacement };
}

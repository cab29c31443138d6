import { basename } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import { listenPorts } from "./proxy/effective.ts";
import { variable } from "./query.ts";
import { hasUnseenEnvironment, isLoopback } from "./query-environment.ts";
import { codeListening } from "./query-listen-code.ts";
import { dotnetListening } from "./query-listen-dotnet.ts";
import { loopbackProgram } from "./query-loopback-programs.ts";
import { runningCommand } from "./query-process.ts";
import type { Service, Stack } from "./stack.ts";

/** The ports that a service's process listens on, and what says so. Undefined unless all of them are known. */
export interface Listening {
  readonly ports: readonly number[];
  readonly at: Location;
  /** The program's own code says so, and not a command. */
  readonly inCode?: true;
}

export function listening(stack: Pick<Stack, "proxies">, service: Service): Listening | undefined {
  const proxy = stack.proxies.find(each => each.service === service);
  if (proxy) {
    const { gaps, servers } = proxy.effective;
    const ports = [...listenPorts(proxy.effective)].map(Number);
    const at = servers[0]?.listens[0]?.at;
    return gaps.length === 0 && at && ports.length > 0 ? { ports, at } : undefined;
  }
  const running = runningCommand(service);
  // Several programs at once: one of the others may listen too.
  if (!running || /[^&|]&(?!&)/.test(service.process?.text ?? "")) return undefined;
  const port = portOf(service, running.words);
  if (port !== undefined) return Number.isNaN(port) ? undefined : { ports: [port], at: running.at };
  const own = codeListening(service);
  if (own?.port !== undefined) return { ports: [own.port], at: own.at, inCode: true };
  const server = dotnetListening(service);
  return server && { ...server, inCode: true };
}

function portOf(service: Service, words: readonly (string | undefined)[]): number | undefined {
  if (words.includes(undefined)) return undefined;
  const [first = "", ...rest] = withoutRunner(words as readonly string[]);
  const fromEnvironment = (name: string, otherwise: number) => {
    const set = variable(service, name);
    return set ? portIn(set.value?.text) : otherwise;
  };
  if (rest.some(word => /^(--fd|--uds|-c|--config|-e|--endpoint|--unix-socket)(=|$)/.test(word)))
    return undefined;
  switch (basename(first)) {
    case "gunicorn":
    case "hypercorn": {
      const binds = options(rest, ["-b", "--bind"]);
      return binds.length === 1 ? portIn(binds[0]) : undefined;
    }
    case "uvicorn":
      return given(rest, ["--port"]) ?? fromEnvironment("UVICORN_PORT", 8000);
    case "daphne":
      return given(rest, ["-p", "--port"]) ?? 8000;
    case "fastapi":
      return rest[0] === "run" || rest[0] === "dev" ? (given(rest, ["--port"]) ?? 8000) : undefined;
    case "flask":
      return given(rest, ["-p", "--port"]) ?? fromEnvironment("FLASK_RUN_PORT", 5000);
    case "manage.py": {
      if (rest[0] !== "runserver") return undefined;
      const address = rest.slice(1).find(word => !word.startsWith("-"));
      return address === undefined ? 8000 : portIn(address);
    }
    case "next":
      return rest[0] === "start" || rest[0] === "dev"
        ? (given(rest, ["-p", "--port"]) ?? fromEnvironment("PORT", 3000))
        : undefined;
    default:
      return undefined;
  }
}

/** Without `python`, `python -m`, `php` and `npx`. */
function withoutRunner(words: readonly string[]): readonly string[] {
  if (!/^(?:python[\d.]*|npx|php)$/.test(basename(words[0] ?? ""))) return words;
  return words.slice(words[1] === "-m" ? 2 : 1);
}

function options(args: readonly string[], names: readonly string[]): string[] {
  return args.flatMap((word, i) => {
    if (names.includes(word)) return args[i + 1] ?? [];
    const name = names.find(each => word.startsWith(`${each}=`));
    return name ? word.slice(name.length + 1) : [];
  });
}

function given(args: readonly string[], names: readonly string[]): number | undefined {
  const [value] = options(args, names);
  return value === undefined ? undefined : (portIn(value) ?? Number.NaN);
}

/** `8000`, `0.0.0.0:8000`, `[::]:8000`. */
function portIn(text: string | undefined): number | undefined {
  const match = /(?:^|:)(\d{1,5})$/.exec(text ?? "");
  return match ? Number(match[1]) : undefined;
}

/** A program that only its own container reaches, and what says so. */
export interface LoopbackListening {
  /** As it is written, or the program's default. */
  readonly host: string;
  readonly isDefault: boolean;
  readonly at: Location;
  readonly inCode?: true;
}

const usual = "127.0.0.1";
/** What may stand beside the program in its container, and hand requests on. */
const companions = /nginx|caddy|haproxy|envoy|supervisord|s6-|traefik|socat|cloudflared|[^&|]&(?!&)/i;

/** Where a service listens on the loopback address of its container; undefined when it does not, or nobody can tell. */
export function loopbackListening(stack: Stack, service: Service): LoopbackListening | undefined {
  const running = runningCommand(service);
  if (!running || running.words.includes(undefined)) return undefined;
  const said = (service.process?.commands ?? []).flat().map(word => word.value ?? "");
  if (companions.test(`${service.process?.text ?? ""} ${said.join(" ")}`)) return undefined;
  const own = codeListening(service);
  if (own?.host !== undefined)
    return isLoopback(own.host) ? { host: own.host, isDefault: false, at: own.at, inCode: true } : undefined;
  const program = loopbackProgram(stack, service, running.words);
  if (program) return { ...program, inCode: true };
  const found = hostOf(service, running.words as readonly string[]);
  return found && isLoopback(found.host) ? { ...found, at: running.at } : undefined;
}

function hostOf(
  service: Service,
  words: readonly string[],
): { host: string; isDefault: boolean } | undefined {
  const args = withoutRunner(words);
  const [first = "", ...rest] = args;
  if (rest.some(word => /^(--fd|--uds|-c|--config|-e|--endpoint|-u|--unix-socket)(=|$)/.test(word)))
    return undefined;
  const from = (names: readonly string[], otherwise: string | undefined, ...variables: string[]) => {
    const values = options(rest, names);
    if (values.length > 1) return undefined;
    if (values[0] !== undefined) return { host: hostIn(values[0]), isDefault: false };
    if (hasUnseenEnvironment(service)) return undefined;
    const set = variables
      .map(name => variable(service, name) ?? service.model?.env.get(name))
      .find(each => each);
    return set || otherwise === undefined ? undefined : { host: otherwise, isDefault: true };
  };
  switch (basename(first)) {
    case "gunicorn":
      return from(["-b", "--bind"], hasOwnSettings(service) ? undefined : usual, "PORT", "GUNICORN_CMD_ARGS");
    case "hypercorn":
      return from(["-b", "--bind"], usual);
    case "uvicorn":
      return from(["--host"], usual, "UVICORN_HOST");
    case "daphne":
      return from(["-b", "--bind"], usual);
    case "fastapi":
      return from(["--host"], rest[0] === "dev" ? usual : undefined);
    case "flask":
      return rest.includes("run")
        ? from(["-h", "--host"], readsFlaskenv(service) ? undefined : usual, "FLASK_RUN_HOST")
        : undefined;
    case "manage.py": {
      // Others than Django call their script so, too, with options of its own.
      if (!/^runserver(?:_plus)?$/.test(rest[0] ?? "") || !service.component?.django) return undefined;
      const address = rest.slice(1).find(word => !word.startsWith("-"));
      return address?.includes(":")
        ? { host: hostIn(address), isDefault: false }
        : { host: usual, isDefault: true };
    }
    case "vite":
      return rest[0] === "preview" && !servesPreview(service)
        ? from(["--host"], rest.includes("--host") ? undefined : "localhost")
        : undefined;
    case "artisan":
      return rest[0] === "serve" ? from(["--host"], usual, "SERVER_HOST") : undefined;
    default:
      return undefined;
  }
}

/** gunicorn reads `gunicorn.conf.py` of its working directory by itself. */
function hasOwnSettings({ component }: Service): boolean {
  return component === undefined || component.files.paths.some(path => path.endsWith("gunicorn.conf.py"));
}

/** The configuration of Vite may say where its preview listens. */
function servesPreview({ component }: Service): boolean {
  const paths = component?.files.paths.filter(path => /(?:^|\/)vite\.config\.[cm]?[jt]s$/.test(path)) ?? [];
  return !component || paths.some(path => /\bhost\b/.test(component.files.read(path)?.text ?? ""));
}

/** Flask reads `.flaskenv` by itself, where python-dotenv is installed. */
function readsFlaskenv({ component }: Service): boolean {
  return component?.files.paths.some(path => path.endsWith(".flaskenv")) ?? true;
}

/** `127.0.0.1:8000`, `[::1]:8000`, `localhost`. */
function hostIn(address: string): string {
  return /^\[[^\]]*\]/.exec(address)?.[0] ?? address.replace(/:\d+$/, "");
}

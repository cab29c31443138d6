import { basename } from "../core/path.ts";
import type { Location } from "../core/source.ts";
import { listenPorts } from "./proxy/effective.ts";
import { variable } from "./query.ts";
import { runningCommand } from "./query-process.ts";
import type { Service, Stack } from "./stack.ts";

/** The ports that a service's process listens on, and what says so. Undefined unless all of them are known. */
export interface Listening {
  readonly ports: readonly number[];
  readonly at: Location;
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
  return port === undefined || Number.isNaN(port) ? undefined : { ports: [port], at: running.at };
}

function portOf(service: Service, words: readonly (string | undefined)[]): number | undefined {
  if (words.includes(undefined)) return undefined;
  let args = words as readonly string[];
  if (/^(python3?|npx)$/.test(basename(args[0] ?? ""))) args = args.slice(args[1] === "-m" ? 2 : 1);
  const [first = "", ...rest] = args;
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

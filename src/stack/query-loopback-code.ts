import { ownFiles } from "../artifacts/project-files.ts";
import { basename } from "../core/path.ts";
import { type Location, locate, type Source } from "../core/source.ts";
import { variable } from "./query.ts";
import { isRun } from "./query-connections.ts";
import { sharesNetwork } from "./query-environment.ts";
import { httpProbe } from "./query-health.ts";
import { listening } from "./query-listen.ts";
import type { Service, Stack } from "./stack.ts";

/** Questions about addresses of this machine that stand in the code of a container. */

export interface LoopbackUrl {
  readonly url: string;
  readonly port: number;
  readonly at: Location;
}

const url = /\b(?:https?|wss?):\/\/(?:localhost|127\.0\.0\.1):(\d{2,5})(?![\w.{$])[^\s"'`<>)]*/g;
const code = /\.(?:py|[cm]?[jt]sx?|vue|svelte)$/;
const aside =
  /(?:^|\/)(?:settings|config\w*|env|environments?|constants?|scripts?|tools?|dev|examples?|docs?|demos?|seeds?|migrations|management|stories|mocks?|fixtures|benchmarks?|load-?tests?|public|static)(?:\/|\.[^/]*$)|(?:setupProxy|swagger\w*|openapi\w*|seed\w*)\.[^/]*$|\.config\.[^/]*$|(?:settings|config|constants|swagger|openapi)[\w-]*\.[^/]*$|(?:^|\/)(?:dev|local|demo|example|mock|test)[_.-][^/]*$/i;
/** A default, a list of allowed origins, a sentence for people, a branch for workstations. */
const harmless =
  /env|default|config|setting|origin|cors|allow|csrf|whitelist|console\.|print|log(?:ger|ging)?\b|\binfo\(|debug|develop|isDev|\bdev\b|\blocal\b|test|example|swagger|servers\b|help|description|placeholder|\|\||\?\?|\bor\b|\bfallback|__main__/i;
/** The same, where it stands on the lines above: a list, a call or a condition that goes on. */
const around =
  /origin|cors|allow|csrf|whitelist|env\b|getenv|\|\||\?\?|[([{,?]\s*$|isDev|development|__main__|\bexcept\b|\bcatch\b/i;
const managers =
  /^(?:supervisord|pm2|pm2-runtime|honcho|circusd|foreman|s6-svscan|concurrently|runit|multirun)$/;
const mostFiles = 2_000;

/** Addresses of this machine in the code that a service runs, at ports that nothing in its container listens on. */
export function loopbackUrls(stack: Stack, service: Service): LoopbackUrl[] {
  const { component, process } = service;
  if (
    !component ||
    !process ||
    sharesNetwork(service) ||
    managers.test(basename(process.program?.value ?? ""))
  )
    return [];
  const own = ownPorts(stack, service);
  if (own.size === 0) return [];
  const found: LoopbackUrl[] = [];
  const paths = ownFiles(stack.files, component.dir).filter(path => code.test(path) && !aside.test(path));
  for (const path of paths.slice(0, mostFiles)) {
    const read = stack.files.read(path);
    if (!("source" in read)) continue;
    const { text } = read.source;
    if (!text.includes("://localhost:") && !text.includes("://127.0.0.1:")) continue;
    const here = urlsOf(read.source).filter(
      each => !own.has(each.port) && isRun(stack, service, component, each.at),
    );
    found.push(...here);
  }
  return found;
}

function ownPorts(stack: Stack, service: Service): ReadonlySet<number> {
  const known = listening(stack, service);
  if (known) return new Set([...known.ports, ...service.ports.flatMap(port => port.target ?? [])]);
  const said = Number(variable(service, "PORT")?.value?.text);
  const probe = httpProbe(service)?.port;
  return new Set([
    ...service.ports.flatMap(port => port.target ?? []),
    ...(said > 0 ? [said] : []),
    ...(typeof probe === "number" ? [probe] : []),
  ]);
}

function urlsOf(source: Source): LoopbackUrl[] {
  const found: LoopbackUrl[] = [];
  const { text } = source;
  for (const match of text.matchAll(url)) {
    const start = match.index;
    const line = text.lastIndexOf("\n", start) + 1;
    const end = text.indexOf("\n", start);
    const whole = text.slice(line, end === -1 ? text.length : end);
    const before = text
      .slice(Math.max(0, line - 240), line)
      .split("\n")
      .slice(-5)
      .join("\n");
    if (/^\s*(?:[?:]|\/\/|#|\*|\/\*|<!--)/.test(whole) || /\/\/\s|#\s/.test(whole.slice(0, start - line)))
      continue;
    if (!/["'`]$/.test(text.slice(line, start)) || harmless.test(whole) || around.test(before)) continue;
    // Inside a text that goes over several lines.
    if ((before.match(/"""|'''/g)?.length ?? 0) % 2 === 1) continue;
    found.push({
      url: match[0],
      port: Number(match[1]),
      at: locate(source, start, start + match[0].length),
    });
  }
  return found;
}

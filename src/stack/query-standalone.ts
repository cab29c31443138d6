import { basename } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import { type Location, locate } from "../core/source.ts";
import { tlsServers } from "./proxy/effective.ts";
import { proxiesOf, publicPorts, serverServices } from "./query.ts";
import { pagesOf } from "./query-pages.ts";
import { callerName, isWorkstationCall, stopsContainers } from "./query-scripts.ts";
import type { PlacedCall, Port, ProxyInstance, Service, Stack } from "./stack.ts";

/** Certificates that certbot asks for with a server of its own, on a port that a container holds when they are renewed. */

export interface Standalone {
  readonly file: string;
  /** How a sentence begins: a script, a job, or the page that tells people to. */
  readonly who: string;
  /** A page tells it; what was done on the server may be more. */
  readonly told: boolean;
  /** The word that chooses certbot's own server. */
  readonly at: Location;
  readonly service: Service;
  readonly port: Port;
  /** A line of the repository that renews, where one does. */
  readonly renewal?: Location;
}

/** The port is free, or another way is taken. `--pre-hook` at the first call is kept for every renewal. */
const frees =
  /--pre-hook|renewal-hooks\/pre|pre_hook|--webroot|webroot_path|--nginx\b|--apache\b|--dns-|dns-01|\bacme\.sh\b|http-01-port/;

export function standaloneCertificates(stack: Stack): Standalone[] {
  const called = stack.calls.filter(asksStandalone).map(placed => ({
    ...{ file: placed.caller.file, who: callerName(placed), told: false },
    at: placed.call.args.find(arg => arg.value === "--standalone")!.at,
  }));
  const asked = called.length > 0 ? called : [...toldIn(stack)].slice(0, 1);
  if (asked.length === 0) return [];
  const found = serverServices(stack).flatMap(service => {
    const port = publicPorts(service).find(each => each.published === 80);
    return port && !/caddy|traefik/i.test(`${service.image?.raw}`) ? [{ service, port }] : [];
  });
  const [front] = found;
  if (!front || texts(stack).some(text => frees.test(text)) || freesByHand(stack)) return [];
  // A page may speak of certificates that nothing here uses yet.
  if (called.length === 0 && !proxiesOf(stack, front.service.project).some(hasTls)) return [];
  const renewal = stack.calls.find(({ call }) => call.name === "certbot" && isRenewal(call.args))?.call.at;
  const files = front.service.project.files.map(basename);
  return asked
    .filter(each => !each.told || speaksOf(stack, each.file, files))
    .map(each => ({ ...each, ...front, ...(renewal ? { renewal } : {}) }));
}

function hasTls({ effective }: ProxyInstance): boolean {
  return tlsServers(effective).length > 0;
}

/** False where the page names Compose files, and none of this project: it is about another stack. */
function speaksOf(stack: Stack, page: string, files: readonly string[]): boolean {
  const named = sourceOf(stack, page)?.text.match(/[\w.-]*compose[\w.-]*\.ya?ml\b/g) ?? [];
  return named.length === 0 || named.some(each => files.includes(each));
}

/** A command of a page on operating the system, which may go on in the next line. */
const command = /\bcertbot (?:certonly|run)\b[^\n]{0,300}?--standalone\b/g;

function* toldIn(stack: Stack): Iterable<Pick<Standalone, "file" | "who" | "told" | "at">> {
  for (const source of pagesOf(stack)) {
    const { path: file } = source;
    const text = source.text.replace(/\\\r?\n/g, joint => " ".repeat(joint.length));
    for (const { 0: found, index } of text.matchAll(command)) {
      const end = index + found.length;
      const at = locate(source, end - "--standalone".length, end);
      yield { file, who: `What ${file} tells people to run`, told: true, at };
    }
  }
}

function asksStandalone(placed: PlacedCall): boolean {
  const { call, caller } = placed;
  return (
    call.name === "certbot" &&
    call.inside === undefined &&
    (caller.kind === "script" || call.remote) &&
    !isWorkstationCall(placed) &&
    call.args.some(arg => arg.value === "--standalone") &&
    call.args.some(arg => arg.value === "certonly" || arg.value === "run")
  );
}

function isRenewal(args: readonly { readonly value?: string | undefined }[]): boolean {
  return args.some(arg => arg.value === "renew");
}

/** Scripts, pipelines and pages: what may say how the server renews. */
function texts(stack: Stack): string[] {
  const kinds = new Set(["script", "makefile", "workflow", "runbook"]);
  return [...stack.kinds].flatMap(([path, kind]) =>
    kinds.has(kind) ? [sourceOf(stack, path)?.text ?? ""] : [],
  );
}

const stops = /\b(?:stop|down|kill)\b/;

/** A script stops the container and renews then, or a page or a schedule says so. */
function freesByHand(stack: Stack): boolean {
  const byCall = stack.calls.some(({ call, caller }, index) => {
    if (call.name !== "certbot" || !isRenewal(call.args)) return false;
    return stack.calls
      .slice(0, index)
      .some(before => before.caller.file === caller.file && stopsContainers(before.call));
  });
  return byCall || texts(stack).some(text => freedThere(text));
}

/** `docker stop edge && certbot renew`, on one line or on the two lines before. */
function freedThere(text: string): boolean {
  return [...text.matchAll(/\bcertbot\b[^\n]{0,80}\brenew\b/g)].some(match => {
    const before = text
      .slice(Math.max(0, match.index - 400), match.index)
      .split("\n")
      .slice(-3)
      .join("\n");
    return stops.test(before);
  });
}

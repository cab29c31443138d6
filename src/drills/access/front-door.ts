import { type KnownRequest, type Lab, NotSeen } from "../../core/drill.ts";
import type { Certificate, Container, HttpAnswer } from "../../core/engine.ts";
import {
  clientHello,
  commonCiphers,
  serverHello,
  type TlsVersion,
  weakCiphers,
} from "../../formats/tls-hello.ts";
import { openPorts } from "../../stack/query-ports.ts";
import type { Service } from "../../stack/stack.ts";
import { containerOf } from "../targets.ts";

/** How the clone's front door answers: what a stranger sees who asks for it under its name. */

export interface Door {
  readonly lab: Lab;
  readonly service: string;
  readonly container: Container;
  /** The name that it is asked for by. */
  readonly host: string;
}

/** A port that speaks TLS, with what it shows. */
export interface TlsPort {
  readonly port: number;
  readonly certificate: Certificate;
}

export interface Ports {
  readonly tls: readonly TlsPort[];
  /** Answers to plain HTTP, by port. */
  readonly plain: ReadonlyMap<number, HttpAnswer>;
}

/** One kind of response, and the headers that came with it. */
export interface Response {
  /** `page`, `asset`, `API`, `error page`... */
  readonly kind: string;
  readonly path: string;
  readonly answer: HttpAnswer;
}

/** Published to the world, and for visitors: no store, no console, nothing for other machines. */
export function facesVisitors(service: Service): boolean {
  if (!["proxy", "app", "unknown"].includes(service.kind)) return false;
  return openPorts(service).some(({ protocol, target }) => protocol === "tcp" && target !== undefined);
}

const nowhere = "/shipworthy-drill-does-not-exist";
/** Announced and never sent: no front door should wait for so much. */
const hugeBytes = 2 ** 30;

export async function doorOf(lab: Lab, service: string): Promise<Door> {
  const named = lab.requests(service).map(({ headers }) => headers["host"] ?? "");
  const host =
    named.find(name => name !== "" && !/^(localhost|[\d.]+|\[.*\])(:\d+)?$/.test(name)) ?? "localhost";
  return { lab, service, container: await containerOf(lab, service), host };
}

/** Which of the ports speak TLS, and what the others answer. Ports where nothing answers are in neither. */
export async function portsOf({ lab, container, host }: Door, ports: readonly number[]): Promise<Ports> {
  const tls: TlsPort[] = [];
  const plain = new Map<number, HttpAnswer>();
  for (const port of ports) {
    const certificate = await lab.engine.certificate(container, port, host);
    if (certificate) {
      tls.push({ port, certificate });
      continue;
    }
    const answer = await lab.engine.http(container, { port, path: "/", headers: { host } });
    if (answer.status !== undefined) plain.set(port, answer);
  }
  return { tls, plain };
}

export interface Weakness {
  readonly port: number;
  readonly what: string;
}

/** Old versions and weak cipher suites that a port agrees to. */
export async function weaknesses(door: Door, port: number): Promise<Weakness[]> {
  const found: Weakness[] = [];
  for (const version of ["SSL 3.0", "TLS 1.0", "TLS 1.1"] as const)
    if (await agrees(door, port, version, commonCiphers)) found.push({ port, what: version });
  for (const { what, ciphers } of weakCiphers)
    if (await agrees(door, port, "TLS 1.2", ciphers)) found.push({ port, what });
  return found;
}

/** The first bytes of a handshake tell: the server answers with what it has chosen, or refuses. */
export async function agrees(
  { lab, container, host }: Door,
  port: number,
  version: TlsVersion,
  ciphers: readonly number[],
): Promise<boolean> {
  const hello = clientHello({ version, ciphers, serverName: host });
  const { reply } = await lab.engine.talk(container, port, hello, text => text.length >= 80);
  const answer = serverHello(Buffer.from(reply, "latin1"));
  return typeof answer === "object" && answer.version === version && ciphers.includes(answer.cipher);
}

/** A page, an asset of it, the API, and what is not there, asked through one port. `api`: paths that an API serves. */
export async function responses(door: Door, port: number, api: readonly string[]): Promise<Response[]> {
  const found: Response[] = [];
  const get = async (kind: string, path: string, wanted: (status: number) => boolean) => {
    const answer = await ask(door, port, path);
    if (answer.status !== undefined && wanted(answer.status)) found.push({ kind, path, answer });
    return answer;
  };
  const good = (status: number) => status < 300;
  const page = await get("page", "/", status => status < 400);
  const asset = /(?:src|href)="(\/(?!\/)[^"\s]+\.(?:js|css|svg|png|ico|woff2?)(?:\?[^"\s]*)?)"/.exec(
    page.body,
  )?.[1];
  if (asset !== undefined) await get("asset", asset.replaceAll("&amp;", "&"), good);
  for (const path of api) {
    const answer = await get("API", path, good);
    if (answer.status === undefined || !good(answer.status)) continue;
    await get("error of the API", `${path.replace(/\/[^/]*\/?$/, "")}${nowhere}`, status => status >= 400);
  }
  await get("error page", nowhere, status => status >= 400);
  return found;
}

export function ask({ lab, container, host }: Door, port: number, path: string): Promise<HttpAnswer> {
  return lab.engine.http(container, { port, path, tls: true, headers: { host } });
}

/** What becomes of a request that announces a gigabyte. */
export async function sizeLimit({ lab, container, host }: Door, port: number): Promise<string> {
  const { status, error } = await lab.engine.http(container, {
    ...{ port, path: "/", tls: true, method: "POST", timeoutMs: 3_000 },
    headers: { host, "content-length": String(hugeBytes) },
  });
  if (status === 413) return "it is refused (413)";
  return status === undefined
    ? `it is waited for (${error})`
    : `it is answered with ${status} before it is there`;
}

/** Values of `Set-Cookie`, one for each cookie. */
export function cookiesOf({ headers }: HttpAnswer): readonly string[] {
  const given = headers["set-cookie"] ?? [];
  return typeof given === "string" ? [given] : given;
}

export function header({ headers }: HttpAnswer, name: string): string | undefined {
  const value = headers[name];
  return value === undefined ? undefined : typeof value === "string" ? value : value.join(", ");
}

/** Paths that the applications behind the door answer when they are asked themselves, other than their front pages. */
export function apiPaths(lab: Lab, services: readonly string[]): string[] {
  const known = services.flatMap(name => lab.requests(name));
  const good = ({ path, status }: KnownRequest) => path !== "/" && status < 300;
  return [...new Set(known.filter(good).map(({ path }) => path))];
}

/** @throws NotSeen with all that is wrong. */
export function refute(faults: readonly string[]): void {
  if (faults.length > 0) throw new NotSeen(faults.slice(0, 4).join("; "));
}

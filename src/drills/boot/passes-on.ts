import type { NginxLocation } from "../../artifacts/nginx-model.ts";
import { type KnownRequest, type Lab, NotSeen, type Scene } from "../../core/drill.ts";
import type { HttpAnswer } from "../../core/engine.ts";
import { allLocations } from "../../stack/proxy/effective.ts";
import { servicesBehind } from "../../stack/query-proxy.ts";
import type { ProxyInstance } from "../../stack/stack.ts";
import { cookiesOf } from "../access/front-door.ts";
import type { DrillStack } from "../drill.ts";
import { frontOf } from "../release/front.ts";
import { containerOf } from "../targets.ts";

/** A request as a visitor sends it, and the one that the application is to get for it. */
interface Way {
  readonly service: string;
  readonly through: string;
  readonly direct: KnownRequest;
}

/** What a proxy says of itself or of who sent the request, when it does not get through as it should. */
const lost = new Set([400, 502, 503, 504]);

/** A stack has started when visitors are served: what an application answers itself, it answers through the front door. */
export async function passesOn(scene: Scene, stack: DrillStack): Promise<void> {
  const { lab } = scene;
  const front = frontOf(stack)?.name;
  const proxy = stack.stack.proxies.find(
    ({ service }) => service?.project === stack.project && service.name === front,
  );
  if (front === undefined || !proxy || !lab.model.services[front]) return;
  const why = (await lab.calm()).get(front);
  const base = lab.requests(front).find(({ tls }) => tls) ?? lab.requests(front)[0] ?? frontPage(proxy);
  if (why !== undefined || !base) {
    scene.note("what the front door passes on", `not tried: ${why ?? "where it listens is not known"}`);
    return;
  }
  for (const way of waysThrough(lab, proxy, base)) await arrives(scene, front, base, way);
  if (base.tls) await formsAreTaken(scene, front, base);
}

/** Its front page by the files, where it answers nothing without an error. */
function frontPage({ effective }: ProxyInstance): KnownRequest | undefined {
  const all = effective.servers.flatMap(({ listens, names }) =>
    listens.map(({ port, ssl }) => ({ port: Number(port), tls: ssl, name: names[0]?.value })),
  );
  const best = all.find(({ tls }) => tls) ?? all[0];
  if (!best || !(best.port > 0)) return undefined;
  const host = best.name !== undefined && /^[a-z0-9][a-z0-9.-]*$/i.test(best.name) ? best.name : "localhost";
  return { port: best.port, path: "/", tls: best.tls, headers: { host }, status: 0 };
}

function waysThrough(lab: Lab, proxy: ProxyInstance, base: KnownRequest): Way[] {
  const servers = proxy.effective.servers.filter(({ listens }) =>
    listens.some(({ port }) => Number(port) === base.port),
  );
  const found = new Map<string, Way>();
  const all = servers.flatMap(allLocations);
  for (const location of all) {
    for (const { name } of servicesBehind(proxy, location)) {
      for (const way of waysOf(lab, location, name, base)) {
        const key = `${name} ${way.through}`;
        if (!found.has(key) && takes(all, way.through) === location) found.set(key, way);
      }
    }
  }
  return [...found.values()];
}

/** The location that nginx chooses for a path; undefined where an expression may take it. */
function takes(all: readonly NginxLocation[], path: string): NginxLocation | undefined {
  const prefixes = all.filter(({ modifier, path: own }) =>
    modifier === "=" ? own.value === path : /^(|\^~)$/.test(modifier) && path.startsWith(own.value),
  );
  const exact = prefixes.find(({ modifier }) => modifier === "=");
  const [longest] = prefixes.sort((a, b) => b.path.value.length - a.path.value.length);
  const best = exact ?? longest;
  if (best?.modifier === "") {
    if (all.some(({ modifier, path: own }) => /^~/.test(modifier) && mayMatch(own.value, path)))
      return undefined;
  }
  return best;
}

function mayMatch(expression: string, path: string): boolean {
  try {
    return new RegExp(expression, "i").test(path);
  } catch {
    return true;
  }
}

/** What the application answered when the lab was calm, and what stands at the location itself. */
function waysOf(
  lab: Lab,
  { modifier, path, proxyPass }: NginxLocation,
  service: string,
  base: KnownRequest,
): Way[] {
  const known = lab.requests(service);
  const [first] = known;
  // What a variable chooses, or an expression matches, is not worked out here.
  if (!first || !proxyPass || proxyPass.isVariable || !/^(|=|\^~)$/.test(modifier)) return [];
  const prefix = path.value;
  const to = proxyPass.path;
  const headers = { ...base.headers, "x-forwarded-proto": base.tls ? "https" : "http" };
  const paths = known.flatMap(request =>
    to === undefined
      ? [[request.path, request.path]]
      : request.path.startsWith(to)
        ? [[prefix + request.path.slice(to.length), request.path]]
        : [],
  );
  return [[prefix, to ?? prefix], ...paths]
    .flatMap(([through = "", direct = ""]) =>
      modifier === "=" ? (through === prefix ? [[through, direct]] : []) : [[through, direct]],
    )
    .filter(([through]) => through!.startsWith(prefix))
    .map(([through, direct]) => ({
      service,
      through: through!,
      direct: { ...first, path: direct!, headers },
    }));
}

async function arrives(
  scene: Scene,
  front: string,
  base: KnownRequest,
  { service, through, direct }: Way,
): Promise<void> {
  const { lab } = scene;
  const own = await lab.engine.http(await containerOf(lab, service), direct);
  if (own.status === undefined || own.status >= 400) return;
  await scene.alsoHolds(`${front} passes ${through} on to ${service}`, async () => {
    const answer = await lab.engine.http(await containerOf(lab, front), { ...base, path: through });
    if (answer.status === undefined || lost.has(answer.status))
      throw new NotSeen(
        `it gives ${answer.status ?? answer.error}, while ${service} itself answers GET ${direct.path} on ${direct.port} with ${own.status}`,
      );
    return `it answers ${answer.status}`;
  });
}

const signIn = ["/accounts/login/", "/admin/login/", "/login/", "/login"];

/**
 * A form with a token against forgery, sent as a browser sends it: an application that takes a visitor's TLS for plain
 * HTTP refuses it as a stranger's. Whatever else it says to a wrong password is no matter.
 */
async function formsAreTaken(scene: Scene, front: string, base: KnownRequest): Promise<void> {
  const { lab } = scene;
  const { engine } = lab;
  const container = await containerOf(lab, front);
  for (const path of signIn) {
    const page = await engine.http(container, { ...base, path });
    const token = tokenIn(page);
    if (token === undefined) continue;
    const origin = `https://${base.headers["host"] ?? "localhost"}`;
    const body = new URLSearchParams({ csrfmiddlewaretoken: token, username: "nobody", password: "none" });
    await scene.alsoHolds(`the form of ${path} is taken`, async () => {
      const answer = await engine.http(container, {
        ...{ ...base, path, method: "POST", body: body.toString() },
        headers: {
          ...base.headers,
          ...{ origin, referer: `${origin}${path}`, cookie: cookieHeader(page) },
          "content-type": "application/x-www-form-urlencoded",
        },
      });
      if (answer.status === 403 && /CSRF/.test(answer.body))
        throw new NotSeen("it is refused as a stranger's (403, CSRF), sent as a browser sends it over TLS");
      return `it is answered with ${answer.status ?? answer.error}`;
    });
    return;
  }
}

function tokenIn({ status, body }: HttpAnswer): string | undefined {
  if (status !== 200) return undefined;
  const field = /<input[^>]*name=["']csrfmiddlewaretoken["'][^>]*>/.exec(body)?.[0];
  return field && /value=["']([^"']+)["']/.exec(field)?.[1];
}

function cookieHeader(page: HttpAnswer): string {
  return cookiesOf(page)
    .map(cookie => cookie.split(";", 1)[0]!)
    .join("; ");
}

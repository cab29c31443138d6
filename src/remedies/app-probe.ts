import { isOpenView } from "../stack/app/open-view.ts";
import { route } from "../stack/proxy/route.ts";
import { droppedCommand } from "../stack/query-entry-script.ts";
import { appAnswer, nginxOf, toolInContainer } from "../stack/query-health.ts";
import { listening } from "../stack/query-listen.ts";
import { codeListening } from "../stack/query-listen-code.ts";
import { runningCommand } from "../stack/query-process.ts";
import { settingHere, settingsInForce, textsOf } from "../stack/query-settings.ts";
import type { Service, Stack } from "../stack/stack.ts";
import type { Probe } from "./probe.ts";

const usual = { interval: 30, timeout: 5, retries: 3, startPeriod: 30 } as const;

/** The health check of a service whose code is here: a route that it serves, asked with a program that its image has. */
export function appProbe(stack: Stack, service: Service): Probe | undefined {
  // What runs is not what is meant: a probe of the one is wrong for the other.
  if (droppedCommand(stack, service)) return undefined;
  const port = servedPort(stack, service);
  if (port === undefined) return undefined;
  const path = healthPath(stack, service, port);
  const words = path === undefined ? anyAnswer(stack, service, port) : getCommand(service, port, path);
  if (!words) return undefined;
  const asks = path === undefined ? `port ${port} for an answer below 500` : `GET ${path} at port ${port}`;
  // A start that migrates takes its time.
  const migrates = service.process?.commands.some(argv => argv.some(word => word.value === "migrate"));
  return { form: "exec", words, asks, ...usual, startPeriod: migrates ? 60 : usual.startPeriod };
}

/** The one port that the service's program listens on; undefined when several or none are known. */
export function servedPort(stack: Stack, service: Service): number | undefined {
  const open = listening(stack, service)?.ports;
  if (open) return open.length === 1 ? open[0] : undefined;
  if (!serves(service)) return undefined;
  const own = codeListening(service)?.port;
  if (own !== undefined) return own;
  // What is published, or else declared, is where the other containers and visitors find it.
  const published = new Set(service.ports.flatMap(port => port.target ?? []));
  if (published.size > 0) return published.size === 1 ? [...published][0] : undefined;
  const declared = new Set((service.model?.exposes ?? []).map(each => Number.parseInt(each.value, 10)));
  return declared.size === 1 ? [...declared].find(port => port > 0) : undefined;
}

const servers =
  /^(?:gunicorn|uvicorn|hypercorn|daphne|granian|waitress-serve|node|next|npm|pnpm|yarn|bun|flask|fastapi)$/;

/** A web server by its program: a worker of the same image has the ports of its Dockerfile, and serves none of them. */
function serves(service: Service): boolean {
  const words = runningCommand(service)?.words ?? [];
  const program = words[0]?.split("/").at(-1) ?? "";
  const line = words.map(word => word ?? "?").join(" ");
  return servers.test(program) && !/\b(?:worker|scheduler|consumer|beat|cron)s?\b/i.test(line);
}

/** Names of health views, the usual ones first. */
const names = [
  "health",
  "healthz",
  "healthcheck",
  "health-check",
  "livez",
  "readyz",
  "ready",
  "ping",
  "status",
];
const candidates = [
  ...["", "/api", "/api/v1", "/v1"].flatMap(prefix =>
    names.flatMap(name => [`${prefix}/${name}`, `${prefix}/${name}/`]),
  ),
  "/health/live",
  "/health/ready",
  "/_health",
  "/",
];

/** A path that the service surely answers with success to a caller inside its own container. */
export function healthPath(stack: Stack, service: Service, port: number): string | undefined {
  const nginx = nginxOf(stack, service);
  if (nginx) {
    return candidates.find(path => {
      const { outcome, guards } = route(nginx, { port, host: "127.0.0.1", path });
      if (guards.length > 0) return false;
      return outcome.kind === "return" ? outcome.code === 200 : path === "/" && outcome.kind === "static";
    });
  }
  if (!acceptsLoopback(stack, service)) return undefined;
  const { component } = service;
  return candidates.find(path => {
    const found = appAnswer(stack, service, path);
    return found?.answer === "yes" && (!component || isOpenView(component, found));
  });
}

/** Django refuses host names that are not allowed, and may send everything to HTTPS first. */
function acceptsLoopback(stack: Stack, service: Service): boolean {
  if (service.component?.kind !== "django") return true;
  const here = settingsInForce(stack).find(each => each.services.includes(service));
  if (!here) return false;
  const redirects = settingHere(here, "SECURE_SSL_REDIRECT");
  if (redirects && redirects.value !== false) return false;
  const hosts = allowedHosts(stack, service);
  if (hosts?.length === 0) return settingHere(here, "DEBUG")?.value === true;
  return hosts?.some(host => host === "*" || host === "127.0.0.1") ?? false;
}

function allowedHosts(stack: Stack, service: Service): readonly string[] | undefined {
  const here = settingsInForce(stack).find(each => each.services.includes(service));
  return here && textsOf(settingHere(here, "ALLOWED_HOSTS")?.value);
}

const pythons = ["python", "python3"];

/** A program of the image that asks for a path and fails on every answer but success. */
export function getCommand(
  service: Service,
  port: number,
  path: string,
  host = "127.0.0.1",
): string[] | undefined {
  const url = `http://${host}:${port}${path}`;
  const has = (tool: string) => toolInContainer(service, tool).has === "yes";
  if (has("curl")) return ["curl", "-fsS", "-o", "/dev/null", url];
  if (has("wget")) return ["wget", "-q", "-O", "/dev/null", url];
  const python = pythons.find(has);
  if (python) return [python, "-c", `import urllib.request; urllib.request.urlopen('${url}', timeout=4)`];
  if (!has("node")) return undefined;
  const ends = "process.exit(r.statusCode < 400 ? 0 : 1)";
  return ["node", "-e", `require('http').get('${url}', r => ${ends}).on('error', () => process.exit(1))`];
}

/** Without a path that is known to be served, an answer of any kind but a server error shows that a worker is there. */
function anyAnswer(stack: Stack, service: Service, port: number): string[] | undefined {
  if (!service.component || nginxOf(stack, service)) return undefined;
  return anyCommand(
    service,
    port,
    allowedHosts(stack, service)?.find(each => /^\w[\w.-]*$/.test(each)),
  );
}

/** A program of the image that asks for `/`, under a host name or its own address, and fails on errors of the server. */
export function anyCommand(service: Service, port: number, host?: string): string[] | undefined {
  const has = (tool: string) => toolInContainer(service, tool).has === "yes";
  // The large Node images have Python, too: nobody looks for it there.
  const isNode = service.facts?.family === "node" && has("node");
  const python = isNode ? undefined : pythons.find(has);
  if (python) {
    const header = host === undefined ? "" : `, headers={'Host': '${host}'}`;
    const steps = [
      "import http.client, sys",
      `c = http.client.HTTPConnection('127.0.0.1', ${port}, timeout=4)`,
      `c.request('GET', '/'${header})`,
      "sys.exit(c.getresponse().status >= 500)",
    ];
    return [python, "-c", steps.join("; ")];
  }
  if (!has("node")) return undefined;
  const ends = "process.exit(r.statusCode < 500 ? 0 : 1)";
  const target = `{ host: '127.0.0.1', port: ${port} }`;
  return ["node", "-e", `require('http').get(${target}, r => ${ends}).on('error', () => process.exit(1))`];
}

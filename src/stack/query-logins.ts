import { djangoRoots } from "../artifacts/django.ts";
import { urlRoutes } from "../artifacts/django-urls.ts";
import { ownFiles, pythonModuleFile } from "../artifacts/project-files.ts";
import { type ListedRoute, listRoutes } from "../artifacts/route-tree.ts";
import type { AppComponent } from "./app/detect.ts";
import { serverServices } from "./query.ts";
import { expressesInForce, fastApisInForce } from "./query-app.ts";
import { settingsInForce } from "./query-settings.ts";
import type { Service, Stack } from "./stack.ts";

/** Questions about the routes at which passwords are tried. */

/** Routes of one deployed service that take a password or give out a token. */
export interface Logins {
  readonly service: Service;
  /** One per place, in the order of the program; never empty. */
  readonly routes: readonly ListedRoute[];
}

const login =
  /(?:^|\/)(?:log-?_?in|sign-?_?in|(?:auth|jwt|oauth2?|login|api|accounts?|users?)\/(?:access-?_?)?token|token\/(?:obtain|create|pair|login)|token-auth|api-token-auth|obtain-?_?token|access-?_?token|jwt\/create|authenticate)\/?$/i;

/** The login routes of every wanted server whose routes can be read; each program once. Reading routes is slow. */
export function loginRoutes(stack: Stack, wanted: (service: Service) => boolean): Logins[] {
  const all: { service: Service; routes: readonly ListedRoute[] }[] = [];
  for (const { settings, service } of settingsInForce(stack)) {
    const project = service.component?.django;
    const name = settings.values.get("ROOT_URLCONF");
    if (!project || name?.kind !== "literal" || !wanted(service)) continue;
    const { files } = service.component!;
    const roots = djangoRoots(project);
    const file = pythonModuleFile(files, String(name.value), roots);
    if (file === undefined) continue;
    const context = { files, roots, settings, modules: new Map(), budget: { left: 5_000 } };
    all.push({ service, routes: listRoutes(urlRoutes(context, file)) });
  }
  for (const { app, service } of [...fastApisInForce(stack), ...expressesInForce(stack)])
    if (wanted(service)) all.push({ service, routes: listRoutes(app.routes).filter(takesPosts) });
  return all.flatMap(({ service, routes }) => {
    const places = new Map(
      routes.filter(route => !route.prefix && isLogin(route)).map(route => [placeOf(route), route]),
    );
    return places.size > 0 ? [{ service, routes: [...places.values()] }] : [];
  });
}

function isLogin({ pattern }: ListedRoute): boolean {
  return login.test(pattern.replace(/[$^]|\\Z/g, "")) && !/(?:^|\/)admin\//.test(pattern);
}

function takesPosts({ methods }: ListedRoute): boolean {
  return methods?.some(method => method.toUpperCase() === "POST") === true;
}

function placeOf({ at }: ListedRoute): string {
  return `${at.file}:${at.span.start}`;
}

const limits =
  /throttl|rate[-_ ]?limit|lockout|limiter|brute|failed_?(?:login|attempt)|(?:login|auth)_?attempt|max_?attempts|slow_?down|\baxes\b|captcha|turnstile|too_?many|defender|limit_req|allauth|\b429\b/i;

const mostFiles = 1_500;

/** Whether anything in the program, in its manifests or in scripts speaks of limits: a wide question, asked last. */
export function speaksOfLimits(stack: Stack, component: AppComponent): boolean {
  const code = ownFiles(stack.files, component.dir).filter(
    path =>
      /\.(?:py|[cm]?[jt]s)$|(?:^|\/)(?:package\.json|pyproject\.toml|Pipfile|[\w-]*requirements[\w-]*\.(?:txt|in))$|\/requirements\//.test(
        path,
      ) && !/(?:^|\/)(?:migrations|node_modules|static|public|dist)\//.test(path),
  );
  if (code.length > mostFiles) return true;
  const proxies = stack.proxies.flatMap(proxy => proxy.files);
  const scripts = stack.scripts.map(script => script.file);
  return [component.manifest, ...proxies, ...scripts, ...code].some(path => {
    const read = stack.files.read(path);
    return !("source" in read) || limits.test(read.source.text);
  });
}

/** Every proxy of the project is an nginx whose configuration is known: nothing unseen can limit requests. */
export function seesProxies(stack: Stack, service: Service): boolean {
  const proxies = stack.proxies.filter(proxy => proxy.service?.project === service.project);
  const unseen = /cloudflare|tunnel|traefik|caddy|kong|haproxy|envoy|gateway|crowdsec|fail2ban|ngrok/i;
  return (
    proxies.every(proxy => proxy.effective.gaps.length === 0) &&
    serverServices(stack)
      .filter(other => other.project === service.project)
      .every(other => {
        if (unseen.test(`${other.name} ${other.image?.text ?? ""}`)) return false;
        return other.kind !== "proxy" || proxies.some(proxy => proxy.service === other);
      })
  );
}

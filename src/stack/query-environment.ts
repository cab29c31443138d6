import { djangoSettings } from "../artifacts/django.ts";
import type { DjangoSettings } from "../artifacts/django-settings.ts";
import { type EnvRead, type EnvWildcard, envReads, mayReadEnvironment } from "../artifacts/env-reads.ts";
import { filesBelow, isBelow, isVendored, ownFiles } from "../artifacts/project-files.ts";
import type { Lookup } from "../artifacts/value.ts";
import { inside } from "../core/path.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import type { Location } from "../core/source.ts";
import type { AppComponent } from "./app/detect.ts";
import { hostNames, isOptional, variable } from "./query.ts";
import type { ComposeProject, Service, Stack, Variable } from "./stack.ts";

/** Questions about the environment contract: what is set for a service, and what its code asks for. */

export interface ComponentReads {
  readonly reads: readonly EnvRead[];
  readonly wildcards: readonly EnvWildcard[];
  readonly names: ReadonlySet<string>;
  /** Every source file could be read, in a language whose reads are known. */
  readonly complete: boolean;
}

const mostFiles = 2_000;
/** Source files searched in one audit, over all components. */
const mostInAll = 4_000;
const searched = new WeakMap<ProjectFiles, number>();
const known = new WeakMap<AppComponent, ComponentReads>();

/** What the code of a component reads, in all files below its directory that are no tests and not vendored. */
export function componentReads(stack: Pick<Stack, "files">, component: AppComponent): ComponentReads {
  const before = known.get(component);
  if (before) return before;
  const paths = sourcesOf(stack, component);
  const reads: EnvRead[] = [];
  const wildcards: EnvWildcard[] = [];
  // A program that large is not searched at all: half an answer would cost as much, and prove no absence.
  const soFar = searched.get(stack.files) ?? 0;
  const isTooMuch = paths.length > mostFiles || soFar + paths.length > mostInAll;
  if (!isTooMuch) searched.set(stack.files, soFar + paths.length);
  for (const path of isTooMuch ? [] : paths) {
    const result = stack.files.read(path);
    if (!("source" in result)) continue;
    const found = envReads(result.source);
    if (found.reads.length === 0 && found.wildcards.length === 0) continue;
    reads.push(...found.reads);
    wildcards.push(...found.wildcards);
  }
  const names = new Set(reads.map(read => read.name));
  const answer = {
    reads,
    wildcards,
    names,
    complete: paths.length > 0 && !isTooMuch && readable.has(component.kind),
  };
  known.set(component, answer);
  return answer;
}

/** Kinds whose way to read the environment is written in their own code. */
const readable = new Set<AppComponent["kind"]>([
  "django",
  "fastapi",
  "flask",
  "python",
  "next",
  "vite",
  "cra",
  "express",
  "fastify",
  "koa",
  "hono",
  "node",
  "go",
]);

/** Django writes these from the models: there are hundreds, and none asks the environment. */
const schemaStep = /(?:^|\/)migrations\/\d{4}_[^/]*\.py$/;
const sourcePaths = new WeakMap<readonly string[], readonly string[]>();

function sourcesOf({ files }: Pick<Stack, "files">, component: AppComponent): readonly string[] {
  let all = sourcePaths.get(files.paths);
  if (!all) {
    all = files.paths.filter(path => mayReadEnvironment(path) && !schemaStep.test(path));
    sourcePaths.set(files.paths, all);
  }
  return filesBelow({ paths: all }, component.dir);
}

const texts =
  /\.(?:py|[cm]?[jt]sx?|vue|svelte|astro|sh|bash|prisma|json|toml|ini|cfg|conf|ya?ml|template|tmpl|rb|go|php|html|j2)$|(?:^|\/)(?:Procfile|Dockerfile[^/]*|[^/.]+)$/;
const unread = /(?:^|\/)(?:docs?|\.github|\.[a-z]+)\/|package-lock|pnpm-lock/;
const mentions = new WeakMap<AppComponent, Map<string, boolean>>();
const textPaths = new WeakMap<AppComponent, readonly string[]>();

/** The texts of a component that may name a variable, without Compose's own files. */
function textsOf(stack: Stack, component: AppComponent): readonly string[] {
  let paths = textPaths.get(component);
  if (!paths) {
    const composeFiles = new Set(stack.projects.flatMap(project => project.files));
    paths = ownFiles(stack.files, component.dir).filter(
      path => texts.test(path) && !composeFiles.has(path) && !unread.test(path),
    );
    textPaths.set(component, paths);
  }
  return paths;
}

/**
 * Whether a name stands anywhere in the component's own texts (configuration and scripts included), or in a script of
 * the repository: a wider question than "is it read", for rules that must not be wrong about a "no".
 */
export function isMentioned(stack: Stack, component: AppComponent, name: string): boolean {
  const answers = mentions.get(component) ?? new Map<string, boolean>();
  mentions.set(component, answers);
  const before = answers.get(name);
  if (before !== undefined) return before;
  const word = new RegExp(`(?<![A-Za-z0-9_])${name}(?![A-Za-z0-9_])`);
  const answer = textsOf(stack, component).some(path => {
    const result = stack.files.read(path);
    return "source" in result && result.source.text.includes(name) && word.test(result.source.text);
  });
  answers.set(name, answer);
  return answer;
}

/** True when something outside the repository may set more variables: an env_file that is not there. */
export function hasUnseenEnvironment(service: Service): boolean {
  if (service.settingsSourced || service.envFiles.some(use => use.file === undefined)) return true;
  return service.get("extends") !== undefined || service.secrets.length > 0;
}

/** What a service or its image gives a variable, as far as it is plain. */
export function environmentText(service: Service, name: string): string | undefined {
  return variable(service, name)?.value?.text ?? service.model?.env.get(name)?.value ?? undefined;
}

/** The value that a variable has for the program: text, null when surely unset, undefined when not known. */
export function lookupOf(service: Service): Lookup {
  const byName = new Map(service.environment.map(variable => [variable.name, variable]));
  return name => {
    if (service.reassigned?.has(name)) return undefined;
    const variable = byName.get(name);
    if (variable) return variable.value?.text;
    return hasUnseenEnvironment(service) ? undefined : null;
  };
}

/** Set by Compose or one of its env files; the image's own settings are not. */
export function givenVariables(service: Service): Variable[] {
  return service.environment.filter(each => each.from === "environment" || each.from === "env_file");
}

const moduleName = "DJANGO_SETTINGS_MODULE";

/**
 * The settings module that a service is given, the nearest first: by gunicorn's own option, by a script that starts it,
 * or by its environment. Its name is undefined where it cannot be told; undefined when none is given.
 */
export function namedModule(service: Service): { readonly module: string | undefined } | undefined {
  const words = service.process?.argv.map(word => word.value) ?? [];
  const option = words.flatMap((word, index) => {
    const value = /^(?:--env|-e)$/.test(words[index - 1] ?? "") ? word : word?.replace(/^--env=/, "");
    return value?.startsWith(`${moduleName}=`) ? [value.slice(moduleName.length + 1)] : [];
  });
  if (option.length > 0) return { module: option.at(-1) };
  if (service.scripted?.has(moduleName)) return { module: service.scripted.get(moduleName) };
  const variable = service.environment.find(each => each.name === moduleName);
  return variable && { module: variable.value?.text };
}

/** The Django settings that a service runs with; undefined for other programs, and when the module is not known. */
export function settingsOf(service: Service): DjangoSettings | undefined {
  const { component } = service;
  if (!component?.django) return undefined;
  const named = namedModule(service);
  if (named && named.module === undefined) return undefined;
  // An env file that is not here may choose another module.
  if (!named && hasUnseenEnvironment(service) && component.django.modules.length > 1) return undefined;
  if (named) return djangoSettings(component.files, component.django, named.module);
  const served = servedModules(component);
  const words = (service.process?.commands ?? []).flat().map(word => word.value ?? "");
  if (
    served.every(module => module === component.django!.defaultModule?.value) ||
    words.includes("manage.py")
  )
    return djangoSettings(component.files, component.django);
  // A web server starts from wsgi.py or asgi.py, which name a module of their own; of what else starts nothing is known.
  const isServer = words.some(word => /(?:^|[.:])[aw]sgi(?::\w+)?$/.test(word));
  return isServer && served.length === 1
    ? djangoSettings(component.files, component.django, served[0])
    : undefined;
}

const servedByComponent = new WeakMap<AppComponent, readonly string[]>();

/** The settings modules that wsgi.py and asgi.py of a component choose when the environment names none, each once. */
function servedModules(component: AppComponent): readonly string[] {
  const known = servedByComponent.get(component);
  if (known) return known;
  const found = new Set<string>();
  for (const path of component.files.paths) {
    if (!/(?:^|\/)[aw]sgi\.py$/.test(path) || !isBelow(component.dir, path) || isVendored(path)) continue;
    const text = component.files.read(path)?.text ?? "";
    const chosen =
      /^[ \t]*os\.environ(?:\.setdefault\(|\[)\s*["']DJANGO_SETTINGS_MODULE["'](?:\s*,|\]\s*=)\s*["']([\w.]+)["']/gm;
    for (const [, module] of text.matchAll(chosen)) found.add(module!);
  }
  const modules = [...found];
  servedByComponent.set(component, modules);
  return modules;
}

export type Protocol = "postgres" | "mysql" | "mongodb" | "redis" | "amqp" | "memcached";

const images: readonly (readonly [RegExp, Protocol])[] = [
  [/postg|timescale|pgvector|cockroach/, "postgres"],
  [/mysql|mariadb|percona/, "mysql"],
  [/mongo/, "mongodb"],
  [/redis|valkey|keydb|dragonfly/, "redis"],
  [/rabbit/, "amqp"],
  [/memcached/, "memcached"],
];

/** What a store speaks, by its image. Companions (exporters, pgadmin, express front ends) are no stores. */
export function protocolOf(service: Service): Protocol | undefined {
  if (!["database", "cache", "queue"].includes(service.kind)) return undefined;
  const name = service.imageRef?.name ?? service.model?.base?.name ?? "";
  return images.find(([pattern]) => pattern.test(name))?.[1];
}

const schemes: readonly (readonly [RegExp, Protocol])[] = [
  [/^(?:postgres|postgresql|postgis|timescale|jdbc:postgresql)(?:\+\w+)?$/, "postgres"],
  [/^(?:mysql|mysql2|mariadb|jdbc:mysql|jdbc:mariadb)(?:\+\w+)?$/, "mysql"],
  [/^mongodb(?:\+srv)?$/, "mongodb"],
  [/^(?:redis|rediss|valkey)(?:\+\w+)?$/, "redis"],
  [/^(?:amqp|amqps|pyamqp)$/, "amqp"],
];

export interface StoreUrl {
  readonly protocol: Protocol;
  readonly host: string;
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
}

/** A connection string of a store, taken apart; undefined for other URLs and for what is no URL. */
export function storeUrl(text: string): StoreUrl | undefined {
  // `shop:secret@tcp(db:3306)/shop`, as Go's driver of MySQL has it.
  const [whole, account, secret, at, name] =
    /^([\w-]+)(?::([^@\s]*))?@tcp\(([\w.-]+)(?::\d+)?\)\/(\w*)(?:\?\S*)?$/.exec(text.trim()) ?? [];
  if (whole)
    return {
      protocol: "mysql",
      host: at!,
      user: account!,
      ...(secret ? { password: secret } : {}),
      ...(name ? { database: name } : {}),
    };
  const found =
    /^((?:jdbc:)?[a-z][a-z0-9+]*):\/\/(?:([^:@/?#\s]*)(?::([^/?#\s]*))?@)?(\[[^\]]*\]|[^:/?#\s,@]+)(?::\d+)?(?:\/([^?#\s]*))?/i.exec(
      text.trim(),
    );
  if (!found) return undefined;
  const protocol = schemes.find(([pattern]) => pattern.test(found[1]!.toLowerCase()))?.[1];
  if (!protocol) return undefined;
  const [, , user, password, host, database] = found;
  return {
    protocol,
    host: host!,
    ...(user ? { user: decode(user) } : {}),
    ...(password ? { password: decode(password) } : {}),
    ...(database ? { database } : {}),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** `localhost`, `127.x`, `::1`: the container itself. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/i.test(host.trim());
}

/** The service that a variable's value points at: the host of its URL, or the value itself for `*_HOST`. */
export function pointsAt(
  project: ComposeProject,
  variable: Variable,
  text = variable.value?.text,
): Service | undefined {
  if (text === undefined) return undefined;
  const url = storeUrl(text);
  const host = url?.host ?? (/(?:^|_)(?:HOST|HOSTNAME|SERVER|ADDR)$/i.test(variable.name) ? text : undefined);
  if (!host || isLoopback(host)) return undefined;
  const bare = host.replace(/:\d+$/, "");
  return project.services.find(service => hostNames(service).includes(bare));
}

/** The stores of a project that speak a protocol and start with it. */
export function storesOf(project: ComposeProject, protocol: Protocol): Service[] {
  return project.services.filter(service => protocolOf(service) === protocol && !isOptional(service));
}

/** True when a service shares its network with the host, or with another container: loopback means something else. */
export function sharesNetwork(service: Service): boolean {
  return service.networkMode !== undefined && /^(?:host|service:|container:)/.test(service.networkMode.value);
}

/** Whether the component's own files are those that a location stands in (a nested component's are not). */
export function ownsFile(stack: Stack, component: AppComponent, at: Location): boolean {
  if (inside(component.dir, at.file) === undefined && component.dir !== "") return false;
  return !stack.components.some(
    other => other.dir !== component.dir && isBelow(component.dir, other.dir) && isBelow(other.dir, at.file),
  );
}

const password = /^(?:POSTGRES|PG|MYSQL|MARIADB|DB|DATABASE|(REDIS)|(MONGO)\w*)_?PASS(?:WORD)?$/;

/** The store's whole address is given: what the code would put one together from is not used. */
export function isAddressed({ environment, scripted }: Service, name: string): boolean {
  const [found, redis, mongo] = password.exec(name) ?? [];
  const url = redis
    ? /^REDIS_UR[LI]$/
    : mongo
      ? /^MONGO\w*_UR[LI]$/
      : /^(?:SQLALCHEMY_)?(?:DATABASE|DB|POSTGRES|PG|MYSQL)_(?:UR[LI]|DSN)$/;
  if (found === undefined) return false;
  // `export DATABASE_URL=...` in what the container starts with.
  return (
    environment.some(each => url.test(each.name)) ||
    [...(scripted?.keys() ?? [])].some(each => url.test(each))
  );
}

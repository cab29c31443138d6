import type { EnvRead } from "../artifacts/env-reads.ts";
import { concrete, entryOf, type Value } from "../artifacts/value.ts";
import type { Evidence } from "../core/finding.ts";
import { dirname, join } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Location } from "../core/source.ts";
import type { AppComponent } from "./app/detect.ts";
import { evidence, hostNames } from "./query.ts";
import {
  componentReads,
  givenVariables,
  isLoopback,
  isMentioned,
  lookupOf,
  ownsFile,
  type Protocol,
  pointsAt,
  protocolOf,
  settingsOf,
  storeUrl,
} from "./query-environment.ts";
import { isOtherCommand } from "./query-go.ts";
import { isToolsOwn, speaks } from "./spoken.ts";
import type { Service, Stack, Variable } from "./stack.ts";

/** Where a program connects to: what Compose tells it, and what its code does with that. */

/** Credentials that a database service creates at its first start; undefined where nothing in the repository tells. */
export interface StoreAccount {
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
}

const accountNames: Partial<Record<Protocol, readonly [user: string, password: string, database: string]>> = {
  postgres: ["POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"],
  mysql: ["MYSQL_USER", "MYSQL_PASSWORD", "MYSQL_DATABASE"],
  mongodb: ["MONGO_INITDB_ROOT_USERNAME", "MONGO_INITDB_ROOT_PASSWORD", "MONGO_INITDB_DATABASE"],
  amqp: ["RABBITMQ_DEFAULT_USER", "RABBITMQ_DEFAULT_PASS", "RABBITMQ_DEFAULT_VHOST"],
};

/** The variables that name a store's account, in the order user, password, database. */
export function accountVariables(store: Service): (Variable | undefined)[] {
  const protocol = protocolOf(store);
  const names = (protocol && accountNames[protocol]) ?? [];
  return names.map(name =>
    store.environment.find(
      each => each.name === name || (protocol === "mysql" && each.name === name.replace("MYSQL", "MARIADB")),
    ),
  );
}

export function accountOf(store: Service): StoreAccount {
  const [user, password, database] = accountVariables(store);
  const postgres = protocolOf(store) === "postgres";
  const userText = user ? user.value?.text : postgres ? "postgres" : undefined;
  const databaseText = database ? database.value?.text : postgres ? userText : undefined;
  const passwordText = password?.value?.text;
  return {
    ...(userText ? { user: userText } : {}),
    ...(passwordText ? { password: passwordText } : {}),
    ...(databaseText ? { database: databaseText } : {}),
  };
}

/** Connection variables that are given and that no code reads, with what the code uses instead. */
export interface ConnectionGap {
  readonly service: Service;
  readonly component: AppComponent;
  readonly store: Service;
  readonly protocol: Protocol;
  readonly variables: readonly Variable[];
  readonly instead: readonly Evidence[];
  /** Why it surely cannot connect; undefined when that is not certain. */
  readonly fails?: string;
  /** Names that the code reads instead. */
  readonly reads: readonly string[];
}

const gaps = new WeakMap<Stack, readonly ConnectionGap[]>();

export function connectionGaps(stack: Stack): readonly ConnectionGap[] {
  let found = gaps.get(stack);
  if (!found) {
    found = stack.services.flatMap(service => gapsOf(stack, service));
    gaps.set(stack, found);
  }
  return found;
}

/** A password that only the host knows leaves the address as it is written, with a NUL in its place. */
export function addressOf({ value }: Pick<Variable, "value">): string | undefined {
  return value?.text ?? value?.raw.replace(/\$\{[^}]*\}|\$\w+/g, "%00");
}

function gapsOf(stack: Stack, service: Service): ConnectionGap[] {
  const { component } = service;
  if (!component || service.envFiles.some(use => use.file === undefined)) return [];
  const given = givenVariables(service).flatMap(variable => {
    const store = pointsAt(service.project, variable, addressOf(variable));
    const protocol = store && protocolOf(store);
    return store && protocol ? [{ variable, store, protocol }] : [];
  });
  if (given.length === 0) return [];
  const { reads, names, wildcards, complete } = componentReads(stack, component);
  if (!complete) return [];
  const covers = (name: string) =>
    wildcards.some(each => each.prefix === undefined || name.startsWith(each.prefix));
  const result: ConnectionGap[] = [];
  for (const store of new Set(given.map(each => each.store))) {
    const variables = given.filter(each => each.store === store).map(each => each.variable);
    const used = variables.some(
      ({ name }) =>
        names.has(name) || covers(name) || inCommands(service, name) || isMentioned(stack, component, name),
    );
    if (used) continue;
    const protocol = protocolOf(store)!;
    const settings = databaseInstead(service, store);
    const loops = loopbackUses(stack, service).filter(use => use.protocol === protocol);
    const others = connectionReads(stack, service, component, protocol, reads);
    const instead = unique([
      ...(settings?.evidence ?? []),
      ...loops.map(use => evidence(use.at, use.shows)),
      ...(settings ? [] : others.map(read => evidence(read.at, showRead(read)))),
    ]);
    if (instead.length === 0) continue;
    const fails = settings?.fails ?? (loops.length > 0 ? "it connects to its own container" : undefined);
    const readNames = settings
      ? settings.names
      : [...new Set(others.map(read => read.name))].filter(name => !variables.some(v => v.name === name));
    result.push({
      ...{ service, component, store, protocol, variables, instead, reads: readNames },
      ...(fails ? { fails } : {}),
    });
  }
  return result;
}

function inCommands(service: Service, name: string): boolean {
  const texts = [service.command?.text, service.entrypoint?.text, service.process?.text];
  return texts.some(text => text?.includes(name));
}

function unique(list: readonly Evidence[]): Evidence[] {
  const seen = new Set<string>();
  return list.filter(({ at }) => {
    const key = `${at.file}:${at.span.start}`;
    return !seen.has(key) && seen.add(key);
  });
}

function showRead(read: EnvRead): string {
  return read.default ? `reads ${read.name} with a default` : `reads ${read.name}`;
}

const readNames: Record<Protocol, RegExp> = {
  postgres:
    /^(?:\w+_)?(?:DB|DATABASE|POSTGRES|POSTGRESQL|PG|SQL)_?(?:HOST|HOSTNAME|SERVER|USER|USERNAME|PASS|PASSWORD|NAME|URL|URI|DSN)$/,
  mysql:
    /^(?:\w+_)?(?:DB|DATABASE|MYSQL|MARIADB|SQL)_?(?:HOST|HOSTNAME|SERVER|USER|USERNAME|PASS|PASSWORD|NAME|URL|URI|DSN)$/,
  mongodb: /^(?:\w+_)?(?:DB|DATABASE|MONGO|MONGODB)_?(?:HOST|URL|URI|SERVER)$/,
  redis: /^(?:\w+_)?(?:REDIS|VALKEY)_?(?:HOST|URL|URI|SERVER|LOCATION)$/,
  amqp: /^(?:\w+_)?(?:RABBITMQ|AMQP|RABBIT)_?(?:HOST|URL|URI|SERVER)$/,
  memcached: /^(?:\w+_)?MEMCACHED?_?(?:HOST|URL|SERVER|SERVERS)$/,
};

/** Reads of the service's code that say where to connect, of variables that nothing sets for it. */
function connectionReads(
  stack: Stack,
  service: Service,
  component: AppComponent,
  protocol: Protocol,
  reads: readonly EnvRead[],
): EnvRead[] {
  const lookup = lookupOf(service);
  return reads.filter(
    read =>
      readNames[protocol].test(read.name) &&
      lookup(read.name) === null &&
      isRun(stack, service, component, read.at),
  );
}

const aside = /(?:^|\/)(?:scripts?|tools?|examples?|samples?|benchmarks?|docs?|migrations|seeds?)\//;

/** What fills a database for the first time, where no start of the container asks for it. */
const seeding = /(?:^|\/)(?:prisma|db|database)\/seed\.[cm]?[jt]s$/;

function seeds({ process }: Service): boolean {
  return (process?.commands ?? []).flat().some(({ value = "" }) => /(?:^|[:/_-])seed\b/.test(value));
}

/** Whether code at a place is part of the program: not a tool beside it, not another component, not idle settings. */
export function isRun(stack: Stack, service: Service, component: AppComponent, at: Location): boolean {
  if (aside.test(at.file) || !ownsFile(stack, component, at) || isToolsOwn(service, at.file)) return false;
  if (seeding.test(at.file) && !seeds(service)) return false;
  if (!speaks(component.kind, at.file) || isOtherCommand(stack, service, at.file)) return false;
  if (!component.django) return true;
  const loaded = settingsOf(service)?.files;
  const isSettings = component.django.modules.some(module => module.file === at.file);
  if (isSettings) return loaded?.includes(at.file) ?? false;
  return !loaded || loaded.includes(at.file) || !extendsSettings(stack, at.file, loaded);
}

/** `from .settings import *` beside the settings that run: settings for another place, whatever the file is called. */
function extendsSettings(stack: Stack, file: string, loaded: readonly string[]): boolean {
  const text = sourceOf(stack, file)?.text ?? "";
  return [...text.matchAll(/^from\s+\.(\w+)\s+import\s+\*/gm)].some(match =>
    loaded.includes(join(dirname(file), `${match[1]}.py`)),
  );
}

interface DatabaseInstead {
  readonly evidence: readonly Evidence[];
  readonly names: readonly string[];
  readonly fails?: string;
}

const words = { HOST: "host", USER: "user", PASSWORD: "password", NAME: "database" } as const;

/** What Django's default database is under the service's environment, when it differs from the store. */
function databaseInstead(service: Service, store: Service): DatabaseInstead | undefined {
  const settings = settingsOf(service);
  if (!settings || (protocolOf(store) !== "postgres" && protocolOf(store) !== "mysql")) return undefined;
  const database = entryOf(settings.values.get("DATABASES"), "default");
  if (!database || settings.unseen.length > 0) return undefined;
  const lookup = lookupOf(service);
  const account = accountOf(store);
  const wanted = { HOST: undefined, USER: account.user, PASSWORD: account.password, NAME: account.database };
  const shown: Evidence[] = [];
  const names: string[] = [];
  const wrong: string[] = [];
  for (const key of ["HOST", "USER", "PASSWORD", "NAME"] as const) {
    const value = entryOf(database, key);
    const text = value && concrete(value, lookup);
    if (!value || typeof text !== "string") continue;
    if (value.kind === "env") names.push(...value.env.names);
    const differs =
      key === "HOST" ? !hostNames(store).includes(text) : wanted[key] !== undefined && text !== wanted[key];
    if (!differs) continue;
    wrong.push(words[key]);
    shown.push(
      evidence(
        value.at,
        value.kind === "env" ? `the ${words[key]} is a default here` : `the ${words[key]} is fixed here`,
      ),
    );
  }
  if (wrong.length === 0) return undefined;
  const last = wrong.pop()!;
  const list = wrong.length === 0 ? last : `${wrong.join(", ")} and ${last}`;
  return { evidence: shown, names, fails: `it connects with another ${list} than "${store.name}" has` };
}

/** A place where a program connects to a store on its own loopback address. */
export interface LoopbackUse {
  readonly protocol: Protocol;
  readonly at: Location;
  readonly shows: string;
  /** The variable whose default it is. */
  readonly name?: string;
  /** The one variable, set nowhere, that would lead elsewhere, and the address that stands in for it. */
  readonly unset?: { readonly name: string; readonly fallback: string };
}

const ports: Readonly<Record<number, Protocol>> = {
  5432: "postgres",
  3306: "mysql",
  27017: "mongodb",
  6379: "redis",
  5672: "amqp",
  11211: "memcached",
};

/** Loopback addresses of stores in the code of a service that apply under its environment. */
export function loopbackUses(stack: Stack, service: Service): LoopbackUse[] {
  const { component } = service;
  if (!component) return [];
  const lookup = lookupOf(service);
  const uses: LoopbackUse[] = [];
  const settings = settingsOf(service);
  // What changes the settings unseen may change these.
  if (settings && settings.unseen.length === 0) {
    for (const [name, value] of settings.values) {
      const root = name === "DATABASES" ? entryOf(value, "default") : value;
      if (root) uses.push(...inSettings(root, lookup));
    }
  }
  for (const read of componentReads(stack, component).reads) {
    const fallback = read.default;
    if (!fallback || lookup(read.name) !== null || !isRun(stack, service, component, read.at)) continue;
    if (settings?.files.includes(read.at.file)) continue;
    const url = storeUrl(fallback.value);
    const protocol = url && isLoopback(url.host) ? url.protocol : undefined;
    const byName = isLoopback(fallback.value) ? protocolByName(read.name) : undefined;
    const found = protocol ?? byName;
    if (found)
      uses.push({
        protocol: found,
        at: read.at,
        shows: `${read.name} falls back to loopback`,
        name: read.name,
        unset: { name: read.name, fallback: fallback.value },
      });
  }
  return uses;
}

function protocolByName(name: string): Protocol | undefined {
  if (/(?:^|_)(?:POSTGRES|POSTGRESQL|PG)_?HOST$/.test(name)) return "postgres";
  if (/(?:^|_)(?:MYSQL|MARIADB)_?HOST$/.test(name)) return "mysql";
  if (/(?:^|_)REDIS_?HOST$/.test(name)) return "redis";
  if (/(?:^|_)(?:RABBITMQ|RABBIT|AMQP)_?HOST$/.test(name)) return "amqp";
  return /(?:^|_)(?:MONGO|MONGODB)_?HOST$/.test(name) ? "mongodb" : undefined;
}

function inSettings(
  value: Value,
  lookup: (name: string) => string | null | undefined,
  depth = 0,
): LoopbackUse[] {
  if (depth > 12) return [];
  if (value.kind === "dict") {
    const host = text(entryOf(value, "HOST"), lookup);
    const engine = text(entryOf(value, "ENGINE"), lookup);
    if (host !== undefined && isLoopback(host) && engine) {
      const protocol = /postg/.test(engine) ? "postgres" : /mysql/.test(engine) ? "mysql" : undefined;
      const said = entryOf(value, "HOST")!;
      return protocol
        ? [{ protocol, at: said.at, shows: "the host is loopback", ...unsetIn(said, host, lookup) }]
        : [];
    }
    return value.entries.flatMap(entry => inSettings(entry.value, lookup, depth + 1));
  }
  if (value.kind === "list") {
    const [first, second] = value.items;
    const host = text(first, lookup);
    const port = second && concrete(second, lookup);
    const protocol = ports[Number(port)];
    if (value.items.length === 2 && host !== undefined && isLoopback(host) && protocol)
      return [{ protocol, at: value.at, shows: "the host is loopback", ...unsetIn(first!, host, lookup) }];
    return value.items.flatMap(item => inSettings(item, lookup, depth + 1));
  }
  const address = text(value, lookup) ?? "";
  const url = storeUrl(address);
  return url && isLoopback(url.host)
    ? [
        {
          protocol: url.protocol,
          at: value.at,
          shows: "the host is loopback",
          ...unsetIn(value, address, lookup),
        },
      ]
    : [];
}

/** The variable alone decides, and nothing sets it. */
function unsetIn(
  value: Value,
  fallback: string,
  lookup: (name: string) => string | null | undefined,
): Pick<LoopbackUse, "unset"> {
  if (value.kind !== "env" || value.env.cast !== "string") return {};
  const [name, ...others] = value.env.names;
  return name !== undefined && others.length === 0 && lookup(name) === null
    ? { unset: { name, fallback } }
    : {};
}

function text(
  value: Value | undefined,
  lookup: (name: string) => string | null | undefined,
): string | undefined {
  const known = value && concrete(value, lookup);
  return typeof known === "string" ? known : undefined;
}

/** Whether some variable that the service's code reads names a store of this protocol, or may do so. */
export function isWired(stack: Stack, service: Service, protocol: Protocol): boolean {
  const { component } = service;
  if (!component) return true;
  const { names, wildcards, complete } = componentReads(stack, component);
  if (!complete || wildcards.some(each => each.prefix === undefined)) return true;
  return givenVariables(service).some(variable => {
    if (!names.has(variable.name) && !isMentioned(stack, component, variable.name)) return false;
    if (variable.value?.text === undefined) return readNames[protocol].test(variable.name);
    const store = pointsAt(service.project, variable);
    if (store) return protocolOf(store) === protocol;
    // A managed store elsewhere.
    return storeUrl(variable.value.text)?.protocol === protocol || readNames[protocol].test(variable.name);
  });
}

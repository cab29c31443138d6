import { filesBelow } from "../artifacts/project-files.ts";
import { hostNames, serviceAt, variable } from "./query.ts";
import { accountVariables, addressOf } from "./query-connections.ts";
import { accountsOf, isCreatedElsewhere, isMysql, isPostgres } from "./query-data.ts";
import {
  componentReads,
  givenVariables,
  hasUnseenEnvironment,
  pointsAt,
  protocolOf,
  storeUrl,
} from "./query-environment.ts";
import { initScripts } from "./query-init-roles.ts";
import type { Credential } from "./query-secrets.ts";
import { hasAccount } from "./query-secrets.ts";
import type { Service, Stack, Variable } from "./stack.ts";

/** Logins that services are given, against the accounts that the stores create. */

/** What a service is given to log in to a store of its project. */
export interface Login {
  readonly store: Service;
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
  /** Where the credential stands. */
  readonly place: Variable;
  /** Where the database is named, if elsewhere. */
  readonly databasePlace?: Variable;
}

/** Every login that the variables of a service tell. */
export function* loginsOf(stack: Stack, service: Service): Generator<Login> {
  const reads = service.component && componentReads(stack, service.component);
  const isUnread = (name: string) =>
    reads?.complete === true && reads.wildcards.length === 0 && !reads.names.has(name);
  for (const place of givenVariables(service)) {
    const address = addressOf(place);
    const store = pointsAt(service.project, place, address);
    if (!store || store === service || isUnread(place.name)) continue;
    const url = storeUrl(address!);
    if (url) {
      const [user, password, database] = [url.user, url.password, url.database].map(part =>
        part === undefined || /\0|%00/.test(part) ? undefined : part,
      );
      yield {
        ...{ store, place },
        ...(user ? { user } : {}),
        ...(password ? { password } : {}),
        ...(database ? { database } : {}),
      };
      continue;
    }
    const prefix = /^(.*?)_?(?:HOST|HOSTNAME|SERVER|ADDR)$/i.exec(place.name)?.[1];
    if (!prefix || isToldWhole(service, store, isUnread)) continue;
    const part = (...names: string[]) =>
      names.map(name => variable(service, `${prefix}_${name}`)).find(each => each && !isUnread(each.name));
    const user = part("USER", "USERNAME");
    const password = part("PASSWORD", "PASS");
    const database = part("DB", "NAME", "DATABASE", "DB_NAME", "DBNAME");
    const known = { user: user?.value?.text, password: password?.value?.text };
    const named = database?.value?.text;
    // Redis has a password and no user, so that an address alone is a login without one.
    if (!known.user && !known.password && !named && (protocolOf(store) !== "redis" || user || password))
      continue;
    yield {
      store,
      place: (known.password ? password : user) ?? place,
      ...(known.user ? { user: known.user } : {}),
      ...(known.password ? { password: known.password } : {}),
      ...(named ? { database: named, databasePlace: database! } : {}),
    };
  }
  // `mongodb://${USER}:${PASSWORD}@mongo/shop`: which account and which database is known, whatever their values are.
  for (const place of service.environment) {
    if (!place.value || place.value.text !== undefined || isUnread(place.name)) continue;
    const url = storeUrl(byName(place.value.raw));
    const store = url?.protocol === "mongodb" ? serviceAt(service.project, url.host) : undefined;
    if (store && store !== service && url?.user) yield { store, place, user: url.user };
  }
}

/** The whole address of the store is given beside its parts: programs that read both take the whole. */
function isToldWhole(service: Service, store: Service, isUnread: (name: string) => boolean): boolean {
  return service.environment.some(
    ({ name, value }) =>
      /(?:^|_)(?:DATABASE|DB|POSTGRES(?:QL)?|MYSQL|MARIADB|MONGO(?:DB)?)_?(?:URL|URI|DSN)$/.test(name) &&
      !isUnread(name) &&
      value !== undefined &&
      hostNames(store).some(host => new RegExp(`@${host}(?=[:/]|$)`).test(value.raw)),
  );
}

/** Text with names in the place of references, so that one variable equals itself. */
function byName(raw: string): string {
  return raw
    .trim()
    .replace(/^(["'])(.*)\1$/s, "$2")
    .replace(/\$\{(\w+)[^{}]*\}|\$(\w+)/g, (_, braced?: string, plain?: string) => `ref.${braced ?? plain}`);
}

/** How a login differs from the account that the store has. */
export interface Mismatch {
  readonly what: "user" | "password" | "database";
  readonly text: string;
  /** What is seen at the login, where it is not another value. */
  readonly used?: string;
  readonly shows: string;
  readonly at: Variable["at"];
  /** Where the login says it, if not at the login's place. */
  readonly place?: Variable;
}

/** Why the store refuses a login; undefined when it does not, or when nobody can tell. */
export function mismatchOf(stack: Stack, service: Service, login: Login): Mismatch | undefined {
  return (
    mismatch(stack, service, login) ??
    otherDatabase(stack, service, login) ??
    absentDatabase(stack, service, login)
  );
}

function mismatch(
  stack: Stack,
  service: Service,
  { store, user, password, place }: Login,
): Mismatch | undefined {
  const protocol = protocolOf(store);
  if (protocol === "redis") return redisMismatch(service, store, place, password);
  const [userVariable, passwordVariable] = accountVariables(store);
  const usual =
    protocol === "postgres" ? "postgres" : isMysql(store) && accountsOf(store) ? "root" : undefined;
  const account = userVariable ? userVariable.value?.text : usual;
  const expected = passwordVariable?.value?.text;
  if (!account || account.includes("$")) return undefined;
  if (isScripted(store)) return scriptedMismatch(stack, store, user, password, account);
  if (user === "root" && protocol === "mysql") return rootMismatch(store, password);
  if (user === account && password && expected && password !== expected)
    return {
      what: "password",
      text: "another password than it is created with",
      shows: "the password that it is created with",
      at: passwordVariable!.at,
    };
  if (!user || user === account || (user === "root" && protocol !== "postgres")) return undefined;
  if (hasAccount(service, account, userVariable)) return undefined;
  return {
    what: "user",
    text: "a user that nothing creates",
    shows: userVariable ? "the only user that it creates" : "creates only its default user",
    at: userVariable?.at ?? store.at,
  };
}

/** Scripts at the first start may add any account. */
function isScripted(store: Service): boolean {
  return store.build !== undefined || store.mounts.some(mount => /initdb\.d/.test(mount.target));
}

/** The same where every script of the first start was read and tells its roles by name. */
function scriptedMismatch(
  stack: Stack,
  store: Service,
  user: string | undefined,
  password: string | undefined,
  account: string,
): Mismatch | undefined {
  if (store.build !== undefined || !(isPostgres(store) || isMysql(store))) return undefined;
  const { complete, roles, text } = initScripts(stack, store);
  if (!complete || !user || user === account || user === "root") return undefined;
  const at = store.mounts.find(mount => /initdb\.d/.test(mount.target))?.at ?? store.at;
  const role = roles.find(({ name }) => name === user);
  if (role) {
    if (!role.password || !password || role.password === password || changesPasswords(text)) return undefined;
    return {
      what: "password",
      text: "another password than the script of its first start gives the user",
      used: "another password is used here",
      shows: `${role.at.file} gives it another`,
      at,
    };
  }
  // What a script says of the name, or a page tells people to create, may be what makes it.
  if (text.includes(user) || isCreatedElsewhere(stack, user)) return undefined;
  return {
    what: "user",
    text: "a user that nothing creates, neither its variables nor the scripts of its first start",
    used: "another user is used here",
    shows: "makes no such user",
    at,
  };
}

function changesPasswords(text: string): boolean {
  return /\balter\s+(?:role|user)\b[^;]*\b(?:password|identified)\b|\bset\s+password\b/i.test(text);
}

function redisMismatch(
  service: Service,
  store: Service,
  place: Variable,
  password: string | undefined,
): Mismatch | undefined {
  const words = store.process?.argv ?? [];
  const index = words.findIndex(word => word.value === "--requirepass");
  const expected = index === -1 ? undefined : words[index + 1];
  if (!expected || (password !== undefined && password === expected.value)) return undefined;
  const isKnown = expected.value !== undefined && !expected.value.includes("$");
  if (expected.value === "" || (password !== undefined && !isKnown)) return undefined;
  // `redis://:${REDIS_PASSWORD}@redis` gives one that only the server knows.
  if (password === undefined && storeUrl(addressOf(place) ?? "")?.password) return undefined;
  // What is given in parts may be a password under any name.
  if (password === undefined && mayGivePassword(service, store, place)) return undefined;
  return {
    what: "password",
    text: password ? "another password than it asks for" : "no password, and it asks for one",
    ...(isKnown ? {} : { used: "no password is given" }),
    shows: "the password that it asks for",
    at: expected.at,
  };
}

/** Another variable of the service, or one that nobody sees, may hold the password of a Redis. */
function mayGivePassword(service: Service, store: Service, place: Variable): boolean {
  const isUrl = storeUrl(place.value?.text ?? "") !== undefined;
  if (hasUnseenEnvironment(service) || (!isUrl && !service.component)) return true;
  const asked = new Set([...(store.command?.text ?? "").matchAll(/\$\$?\{?(\w+)/g)].map(([, name]) => name!));
  return service.environment.some(
    each =>
      each !== place &&
      (asked.has(each.name) ||
        each.value?.references.some(({ name }) => asked.has(name)) === true ||
        (/redis|cache|broker|queue|celery|session|valkey/i.test(each.name) &&
          /pass|auth|secret|url|uri|dsn/i.test(each.name)) ||
        (each.value?.text === undefined && /pass|auth|secret/i.test(each.name))),
  );
}

/** The administrator of MySQL and MariaDB has a password of its own. */
function rootMismatch(store: Service, password: string | undefined): Mismatch | undefined {
  const own = variable(store, "MYSQL_ROOT_PASSWORD") ?? variable(store, "MARIADB_ROOT_PASSWORD");
  const expected = own?.value?.text;
  if (!own || !expected || !password || password === expected) return undefined;
  return {
    what: "password",
    text: "another password than its administrator is created with",
    shows: "the password that it is created with",
    at: own.at,
  };
}

/** MongoDB looks for an account in the database that the address names, unless `authSource` names another. */
function otherDatabase(stack: Stack, service: Service, login: Login): Mismatch | undefined {
  const { store, user, place } = login;
  const text = place.value?.text ?? byName(place.value?.raw ?? "");
  const database = storeUrl(text)?.database;
  const [account] = accountVariables(store);
  if (protocolOf(store) !== "mongodb" || !database || database === "admin" || /[?&]auth/i.test(text))
    return undefined;
  const owner = account?.value && (account.value.text ?? byName(account.value.raw));
  if (!user || !account || owner !== user || isScripted(store) || saysAuthSource(stack, service))
    return undefined;
  return {
    what: "user",
    text: `an account that it looks for in the database "${database}" and that is created in "admin"`,
    used: "no `authSource=admin`",
    shows: "created in the database admin",
    at: account.at,
  };
}

/**
 * PostgreSQL and MySQL make one database when their volume is still empty. Programs that make theirs (a migration of
 * Prisma, `db:prepare`, Entity Framework) and scripts that do so are not told.
 */
function absentDatabase(stack: Stack, service: Service, login: Login): Mismatch | undefined {
  const { store, database, databasePlace } = login;
  const accounts = accountsOf(store);
  // A second address for tests and for Prisma's shadow names a database that nothing on the server opens.
  if (/TEST|SHADOW|E2E/i.test((databasePlace ?? login.place).name)) return undefined;
  if (!database || !accounts || !/^[\w-]+$/.test(database) || accounts.databases.includes(database))
    return undefined;
  // Another image than the official one may read other variables.
  if (
    isScripted(store) ||
    !/^(?:docker\.io\/)?(?:library\/)?(?:postgres|mysql|mariadb)(?:[:@]|$)/.test(store.image?.text ?? "")
  )
    return undefined;
  if (!service.component || isCreatedElsewhere(stack, database) || says(stack, service, makesDatabase))
    return undefined;
  const [made] = accounts.databases;
  return {
    what: "database",
    text: `the database "${database}", which nothing creates`,
    used: "asks for this database",
    shows: accounts.databaseAt === store.at ? "creates no database of that name" : `creates only "${made}"`,
    at: accounts.databaseAt,
    ...(databasePlace ? { place: databasePlace } : {}),
  };
}

const makesDatabase =
  /create[_ -]?(?:database|db)|database:create|db:(?:create|prepare|setup|reset)|prisma|EntityFrameworkCore|ensure_?created/i;

/** The program may set it beside the address. */
function saysAuthSource(stack: Stack, service: Service): boolean {
  return says(stack, service, /auth_?source/i);
}

/** Some text that was read, or the code of the service, has these words. */
function says(stack: Stack, service: Service, words: RegExp): boolean {
  if ([...stack.sources.values()].some(({ text }) => words.test(text))) return true;
  const { component } = service;
  if (!component) return false;
  const code = filesBelow(stack.files, component.dir).filter(path =>
    /\.(?:[cm]?[jt]sx?|py|go|rb|java|kt|php|json|ya?ml)$/.test(path),
  );
  return code.slice(0, 400).some(path => {
    const read = stack.files.read(path);
    return "source" in read && words.test(read.source.text);
  });
}

/** `S3_ACCESS_KEY` beside `S3_SECRET_KEY`: the name of the account. */
function namesAccount({ name, service }: Credential): boolean {
  const stem = accessKey.exec(name)?.[1];
  return (
    stem !== undefined &&
    ["SECRET_KEY", "SECRET_ACCESS_KEY"].some(
      end => variable(service!, `${stem}${end}`) ?? variable(service!, `${stem}${end}_FILE`),
    )
  );
}

const accessKey = /^(.*)ACCESS_KEY(?:_ID)?$/;

/** The same word in several places, all of them called so: the name of one account. */
export function nameOneAccount(places: readonly Credential[]): boolean {
  return places.every(({ name }) => accessKey.test(name)) && places.some(namesAccount);
}

/** The store that a credential in an address logs in to, with who logs in: one key for all accounts of the two. */
export function accountHolder({ service, name, kind }: Credential, severity: string): string | undefined {
  const place = service?.environment.find(each => each.name === name);
  const store = place && pointsAt(service!.project, place, addressOf(place));
  return store && store !== service
    ? [service!.project.name, service!.name, store.name, kind, severity].join("\n")
    : undefined;
}

/** `SHOP_API_KEY` and `SHOP_API_SECRET` of one service are the two halves of one login. */
export function pairOf(places: readonly Credential[], severity: string): string | undefined {
  const { name, kind, at, service } = places[0]!;
  const stem = /^(.+_(?:API|ACCESS|CLIENT|CONSUMER))_?(?:KEY|TOKEN|SECRET)$/.exec(name)?.[1];
  return stem && [severity, kind, at.file, service!.name, stem].join("\n");
}

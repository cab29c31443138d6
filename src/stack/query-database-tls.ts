import { type Location, locate, type Source } from "../core/source.ts";
import { hostNames } from "./query.ts";
import { scriptsOf } from "./query-code.ts";
import { isRun } from "./query-connections.ts";
import { isPostgres } from "./query-data.ts";
import { shownEnvFile } from "./query-env-examples.ts";
import { environmentText, pointsAt } from "./query-environment.ts";
import type { Service, Stack } from "./stack.ts";

/** Programs that insist on an encrypted connection to a PostgreSQL that has none. */

export interface InsistsOnTls {
  readonly store: Service;
  /** Where the code asks for it. */
  readonly places: readonly Location[];
  /** Why the condition holds: the variable is set here, or the example of the env file says so. */
  readonly because?: Location;
  /** The value is seen where the service gets it. */
  readonly certain: boolean;
}

const longest = 200_000;
const production = /process\.env\.NODE_ENV|[\w.]+\.get(?:OrThrow)?(?:<\w+>)?\(\s*["']NODE_ENV["']\s*\)/
  .source;
/** `ssl: process.env.NODE_ENV === "production" ? { ... } : false`: on, without a word of its own to switch it off. */
const conditional = new RegExp(
  String.raw`\bssl:\s*(?:${production})\s*===?\s*["']production["'](?=\s*\?\s*(?:\{|true\b))`,
  "g",
);
const client =
  /\bnew\s+(?:\w+\.)?Pool\(|\bnew\s+(?:\w+\.)?Client\(|\bnew\s+(?:DataSource|Sequelize)\(|TypeOrm|\bpostgres\(/;
const aside = /(?:^|\/)(?:seeds?|seeders?|scripts?|tools?)\/|(?:^|\/)[^/]*seed[^/]*$/;

/** What a service's code asks of the PostgreSQL of its project, which cannot do it. */
export function insistsOnTls(stack: Stack, service: Service): InsistsOnTls | undefined {
  const { component } = service;
  if (!component) return undefined;
  const store = plainStore(service);
  const state = store && stateOf(stack, service);
  if (!store || !state) return undefined;
  const places = scriptsOf(component).flatMap(path => {
    if (aside.test(path)) return [];
    const read = stack.files.read(path);
    return "source" in read ? asksIn(read.source) : [];
  });
  const run = places.filter(at => isRun(stack, service, component, at));
  return run.length > 0 ? { store, places: run, ...state } : undefined;
}

function asksIn(source: Source): Location[] {
  const { text } = source;
  if (text.length > longest || !text.includes("NODE_ENV") || !client.test(text)) return [];
  // Another word in the same place decides, too.
  if (/\b(?:PGSSLMODE|(?:DB|DATABASE|PG|POSTGRES)_SSL\w*|sslmode)\b/i.test(text)) return [];
  return [...text.matchAll(conditional)].map(found =>
    locate(source, found.index, found.index + found[0].length),
  );
}

/** The one PostgreSQL of the project that the service waits for or is pointed at, as its image starts it: without TLS. */
function plainStore(service: Service): Service | undefined {
  const stores = service.project.services.filter(isPostgres);
  const [store] = stores;
  if (!store || stores.length > 1 || store === service || !store.image) return undefined;
  const named =
    service.dependsOn.some(({ service: name }) => hostNames(store).includes(name)) ||
    service.environment.some(variable => pointsAt(service.project, variable) === store);
  const words = [store.command, store.entrypoint].flatMap(each => each?.words ?? []);
  const tuned = words.some(word => /ssl|config_file/i.test(word.value ?? "ssl"));
  const mounts = store.mounts.some(({ target }) => /\.conf$|\/etc\/|cert|ssl|tls/i.test(target ?? ""));
  return named && !tuned && !mounts && !/ssl|tls/i.test(store.image.text ?? "ssl") ? store : undefined;
}

/** Whether NODE_ENV is "production" for the service. */
function stateOf(stack: Stack, service: Service): Pick<InsistsOnTls, "because" | "certain"> | undefined {
  const given = service.environment.find(({ name }) => name === "NODE_ENV");
  const value = environmentText(service, "NODE_ENV");
  if (value !== undefined || given)
    return value === "production" ? { ...(given ? { because: given.at } : {}), certain: true } : undefined;
  for (const use of service.envFiles) {
    const shown = shownEnvFile(stack, use.resolved ?? use.path.value);
    const entry = shown?.entries.find(({ name }) => name.value === "NODE_ENV");
    if (entry?.value.value === "production") return { because: entry.at, certain: false };
  }
  return undefined;
}

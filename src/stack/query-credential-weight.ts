import type { Severity } from "../core/finding.ts";
import { sourceOf } from "../core/project-files.ts";
import { credentialsInUrl } from "../formats/secret.ts";
import { isStore, publicPorts, serviceAt, variable, weigh } from "./query.ts";
import { demandedByRelease } from "./query-release-sets.ts";
import { projectsOfCall } from "./query-scripts.ts";
import { type Credential, committedCredentials } from "./query-secrets.ts";
import type { Grade, Service, Stack } from "./stack.ts";

/** What a credential that stands in a file is worth to whoever reads it. */

/** What the official images of stores take their first password from. */
const storeVariable =
  /^(?:POSTGRES(?:QL)?|PG|MYSQL(?:_ROOT)?|MARIADB(?:_ROOT)?|MONGO(?:DB)?(?:_INITDB)?_ROOT|REDIS|VALKEY|COUCHDB|RABBITMQ(?:_DEFAULT)?)_?PASS(?:WORD)?$/;

/** `APP_DB_PASS` beside `APP_DB_HOST`, which names a service of the project that no other machine reaches. */
function opensClosed({ name, service }: Credential): boolean {
  const address =
    service && /^\w+:\/\/[^/@\s]+@([\w.-]+)/.exec(variable(service, name)?.value?.text ?? "")?.[1];
  const asked = address === undefined ? undefined : serviceAt(service!.project, address);
  if (asked && isStore(asked)) return publicPorts(asked).length === 0;
  const stem = /^(.*(?:DB|DATABASE|POSTGRES|PG|MYSQL|MARIADB))(?:_ROOT)?_?PASS(?:WORD|WD)?$/.exec(name)?.[1];
  if (stem === undefined || !service) return false;
  const host = [`${stem}_HOST`, `${stem}HOST`, `${stem}_SERVER`]
    .map(each => variable(service, each)?.value?.text)
    .find(text => text !== undefined);
  const store = host === undefined ? undefined : serviceAt(service.project, host.split(":")[0]!);
  return store !== undefined && publicPorts(store).length === 0;
}

/** The password of a store that no other machine reaches needs a foot inside first; a signing key does not. */
export function severityOf(place: Credential, all: readonly Credential[]): Severity {
  // A workstation's file that logs in to a database of the internet shows the key to that database.
  if (place.outside) return "high";
  if (place.asks) return weigh(place.grade, "medium");
  const holders = all.flatMap(each => [each, ...(each.shared ?? [])]);
  const stores = holders.flatMap(({ service, grade }) =>
    service && isStore(service) ? [{ service, grade }] : [],
  );
  // What a workstation's file publishes is published there only.
  const isClosed = ({ service, grade }: { readonly service: Service; readonly grade: Grade }): boolean =>
    publicPorts(service).length === 0 || (grade === "development" && place.grade !== grade);
  // A store that is built here is known by its variables alone.
  const named = all.every(
    each =>
      (storeVariable.test(each.name) && isClosed({ service: each.service!, grade: each.grade })) ||
      (each.grade === "development" && place.grade !== each.grade) ||
      opensClosed(each),
  );
  const within = stores.length > 0 ? stores.every(isClosed) : named;
  return weigh(place.grade, place.kind === "literal" && !within ? "high" : "medium");
}

/**
 * Whoever starts the project writes the variable before: `DB_PASSWORD=${{ secrets.DB_PASSWORD }}` into the env file, or
 * `set_value "SESSION_SECRET" "$new"`. The default is what a start by hand gets.
 */
export function isReplacedAtStart(stack: Stack, { kind, reference, service }: Credential): boolean {
  if (kind !== "default" || !reference || !service) return false;
  if (service.project.grade === "deployed" && demandedByRelease(stack).includes(reference.name)) return true;
  const written = new RegExp(
    `(?:^|[\\s"'])${reference.name}=["']?\\$|["']${reference.name}["'][ \\t]+["']?\\$`,
    "m",
  );
  return stack.calls.some(placed => {
    const { call, caller } = placed;
    if (call.kind !== "compose" || call.subcommand !== "up") return false;
    const text = sourceOf(stack, caller.file)?.text ?? "";
    return (
      /\.env\b/.test(text) &&
      written.test(text) &&
      projectsOfCall(stack, { ...placed, call }).includes(service.project)
    );
  });
}

/** The value, or the password in an address, stands in a server's Compose file as well. */
export function isShown(stack: Stack, value: string): boolean {
  return shownValues(stack).has(credentialsInUrl(value)?.password ?? value);
}

const texts = new WeakMap<Stack, ReadonlySet<string>>();

/** Literal credentials of services that are for a server. */
function shownValues(stack: Stack): ReadonlySet<string> {
  let found = texts.get(stack);
  if (!found) {
    const open = committedCredentials(stack).filter(
      each => each.grade !== "development" && each.kind === "literal" && !each.asks,
    );
    found = new Set(open.map(each => each.value));
    texts.set(stack, found);
  }
  return found;
}

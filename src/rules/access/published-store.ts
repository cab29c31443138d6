import type { Severity, Violation } from "../../core/finding.ts";
import type { Fix } from "../../core/fix.ts";
import { addTo } from "../../core/group.ts";
import { joinFixes } from "../../core/join-fixes.ts";
import { moveToVariable } from "../../remedies/secret-variable.ts";
import { evidence, listNames, listPlain, serverServices, weigh } from "../../stack/query.ts";
import { type Access, consolePorts, publishedStore, storeAccess } from "../../stack/query-access.ts";
import { adminAccess } from "../../stack/query-admin.ts";
import { loopbackFix, openPorts, portNumbers } from "../../stack/query-ports.ts";
import { byValue, committedCredentials } from "../../stack/query-secrets.ts";
import type { Port, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

interface Published {
  readonly service: Service;
  readonly kind: string;
  readonly ports: readonly Port[];
  readonly access: Access | undefined;
  readonly severity: Severity;
}

export default defineRule({
  id: "access/published-store",
  title: "Databases, caches and queues are not published to the internet",
  claim: "exposes-only-the-front-door",
  severity: "high",
  why: "Docker opens a published port to every network of the server, past the rules of ufw; a database there is found by scanners within hours, and its password is all that is left.",
  *check(stack) {
    const seen = new Set<string>();
    // Who opens one database opens the others in the same way: the stores of a file with the same lock are one habit.
    const habits = new Map<string, Published[]>();
    for (const service of serverServices(stack)) {
      const store = publishedStore(service);
      if (!store) continue;
      const { kind } = store;
      const [first] = store.ports;
      if (!first) {
        const local = service.ports.find(port => port.public === false);
        if (local) yield { subject: service.name, kept: evidence(local.at, "published on loopback only") };
        continue;
      }
      const access = storeAccess(stack, service);
      if (!access && isForVisitors(service)) continue;
      const place = `${first.at.file}:${first.at.span.start}`;
      if (seen.has(place)) continue;
      seen.add(place);
      const severity = weigh(service, access?.sure && !isEdited(service, access) ? "critical" : "high");
      // What is often meant for visitors has a mending of its own.
      const form = isForVisitors(service) ? kind : "";
      const key = [first.at.file, form, severity, consequence(service, access)].join("\0");
      const ports = [...store.ports, ...(access ? consolesOf(stack, service, access) : [])];
      addTo(habits, key, { service, kind, ports, access, severity });
    }
    for (const habit of habits.values()) yield tell(stack, habit);
  },
});

function tell(stack: Stack, habit: readonly Published[]): Violation {
  const [{ service, access, severity }] = habit as [Published];
  const ports = habit.flatMap(each => each.ports);
  const [many, all] = habit.length === 1 ? ["is", "it"] : ["are", "them"];
  const names = listNames(habit.map(each => each.service.name));
  const kinds = [...new Set(habit.map(({ kind }) => kind))];
  const what = kinds.map(kind => {
    const own = habit.filter(each => each.kind === kind).map(each => each.service.name);
    return `the ${own.length === 1 ? kind : plural(kind)} ${listNames(own)}`;
  });
  const logins = habit.flatMap(each => each.access ?? []);
  return {
    subject: service.name,
    message: `${listPlain(what).replace(/^t/, "T")} ${many} published on ${portNumbers(ports)} of the server, where every network reaches ${all}, ${consequence(service, access)}.`,
    evidence: [
      evidence(ports[0]!.at, "published on every address"),
      ...ports.slice(1).map(port => evidence(port.at, "published on every address")),
      ...logins.map(each => evidence(each.at, each.shows)),
    ],
    severity,
    ...(access && (!access.sure || isEdited(service, access)) ? { confidence: "likely" as const } : {}),
    fix: () => {
      const fix = joinFixes(habit.map(each => ({ fix: () => close(stack, each) })));
      const more = habit.length > 1 && !isForVisitors(service);
      return fix && more ? { ...fix, title: `Publish ${names} on loopback only` } : fix;
    },
  };
}

/** `databases`, `caches`, `queues`, `searches`. */
function plural(kind: string): string {
  return kind.endsWith("h") ? `${kind}es` : `${kind}s`;
}

function close(stack: Stack, { service, ports, access }: Published): Fix | undefined {
  return access?.asks === "known" && isForVisitors(service)
    ? ownPassword(stack, service)
    : loopbackFix(stack, service, ports);
}

/** Ports of its console, where the same login opens both. */
function consolesOf(stack: Stack, service: Service, access: Access): Port[] {
  const admin = adminAccess(stack, service);
  if (!admin?.because.some(({ at }) => at.span.start === access.at.span.start)) return [];
  return openPorts(service).filter(
    port => consolePorts.has(port.target ?? 0) && admin.ports.includes(port.target!),
  );
}

/** Who starts the stack by hand may have put a password in the place of the word first. */
function isEdited({ project }: Service, { asked }: Access): boolean {
  return asked === true && project.because.at === undefined;
}

function consequence(service: Service, access: Access | undefined): string {
  if (!access) return "so that only a password keeps strangers out";
  if (access.asks === "none") return "and no password is asked for";
  if (isEdited(service, access))
    return "and in the repository the password is a word that asks for another one";
  return access.sure
    ? "and whoever has the repository or knows the defaults can log in"
    : "and the password is a default that can be read in the repository unless the server sets another";
}

/** An object store is often meant to be reached by browsers, a search engine with its keys, too, a broker of MQTT by devices. */
function isForVisitors({ kind, imageRef }: Service): boolean {
  return kind === "storage" || kind === "search" || /(?:^|\/)emqx$/.test(imageRef?.family ?? "");
}

/** What may have to stay open gets a password that the repository does not tell. */
function ownPassword(stack: Stack, service: Service): Fix | undefined {
  const login = byValue(committedCredentials(stack)).find(places =>
    places.some(
      each =>
        each.service === service &&
        /PASS(?:WORD)?|SECRET|KEY/i.test(each.name) &&
        !/ACCESS_KEY(?:_ID)?$/.test(each.name),
    ),
  );
  return login && moveToVariable(stack, login);
}

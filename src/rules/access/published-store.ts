import type { Fix } from "../../core/fix.ts";
import { moveToVariable } from "../../remedies/secret-variable.ts";
import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { type Access, publishedStore, storeAccess } from "../../stack/query-access.ts";
import { loopbackFix, portNumbers } from "../../stack/query-ports.ts";
import { byValue, committedCredentials } from "../../stack/query-secrets.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "access/published-store",
  title: "Databases, caches and queues are not published to the internet",
  claim: "exposes-only-the-front-door",
  severity: "high",
  why: "Docker opens a published port to every network of the server, past the rules of ufw; a database there is found by scanners within hours, and its password is all that is left.",
  *check(stack) {
    const seen = new Set<string>();
    for (const service of serverServices(stack)) {
      const store = publishedStore(service);
      if (!store) continue;
      const { kind, ports } = store;
      const first = ports[0];
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
      yield {
        subject: service.name,
        message: `The ${kind} "${service.name}" is published on ${portNumbers(ports)} of the server, where every network reaches it, ${consequence(service, access)}.`,
        evidence: [
          evidence(first.at, "published on every address"),
          ...ports.slice(1).map(port => evidence(port.at, "published on every address")),
          ...(access ? [evidence(access.at, access.shows)] : []),
        ],
        severity: weigh(service, access?.sure && !isEdited(service, access) ? "critical" : "high"),
        ...(access && (!access.sure || isEdited(service, access)) ? { confidence: "likely" as const } : {}),
        fix: () =>
          access?.asks === "known" && isForVisitors(service)
            ? ownPassword(stack, service)
            : loopbackFix(stack, service, ports),
      };
    }
  },
});

/** Who starts the stack by hand may have put a password in the place of the word first. */
function isEdited({ project }: Service, { asked }: Access): boolean {
  return asked === true && project.because.at === undefined;
}

function consequence(service: Service, access: Access | undefined): string {
  if (!access) return "so that only its password keeps strangers out";
  if (access.asks === "none") return "and it asks for no password";
  if (isEdited(service, access))
    return "and in the repository its password is a word that asks for another one";
  return access.sure
    ? "and whoever has the repository or knows the defaults can log in"
    : "and its password is a default that can be read in the repository unless the server sets another";
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

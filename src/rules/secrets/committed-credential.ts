import type { Evidence, Severity } from "../../core/finding.ts";
import { dirname } from "../../core/path.ts";
import type { Location } from "../../core/source.ts";
import { moveToVariable } from "../../remedies/secret-variable.ts";
import { evidence, isStore, listNames, publicPorts, serviceAt, variable, weigh } from "../../stack/query.ts";
import { namesAccount } from "../../stack/query-accounts.ts";
import { openedCredentials } from "../../stack/query-admin.ts";
import { trackedSecrets } from "../../stack/query-env-secrets.ts";
import { byValue, type Credential, committedCredentials } from "../../stack/query-secrets.ts";
import type { Grade, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const order: readonly Severity[] = ["critical", "high", "medium", "low"];

export default defineRule({
  id: "secrets/committed-credential",
  title: "Credentials are kept out of the Compose and Docker files",
  claim: "no-secret-leaks",
  severity: "high",
  why: "Everyone who can read the repository, a fork or an old clone has the credential, and it can only be changed by a commit.",
  *check(stack) {
    const told = openedCredentials(stack);
    for (const places of byValue(committedCredentials(stack))) {
      // A port that such a credential opens is worse, and shows the same line.
      const weighty = places.filter(({ grade }) => grade !== "development");
      const rest = weighty.length > 0 ? weighty : places;
      const isTold = rest.some(place => told.some(at => isOf(place, at)));
      if (rest.every(place => told.some(at => isOf(place, at)))) continue;
      // The name of a login whose password is told.
      if (rest.every(place => isLoginName(place) && opens(place, told))) continue;
      if (rest.every(namesAccount)) continue;
      // The tracked env file beside it sets the variable to the same value: that finding shows the secret.
      if (rest.every(place => isInEnvFile(stack, place))) continue;
      const rank = (place: Credential) => order.indexOf(severityOf(place, places));
      const [first, ...others] = places.toSorted((a, b) => rank(a) - rank(b));
      const holders = places.flatMap(place => [place, ...(place.shared ?? [])]);
      const names = [...new Set(holders.map(each => each.name))];
      const services = [...new Set(holders.map(each => each.service!.name))];
      const literal = places.some(place => place.kind === "literal");
      const outside = places.some(place => place.outside);
      const gravest = places
        .map(place => severityOf(place, places))
        .toSorted((a, b) => order.indexOf(a) - order.indexOf(b))[0]!;
      // The open port is told by itself, with the same line. Of another account it is what the port makes grave.
      const isOfOpened =
        rest.every(place => isOpenedOrClient(place, told)) && rest.some(place => opens(place, told));
      const severity =
        isTold && isOfOpened && !outside
          ? "low"
          : gravest === "high" && (isTold || isOfOpened)
            ? "medium"
            : gravest;
      const repeated = others.length === 0 ? "" : `, the same one in ${places.length} places`;
      const one = names.length === 1;
      const all = `${one ? "The value" : "The values"} of ${listNames(names)} for ${listNames(services)}`;
      yield {
        subject: `${first!.service!.name} ${first!.name}`,
        message: literal
          ? `${all} ${one ? "stands" : "stand"} in the repository${repeated}${outside ? ", and it is the login to a host on the internet" : ""}.`
          : `${all} ${one ? "falls" : "fall"} back to a credential that the repository shows${repeated}.`,
        evidence: [show(first!), ...others.map(show)],
        severity,
        fix: () => moveToVariable(stack, places),
      };
    }
  },
});

/** Whether the name of the variable that holds it stands there. */
function isOf({ service, name, at: own }: Credential, at: Location): boolean {
  if (own.file === at.file && own.span.start === at.span.start) return true;
  return service!.environment.some(
    ({ name: own, nameAt }) => own === name && nameAt.file === at.file && nameAt.span.start === at.span.start,
  );
}

/** The open port of this very store is told, with another credential of it. */
function opens({ service }: Credential, told: readonly Location[]): boolean {
  return service!.environment.some(({ nameAt }) =>
    told.some(at => nameAt.file === at.file && nameAt.span.start === at.span.start),
  );
}

function isOpenedOrClient(place: Credential, told: readonly Location[]): boolean {
  return opens(place, told) || !isStore(place.service!);
}

/** What an object store calls the name of a user. */
function isLoginName({ name, service }: Credential): boolean {
  return service!.kind === "storage" && /(?:^|_)ACCESS_KEY(?:_ID)?$/.test(name);
}

function isInEnvFile(stack: Stack, { kind, value, at }: Credential): boolean {
  return (
    kind === "default" &&
    trackedSecrets(stack).some(
      ({ file, secrets, forWork }) =>
        !forWork &&
        [dirname(at.file), ""].includes(dirname(file.file)) &&
        secrets.some(entry => entry.value.value === value),
    )
  );
}

/** What the official images of stores take their first password from. */
const storeVariable =
  /^(?:POSTGRES(?:QL)?|PG|MYSQL(?:_ROOT)?|MARIADB(?:_ROOT)?|MONGO(?:DB)?(?:_INITDB)?_ROOT|REDIS|VALKEY|COUCHDB|RABBITMQ(?:_DEFAULT)?)_?PASS(?:WORD)?$/;

/** `APP_DB_PASS` beside `APP_DB_HOST`, which names a service of the project that no other machine reaches. */
function opensClosed({ name, service }: Credential): boolean {
  const stem = /^(.*(?:DB|DATABASE|POSTGRES|PG|MYSQL|MARIADB))(?:_ROOT)?_?PASS(?:WORD|WD)?$/.exec(name)?.[1];
  if (stem === undefined || !service) return false;
  const host = [`${stem}_HOST`, `${stem}HOST`, `${stem}_SERVER`]
    .map(each => variable(service, each)?.value?.text)
    .find(text => text !== undefined);
  const store = host === undefined ? undefined : serviceAt(service.project, host.split(":")[0]!);
  return store !== undefined && publicPorts(store).length === 0;
}

/** The password of a store that no other machine reaches needs a foot inside first; a signing key does not. */
function severityOf(place: Credential, all: readonly Credential[]): Severity {
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

function show(place: Credential): Evidence {
  return evidence(
    place.at,
    place.kind === "literal" ? "a credential is written here" : "used when the variable is not set",
  );
}

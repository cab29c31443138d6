import type { Evidence, Severity } from "../../core/finding.ts";
import { dirname } from "../../core/path.ts";
import type { Location } from "../../core/source.ts";
import { isPlaceholder } from "../../formats/secret.ts";
import { moveToVariable } from "../../remedies/secret-variable.ts";
import { evidence, isStore, listNames } from "../../stack/query.ts";
import { accountHolder, nameOneAccount, pairOf } from "../../stack/query-accounts.ts";
import { openedCredentials } from "../../stack/query-admin.ts";
import { isReplacedAtStart, severityOf } from "../../stack/query-credential-weight.ts";
import { trackedSecrets } from "../../stack/query-env-secrets.ts";
import { byValue, type Credential, committedCredentials } from "../../stack/query-secrets.ts";
import type { Stack } from "../../stack/stack.ts";
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
    const found: Found[] = [];
    for (const places of byValue(committedCredentials(stack))) {
      // A port that such a credential opens is worse, and shows the same line.
      const weighty = places.filter(({ grade }) => grade !== "development");
      const rest = weighty.length > 0 ? weighty : places;
      const isTold = rest.some(place => told.some(at => isOf(place, at)));
      if (rest.every(place => told.some(at => isOf(place, at)))) continue;
      // The name of a login whose password is told.
      if (rest.every(place => isLoginName(place) && opens(place, told))) continue;
      if (nameOneAccount(rest)) continue;
      // The tracked env file beside it sets the variable to the same value: that finding shows the secret.
      if (rest.every(place => isInEnvFile(stack, place))) continue;
      const rank = (place: Credential) => order.indexOf(severityOf(place, places));
      const gravest = order[Math.min(...places.map(rank))]!;
      // The open port is told by itself, with the same line. Of another account it is what the port makes grave.
      const isOfOpened =
        rest.every(place => isOpenedOrClient(place, told)) && rest.some(place => opens(place, told));
      const severity =
        (isTold && isOfOpened && !places.some(place => place.outside)) ||
        rest.every(place => isReplacedAtStart(stack, place))
          ? "low"
          : gravest === "high" && (isTold || isOfOpened)
            ? "medium"
            : gravest;
      // Accounts of one store that one service logs in with are one habit.
      const to =
        accountHolder(places.toSorted((a, b) => rank(a) - rank(b))[0]!, severity) ??
        formOf(places, severity) ??
        pairOf(places, severity);
      const same = to && found.find(each => each.to === to);
      if (same) same.values.push(places);
      else found.push({ values: [places], severity, to });
    }
    for (const { values, severity } of found) {
      const places = values.flat();
      const holders = places.flatMap(place => [place, ...(place.shared ?? [])]);
      const names = [...new Set(holders.map(each => each.name))];
      const services = [...new Set(holders.map(each => each.service!.name))];
      const literal = places.some(place => place.kind === "literal");
      const times = places.length - values.length + 1;
      const repeated =
        times === 1 ? "" : `, the same one${values.length > 1 ? "s" : ""} in ${places.length} places`;
      const one = names.length === 1;
      const all = `${one ? "The value" : "The values"} of ${listNames(names)} for ${listNames(services)}`;
      const outside = places.find(place => place.outside)?.outside;
      const sorted = values.flatMap(group => {
        const rank = (place: Credential) => order.indexOf(severityOf(place, group));
        return group.toSorted((a, b) => rank(a) - rank(b));
      });
      yield {
        subject: `${sorted[0]!.service!.name} ${sorted[0]!.name}`,
        message: literal
          ? `${all} ${one ? "stands" : "stand"} in the repository${repeated}${outside === undefined ? "" : outside === "login" ? ", and it is the login to a host on the internet" : ", and whoever has it may use it, from everywhere"}.`
          : `${all} ${one ? "falls" : "fall"} back to ${values.length > 1 ? "credentials" : "a credential"} that the repository shows${repeated}.`,
        evidence: [show(sorted[0]!), ...sorted.slice(1).map(show)],
        severity,
        fix: () => (values.length > 1 && literal ? undefined : moveToVariable(stack, places)),
      };
    }
  },
});

/**
 * A file whose variables fall back to words that ask for other values is one form that nobody has to fill in; so is one
 * that has a password ready for each, where none of them opens anything to strangers, and what may be no server's.
 */
function formOf(places: readonly Credential[], severity: Severity): string | undefined {
  const isSlight = order.indexOf(severity) >= order.indexOf("medium");
  if (isSlight && places.every(({ grade, kind }) => kind === "literal" && grade !== "deployed"))
    return `${severity} literals of ${(places.find(each => each.grade === "presumed") ?? places[0]!).at.file}`;
  const asks = places.every(({ kind, value }) => kind === "default" && (isSlight || isPlaceholder(value)));
  return asks ? `${severity} ${places[0]!.at.file}` : undefined;
}

/** What is told once: credentials by their value, each with all its places. */
interface Found {
  readonly values: Credential[][];
  readonly severity: Severity;
  readonly to: string | undefined;
}

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

function show(place: Credential): Evidence {
  return evidence(
    place.at,
    place.kind === "literal" ? "a credential is written here" : "used when the variable is not set",
  );
}

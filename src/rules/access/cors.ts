import { concrete, entryOf, isTruthy, type Lookup, type Value } from "../../artifacts/value.ts";
import type { Severity, Violation } from "../../core/finding.ts";
import type { Location } from "../../core/source.ts";
import { closeOrigins, sites } from "../../remedies/cors.ts";
import { extendList } from "../../remedies/django-settings.ts";
import { setWhatIsAsked } from "../../remedies/env-example.ts";
import { offer } from "../../remedies/offer.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { expressesInForce, fastApisInForce } from "../../stack/query-app.ts";
import {
  djangoKeepsCookiesHome,
  isInternal,
  keepsCookiesHome,
  mayUseCookies,
  type Sharing,
} from "../../stack/query-browser.ts";
import { nestSharing } from "../../stack/query-nest-cors.ts";
import { hasNoLogins, settingHere, settingsInForce, textsOf } from "../../stack/query-settings.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "access/cors",
  title: "Only known sites may call the API with a visitor's login",
  claim: "exposes-only-the-front-door",
  severity: "high",
  why: "When every origin is allowed together with credentials, any page a logged-in visitor opens can read and change the visitor's data.",
  *check(stack) {
    // A browser never gets an answer from a service that only other containers reach.
    for (const sharing of [...django(stack), ...fastApi(stack), ...express(stack), ...nest(stack)])
      if (!isInternal(stack, sharing.service)) yield finding(stack, sharing);
  },
});

function finding(stack: Stack, sharing: Sharing): Violation {
  const { service, credentials } = sharing;
  const near = credentials !== undefined && (sharing.home ?? keepsCookiesHome(stack, service));
  const severity: Severity = !credentials ? "low" : near ? "medium" : "high";
  const what = !credentials
    ? "so any page may read what it answers without a login"
    : near
      ? "and the visitor's cookies go with the calls of every other name below the same domain"
      : "and the visitor's cookies may go with the call, so a page of a stranger can act in the visitor's name";
  return {
    subject: sharing.subject,
    message: `The API in service "${service.name}" allows calls from every origin, ${what}.`,
    evidence: [
      sharing.opens,
      ...(credentials ? [evidence(credentials, "cookies may go with the call")] : []),
      ...(sharing.more ?? []),
    ],
    severity: weigh(service, severity),
    ...(sharing.sure ? {} : { confidence: "likely" as const }),
    fix: () =>
      offer(
        {
          title: "Allow calls from known sites only",
          grade: "needs-testing",
          test: "Open every site that calls the API, and look for refused calls in the browser's console.",
          ...setWhatIsAsked(stack, service.project, sharing.edits),
        },
        sharing.edits,
      ),
  };
}

function* django(stack: Stack): Generator<Sharing> {
  for (const here of settingsInForce(stack)) {
    const installed = textsOf(settingHere(here, "INSTALLED_APPS")?.value);
    if (!installed?.some(app => app === "corsheaders" || app.startsWith("corsheaders."))) continue;
    const open = settingHere(here, "CORS_ALLOW_ALL_ORIGINS") ?? settingHere(here, "CORS_ORIGIN_ALLOW_ALL");
    if (!open || open.value === undefined || !isTruthy(open.value)) continue;
    const credentials = settingHere(here, "CORS_ALLOW_CREDENTIALS");
    // Where nobody logs in, a call from a stranger's page has nothing to bring along.
    const sends = credentials?.value !== undefined && isTruthy(credentials.value) && !hasNoLogins(here);
    yield {
      subject: here.settings.file,
      service: here.service,
      opens: evidence(open.at, "every origin is allowed"),
      ...(sends ? { credentials: credentials.at } : {}),
      ...(open.givenAt ? { more: [evidence(open.givenAt, "set here")] } : {}),
      home: djangoKeepsCookiesHome(stack, here.service),
      sure: here.complete && (open.setting?.kind !== "env" || open.givenAt !== undefined),
      edits: closeOrigins(stack, here, open),
    };
  }
}

function* fastApi(stack: Stack): Generator<Sharing> {
  for (const { app, service, lookup } of fastApisInForce(stack)) {
    const cors = app.middleware.find(each => each.name === "CORSMiddleware");
    const origins = cors?.options.get("allow_origins");
    const pattern = cors?.options.get("allow_origin_regex");
    // A switch may be off: what it is on a server is not known.
    if (!cors || !(origins ?? pattern) || cors.optional) continue;
    const listed = origins && textsOf(concrete(origins, lookup));
    const anything = ["^.*$", ".*", "https?://.*", "^https?://.*$"];
    const matchesAll = pattern && anything.includes(String(concrete(pattern, lookup)));
    const open = matchesAll ? pattern : listed?.includes("*") ? origins : undefined;
    if (!open) continue;
    // Nothing goes with the call of a stranger's page where logins travel in a header of their own.
    const credentials = mayUseCookies(stack, service)
      ? truthAt(cors.options.get("allow_credentials"), lookup)
      : undefined;
    yield {
      subject: app.file,
      service,
      opens: evidence(open.at, "every origin is allowed"),
      ...(credentials ? { credentials } : {}),
      sure: true,
      edits: matchesAll
        ? undefined
        : extendList(stack, [service], open.at, { kept: [], had: listed ?? [], variable: sites }),
    };
  }
}

function* express(stack: Stack): Generator<Sharing> {
  for (const { app, service, lookup } of expressesInForce(stack)) {
    const cors = app.middleware.find(each => each.name === "cors");
    // Without credentials `cors()` shares what anybody can fetch anyway; with them browsers refuse the star.
    const credentials = cors?.options && truthAt(entryOf(cors.options, "credentials"), lookup);
    const origin = cors?.options && entryOf(cors.options, "origin");
    if (!cors || !credentials || !origin || concrete(origin, lookup) !== true) continue;
    if (!mayUseCookies(stack, service)) continue;
    const opens = evidence(origin.at, "every origin is allowed");
    yield { subject: app.file, service, opens, credentials, sure: true };
  }
}

/** `app.enableCors({ origin: true, credentials: true })`: the origin of whoever asks is sent back. */
function* nest(stack: Stack): Generator<Sharing> {
  for (const { service, file, origin, credentials } of nestSharing(stack)) {
    if (!mayUseCookies(stack, service)) continue;
    const opens = evidence(origin, "every origin is allowed");
    yield { subject: file, service, opens, credentials, sure: true };
  }
}

function truthAt(value: Value | undefined, lookup: Lookup): Location | undefined {
  const known = value && concrete(value, lookup);
  return known !== undefined && isTruthy(known) ? value!.at : undefined;
}

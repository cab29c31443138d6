import { isTruthy } from "../../artifacts/value.ts";
import type { Evidence } from "../../core/finding.ts";
import { addSettings, exceptInDebug, replaceSetting } from "../../remedies/django-settings.ts";
import { offer } from "../../remedies/offer.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import {
  hasNoLogins,
  type SettingsInForce,
  settingHere,
  settingsInForce,
  textsOf,
} from "../../stack/query-settings.ts";
import { tlsInFrontOf } from "../../stack/query-tls.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const cookies = [
  ["SESSION_COOKIE_SECURE", "django.contrib.sessions.middleware.SessionMiddleware"],
  ["CSRF_COOKIE_SECURE", "django.middleware.csrf.CsrfViewMiddleware"],
] as const;

export default defineRule({
  id: "access/cookie-transport",
  title: "Session cookies travel through TLS only",
  claim: "encrypts-traffic",
  severity: "medium",
  why: "A browser sends a cookie without the Secure mark over plain HTTP too: one request to http:// is enough for somebody on the way to take over the session.",
  *check(stack) {
    for (const here of settingsInForce(stack)) {
      const { service } = here;
      const tls = tlsInFrontOf(stack, service);
      const middleware = textsOf(settingHere(here, "MIDDLEWARE")?.value);
      if (!tls || !middleware || !here.complete || hasNoLogins(here)) continue;
      const open = cookies.flatMap(([name, used]) => {
        if (!middleware.includes(used)) return [];
        const shown = openCookie(here, name);
        return shown ? [{ name, shown }] : [];
      });
      const [first, ...more] = open;
      if (!first) {
        yield { subject: here.settings.file, kept: evidence(tls.at, "cookies are for TLS only") };
        continue;
      }
      // Where neither is set, both are missing in one place.
      const rest = more.filter(each => each.shown.at !== first.shown.at);
      yield {
        subject: here.settings.file,
        message: `Django in service "${service.name}" is served through TLS, and lets its cookies travel without it: ${listNames(open.map(each => each.name)).replaceAll('"', "")} ${open.length === 1 ? "is" : "are"} not set.`,
        evidence: [first.shown, ...rest.map(each => each.shown), evidence(tls.at, "TLS ends here")],
        severity: weigh(service, "medium"),
        fix: () =>
          offer(
            {
              title: "Mark the cookies for TLS only",
              grade: "needs-testing",
              test: "Sign in over https:// under every name of the site; over http:// nobody can sign in any more.",
            },
            marked(
              stack,
              here,
              open.map(({ name }) => name),
            ),
          ),
      };
    }
  },
});

/** Shows a cookie without its mark; undefined when it has one, or when that cannot be told. */
function openCookie(here: SettingsInForce, name: string): Evidence | undefined {
  const found = settingHere(here, name);
  if (found) {
    if (found.value === undefined || isTruthy(found.value)) return undefined;
    return evidence(found.at, `${name} is off`);
  }
  const near = ["ALLOWED_HOSTS", "MIDDLEWARE"].flatMap(each => here.settings.values.get(each) ?? [])[0];
  return near && evidence(near.at, "cookies are not marked in these settings");
}

/** A setting that is off is switched on where it stands; one that is missing is added. */
function marked(stack: Stack, here: SettingsInForce, names: readonly string[]) {
  const value = exceptInDebug(stack, here);
  const missing = names.filter(name => !here.settings.values.has(name));
  const near = here.settings.values.get("MIDDLEWARE")?.at;
  const parts = [
    ...names.flatMap(name => {
      const at = here.settings.values.get(name)?.at;
      return at ? [replaceSetting(stack, at, value)] : [];
    }),
    ...(missing.length > 0
      ? [
          addSettings(
            stack,
            here,
            missing.map(name => `${name} = ${value}`),
            near,
          ),
        ]
      : []),
  ];
  return parts.every(part => part !== undefined) ? parts.flat() : undefined;
}

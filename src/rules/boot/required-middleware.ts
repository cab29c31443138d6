import { evidence, weigh } from "../../stack/query.ts";
import { installedWithout, type RemovedName } from "../../stack/query-removed-imports.ts";
import { settingHere, settingsInForce, textsOf } from "../../stack/query-settings.ts";
import { defineRule } from "../rule.ts";

/** What a package looks for in MIDDLEWARE before it lets Django start, and since which of its releases. */
interface Insistence extends Pick<RemovedName, "package" | "since"> {
  readonly app: string;
  readonly middleware: string;
}

// Changelog of django-allauth, 0.56.0: "backwards incompatible changes"; `ready()` of its app raises ImproperlyConfigured.
const insistences: readonly Insistence[] = [
  {
    package: "django-allauth",
    since: "0.56",
    app: "allauth.account",
    middleware: "allauth.account.middleware.AccountMiddleware",
  },
];
const insistencesAsOf = "2026-11-28";

export default defineRule({
  id: "boot/required-middleware",
  title: "Django lists the middleware that its packages insist on",
  claim: "boots-healthy",
  severity: "critical",
  why: "The package refuses to be loaded: Django ends with ImproperlyConfigured, in the server, in migrations and in every other command.",
  *check(stack) {
    for (const here of settingsInForce(stack)) {
      const { service } = here;
      const apps = textsOf(settingHere(here, "INSTALLED_APPS")?.value);
      const middleware = textsOf(settingHere(here, "MIDDLEWARE")?.value);
      const at = here.settings.values.get("MIDDLEWARE")?.at;
      const manifest = service.component?.manifest;
      if (!apps || !middleware || !at || manifest === undefined) continue;
      for (const each of insistences) {
        if (!apps.includes(each.app)) continue;
        if (middleware.includes(each.middleware)) {
          yield { subject: service.name, kept: evidence(at, `lists ${each.middleware}`) };
          continue;
        }
        const installed = installedWithout(stack, manifest, { ...each, module: "", instead: "" });
        if (!installed) continue;
        yield {
          subject: `${service.name}: ${each.package}`,
          message: `Django in service "${service.name}" does not start: since ${each.since} ${each.package} insists on ${each.middleware}, which MIDDLEWARE lacks (table of ${insistencesAsOf}).`,
          severity: weigh(service, installed.exact ? "critical" : "high"),
          confidence: installed.exact && here.complete ? "certain" : "likely",
          evidence: [evidence(at, "the middleware is not listed"), evidence(installed.at, installed.says)],
        };
      }
    }
  },
});

import { concrete, entryOf } from "../../artifacts/value.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { settingHere, settingsInForce, textsOf } from "../../stack/query-settings.ts";
import { defineRule } from "../rule.ts";

const app = "rest_framework_simplejwt.token_blacklist";

export default defineRule({
  id: "access/token-blacklist",
  title: "A refresh token that was exchanged is refused from then on",
  claim: "no-secret-leaks",
  severity: "medium",
  why: "A stolen refresh token goes on to bring new access tokens for as long as it is valid, also after its owner has renewed or signed out.",
  *check(stack) {
    for (const here of settingsInForce(stack)) {
      const settings = here.settings.values.get("SIMPLE_JWT");
      const wanted = settings && entryOf(settings, "BLACKLIST_AFTER_ROTATION");
      const rotates = settings && entryOf(settings, "ROTATE_REFRESH_TOKENS");
      if (!wanted || concrete(wanted, here.lookup) !== true) continue;
      if (!rotates || concrete(rotates, here.lookup) !== true) continue;
      const apps = settingHere(here, "INSTALLED_APPS");
      const installed = textsOf(apps?.value);
      if (!apps || !installed) continue;
      if (installed.includes(app)) {
        yield { subject: here.settings.file, kept: evidence(wanted.at, "exchanged tokens are refused") };
        continue;
      }
      yield {
        subject: here.settings.file,
        message: `Service "${here.service.name}" is to refuse refresh tokens that were exchanged, and does not: the list of them is kept by ${app}, which INSTALLED_APPS lacks.`,
        severity: weigh(here.service, "medium"),
        ...(here.complete ? {} : { confidence: "likely" as const }),
        evidence: [
          evidence(wanted.at, "has no effect"),
          evidence(apps.at, "the application with the list is not installed"),
        ],
      };
    }
  },
});

import { concrete, entryOf } from "../../artifacts/value.ts";
import { sourceOf } from "../../core/project-files.ts";
import type { Location } from "../../core/source.ts";
import { addEntry, addSettings } from "../../remedies/django-settings.ts";
import { offer } from "../../remedies/offer.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { settingHere, settingsInForce, textsOf } from "../../stack/query-settings.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const setting = "DEFAULT_PERMISSION_CLASSES";
const closed = '["rest_framework.permissions.IsAuthenticated"]';

export default defineRule({
  id: "access/default-permission",
  title: "API views are closed unless they say otherwise",
  claim: "exposes-only-the-front-door",
  severity: "medium",
  why: "The framework lets everybody in where a view names no permission; one forgotten line opens its data to the internet.",
  *check(stack) {
    for (const here of settingsInForce(stack)) {
      const apps = textsOf(settingHere(here, "INSTALLED_APPS")?.value);
      if (!apps?.includes("rest_framework")) continue;
      const settings = here.settings.values.get("REST_FRAMEWORK");
      const installed = here.settings.values.get("INSTALLED_APPS")!;
      if (settings && (settings.kind !== "dict" || !settings.complete)) continue;
      const value = entryOf(settings, setting);
      const classes = value && textsOf(concrete(value, here.lookup));
      if (value && !classes) continue;
      const isOpen = classes?.every(each => each.endsWith(".AllowAny")) ?? true;
      if (!isOpen && value) {
        yield { subject: here.settings.file, kept: evidence(value.at, "views are closed by default") };
        continue;
      }
      const at = value?.at ?? settings?.at ?? installed.at;
      yield {
        subject: here.settings.file,
        message: `Every view of the API in service "${here.service.name}" that names no permission is open to everybody, because ${value ? `${setting} allows any` : `nothing sets ${setting}`}.`,
        evidence: [evidence(at, value ? "everybody is let in" : `no ${setting}`)],
        severity: weigh(here.service, "medium"),
        ...(here.complete ? {} : { confidence: "likely" as const }),
        fix: () =>
          offer(
            {
              title: "Close views that say nothing",
              grade: "big-change",
              test: "Call every public view without a login, the health check and the sign-in first: each needs AllowAny now.",
            },
            value
              ? replaced(stack, value.at)
              : settings
                ? addEntry(stack, settings.at, `"${setting}": ${closed}`)
                : addSettings(stack, here, [`REST_FRAMEWORK = {"${setting}": ${closed}}`], installed.at),
          ),
      };
    }
  },
});

/** The list as it is written; what is put together elsewhere stays. */
function replaced(stack: Stack, at: Location) {
  const text = sourceOf(stack, at.file)?.text.slice(at.span.start, at.span.end) ?? "";
  return /^[[(][^#]*[\])]$/.test(text) && text.split("AllowAny").length === 2
    ? [{ at, text: text.replace("AllowAny", "IsAuthenticated") }]
    : undefined;
}

import type { Evidence } from "../../core/finding.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import { djangoOf } from "../../stack/query-frameworks.ts";
import { wordsOf } from "../../stack/query-release.ts";
import { pythonAt } from "../../stack/query-runtime.ts";
import { callerName } from "../../stack/query-scripts.ts";
import { type SettingsInForce, settingHere, settingsInForce, textsOf } from "../../stack/query-settings.ts";
import { startCommand } from "../../stack/query-start.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

/** Commands that look at all settings before they begin; `collectstatic` looks at a few only. */
const checks =
  /(?:^|[\s/])manage\.py (?:migrate|check|createsuperuser|loaddata|runserver|makemigrations)(?:\s|$)/;

export default defineRule({
  id: "boot/trusted-origins",
  title: "Each origin that Django trusts has its scheme",
  claim: "boots-healthy",
  severity: "critical",
  why: "From version 4 on Django calls it an error: manage.py ends before it does anything, so that no migration runs.",
  *check(stack) {
    for (const here of settingsInForce(stack)) {
      const found = settingHere(here, "CSRF_TRUSTED_ORIGINS");
      const text = typeof found?.value === "string" && found.value !== "" ? found.value : undefined;
      // Of a text Django takes letter by letter.
      const origins = text === undefined ? textsOf(found?.value) : [...text];
      if (!found || !origins || !isChecked(stack, here)) continue;
      const bare = origins.filter(origin => !origin.includes("://"));
      const place = found.givenAt ?? found.at;
      if (bare.length === 0) {
        if (origins.length > 0)
          yield { subject: here.settings.file, kept: evidence(place, "names origins with their scheme") };
        continue;
      }
      const stops = stopping(stack, here);
      const what =
        text !== undefined
          ? "is a text and no list, and Django takes each letter for an origin"
          : bare.every(origin => origin === "")
            ? "holds one empty text, because nothing sets its variable"
            : `holds ${listNames(bare.filter(origin => origin !== ""))} without a scheme`;
      yield {
        subject: here.settings.file,
        message: `${stops?.text ?? "Every command of manage.py that looks at the settings"} stops, because CSRF_TRUSTED_ORIGINS ${what}.`,
        evidence: [
          evidence(place, text === undefined ? "no `https://` in front" : "no list"),
          ...(found.givenAt ? [evidence(found.at, "read here")] : []),
          ...(stops ? [stops.shown] : []),
        ],
        severity: weigh(here.service, stops?.severity ?? "medium"),
        confidence: "likely",
      };
    }
  },
});

/** Version 4 or later: an older one knows hosts only. */
function isChecked(stack: Stack, { service }: SettingsInForce): boolean {
  const manifest = service.component?.manifest;
  const dependency = manifest
    ? pythonAt(stack, manifest)?.dependencies.find(each => each.name === "django")
    : undefined;
  if (!manifest || !dependency) return false;
  const series = djangoOf(stack, manifest)?.series;
  return series === undefined || Number(series.split(".")[0]) >= 4;
}

interface Stop {
  readonly text: string;
  readonly shown: Evidence;
  readonly severity: "critical" | "high";
}

/** What the deployment runs that looks at the settings: a start command, or a step of the release. */
function stopping(stack: Stack, here: SettingsInForce): Stop | undefined {
  for (const service of here.service.project.services) {
    if (service.component !== here.service.component || service.profiles.length > 0) continue;
    const at = startCommand(stack, service, words => checks.test(words));
    if (at)
      return {
        text: `Service "${service.name}"`,
        shown: evidence(at, "looks at the settings first"),
        severity: "critical",
      };
  }
  const release = stack.calls.find(
    ({ call, deploys }) => deploys && call.kind !== "compose" && checks.test(wordsOf(call)),
  );
  return release
    ? {
        text: callerName(release),
        shown: evidence(release.call.at, "looks at the settings first"),
        severity: "high",
      }
    : undefined;
}

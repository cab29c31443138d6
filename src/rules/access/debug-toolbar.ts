import type { Location } from "../../core/source.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import { type SettingsInForce, settingHere, settingsInForce, textsOf } from "../../stack/query-settings.ts";
import { defineRule } from "../rule.ts";

/** Applications that only a person who writes the code needs, and what each of them shows or costs. */
const tools: ReadonlyMap<string, string> = new Map([
  ["debug_toolbar", "shows queries and settings"],
  ["silk", "records every request with its body"],
  ["django_browser_reload", "keeps a connection open per page"],
  ["nplusone.ext.django", "follows every query"],
]);

export default defineRule({
  id: "access/debug-toolbar",
  title: "Debugging applications are not loaded in production",
  claim: "no-secret-leaks",
  severity: "low",
  why: "A profiler or toolbar that is loaded stores or shows requests and queries once a setting slips, and the image fails to start when its package is in the development group only.",
  *check(stack) {
    for (const here of settingsInForce(stack)) {
      const apps = settingHere(here, "INSTALLED_APPS");
      const names = textsOf(apps?.value)?.map(app => app.split(".apps.")[0]!);
      const loaded = names?.filter(name => tools.has(name)) ?? [];
      if (!apps || loaded.length === 0) continue;
      yield {
        subject: here.settings.file,
        message: `Django in service "${here.service.name}" loads ${listNames(loaded)}, which ${tools.get(loaded[0]!)}.`,
        evidence: [
          evidence(itemAt(here, loaded[0]!) ?? apps.at, "loaded here"),
          ...loaded.slice(1).flatMap(name => {
            const at = itemAt(here, name);
            return at ? [evidence(at, "loaded here")] : [];
          }),
        ],
        severity: weigh(here.service, loaded.includes("silk") ? "medium" : "low"),
        ...(here.complete ? {} : { confidence: "likely" as const }),
      };
    }
  },
});

/** The entry of the list that names an application; undefined when the list is put together. */
function itemAt(here: SettingsInForce, name: string): Location | undefined {
  const value = here.settings.values.get("INSTALLED_APPS");
  const items = value?.kind === "list" ? value.items : [];
  return items.find(item => item.kind === "literal" && String(item.value).split(".apps.")[0] === name)?.at;
}

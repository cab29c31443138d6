import { djangoRoots } from "../../artifacts/django.ts";
import { type DjangoSettings, readDjangoSettings } from "../../artifacts/django-settings.ts";
import type { Lookup } from "../../artifacts/value.ts";
import type { Evidence, Severity } from "../../core/finding.ts";
import { withoutOptions } from "../../remedies/engine-options.ts";
import { listNames, weigh } from "../../stack/query.ts";
import { foreign, mayBeForeign } from "../../stack/query-engine-options.ts";
import { settingsInForce } from "../../stack/query-settings.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/database-options",
  title: "Every database connection has the options of its own engine",
  claim: "boots-healthy",
  severity: "high",
  why: "The database's driver refuses an option that it does not know, so that every use of the connection fails.",
  *check(stack) {
    const told = new Set<string>();
    for (const { settings, lookup, severity } of allSettings(stack)) {
      const databases = settings.values.get("DATABASES");
      if (databases?.kind !== "dict") continue;
      for (const { key, value } of databases.entries) {
        const found = foreign(value, lookup);
        const place = `${value.at.file} ${value.at.span.start}`;
        if (!found || told.has(place)) continue;
        told.add(place);
        const refused = found.options.length > 0;
        yield {
          subject: `${settings.file} ${key}`,
          message: refused
            ? `The database connection "${key}" of ${value.at.file} is for ${found.engine}, and gives ${listNames(found.options)}, which only ${found.other} knows: every connection is refused as invalid.`
            : `The database connection "${key}" of ${value.at.file} is for ${found.engine}, and its port ${found.port} is that of ${found.other}.`,
          evidence: found.evidence as [Evidence],
          severity: key === "default" && refused ? severity : lower(severity),
          ...(key === "default" || found.options.length === 0
            ? {}
            : { fix: () => withoutOptions(stack, databases, key, lookup) }),
          ...(refused ? {} : { confidence: "likely" as const }),
        };
      }
    }
  },
});

interface Placed {
  readonly settings: DjangoSettings;
  readonly lookup: Lookup;
  readonly severity: Severity;
}

/** The settings that services run with, then the other ones that are kept for servers. */
function* allSettings(stack: Stack): Generator<Placed> {
  for (const { settings, lookup, service } of settingsInForce(stack))
    yield { settings, lookup, severity: weigh(service, "high") };
  for (const { django, files } of stack.components) {
    for (const { file, module } of django?.modules ?? []) {
      const text = files.read(file)?.text ?? "";
      // The settings of developers are many, and to read them takes time.
      if (!text.includes("DATABASES") || !mayBeForeign(text)) continue;
      const settings = readDjangoSettings(files, file, djangoRoots(django!));
      if (!settings) continue;
      const severity = module === django!.defaultModule?.value ? "medium" : "low";
      yield { settings, lookup: () => undefined, severity };
    }
  }
}

function lower(severity: Severity): Severity {
  return severity === "high" || severity === "critical" ? "medium" : "low";
}

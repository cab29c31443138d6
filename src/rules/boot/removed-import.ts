import { basename } from "../../core/path.ts";
import { moveBaseSettings } from "../../remedies/base-settings.ts";
import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { worstFirst } from "../../stack/query-process.ts";
import { loadedFiles } from "../../stack/query-reach.ts";
import {
  importsOf,
  installedWithout,
  removedNames,
  removedNamesAsOf,
} from "../../stack/query-removed-imports.ts";
import { defineRule } from "../rule.ts";

const python = new Set(["django", "fastapi", "flask", "python"]);

export default defineRule({
  id: "boot/removed-import",
  title: "Every name that is imported is in the version that gets installed",
  claim: "boots-healthy",
  severity: "high",
  why: "The import fails with ImportError: the program, or the part of it that needs the module, does not start.",
  *check(stack) {
    const seen = new Set<string>();
    for (const service of worstFirst(serverServices(stack))) {
      const { component } = service;
      if (!component || !python.has(component.kind) || seen.has(component.dir)) continue;
      seen.add(component.dir);
      const told = new Set<string>();
      const loaded = component.django ? "all" : loadedFiles(service, component);
      const isLoaded = (file: string): boolean => typeof loaded === "string" || loaded.has(file);
      const missing = new Map(
        removedNames.flatMap(removed => {
          const installed = installedWithout(stack, component.manifest, removed);
          return installed ? [[removed, installed] as const] : [];
        }),
      );
      const all = importsOf(component, [...missing.keys()]);
      for (const { removed, names } of all) {
        const installed = missing.get(removed);
        const key = `${removed.package} ${removed.module} ${removed.since}`;
        if (!installed || told.has(key)) continue;
        told.add(key);
        const places = all.filter(each => each.removed === removed).slice(0, 8);
        const files = [...new Set(places.map(each => basename(each.at.file)))];
        yield {
          subject: `${service.name}: ${removed.module}`,
          message: `${files.length === 1 ? places[0]!.at.file : `${files.length} files`} of "${service.name}" ${files.length === 1 ? "imports" : "import"} ${names[0]} from ${removed.module}, which ${removed.package} no longer has since ${removed.since} (table of ${removedNamesAsOf}); ${removed.instead} takes its place.`,
          evidence: [
            evidence(places[0]!.at, `gone since ${removed.package} ${removed.since}`),
            ...places
              .slice(1)
              .map(each => evidence(each.at, `gone since ${removed.package} ${removed.since}`)),
            evidence(installed.at, installed.says),
          ],
          // What the server does not load breaks migrations or jobs, and the server later.
          severity: weigh(service, places.some(each => isLoaded(each.at.file)) ? "high" : "medium"),
          confidence: installed.exact ? "certain" : "likely",
          ...(removed.package === "pydantic"
            ? {
                fix: () =>
                  moveBaseSettings(
                    stack,
                    all.filter(each => each.removed === removed),
                    installed,
                  ),
              }
            : {}),
        };
      }
    }
  },
});

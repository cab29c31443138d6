import { filesBelow } from "../artifacts/project-files.ts";
import { basename } from "../core/path.ts";
import { type Location, locate } from "../core/source.ts";
import type { AppComponent } from "./app/detect.ts";
import { serverServices } from "./query.ts";
import { startCommand } from "./query-start.ts";
import type { Service, Stack } from "./stack.ts";

/** Fixtures of Django that a start loads over rows which people edit in the admin site. */

export interface LoadedFixture {
  readonly service: Service;
  readonly runAt: Location;
  /** `Criterion`. */
  readonly model: string;
  /** The first row with a key of its own. */
  readonly row: Location;
  readonly registered: Location;
}

const loading = /manage(?:\.py)? loaddata (.+)/;

export function loadedFixtures(stack: Stack): LoadedFixture[] {
  return serverServices(stack).flatMap(service => {
    const { component } = service;
    if (component?.kind !== "django") return [];
    let wanted: string | undefined;
    const runAt = startCommand(stack, service, words => {
      const named = loading.exec(words)?.[1];
      wanted ??= named;
      return named !== undefined;
    });
    return (runAt && wanted && overwritten(component, service, runAt, wanted)) || [];
  });
}

function overwritten(
  component: AppComponent,
  service: Service,
  runAt: Location,
  wanted: string,
): LoadedFixture | undefined {
  const names = wanted.split(/\s+/).filter(word => !word.startsWith("-"));
  const fixtures = filesBelow(component.files, component.dir).filter(
    path => path.endsWith(".json") && names.some(name => isNamed(path, name)),
  );
  const editable = registeredModels(component);
  for (const path of fixtures.slice(0, 20)) {
    const source = component.files.read(path);
    // A row without a key is added; one with a key is written over.
    for (const row of source?.text.matchAll(/"model"\s*:\s*"\w+\.(\w+)"\s*,\s*"pk"\s*:(?!\s*null)/g) ?? []) {
      const registered = editable.get(row[1]!.toLowerCase());
      if (!registered) continue;
      const at = locate(source!, row.index, row.index + row[0].trimEnd().length);
      return { service, runAt, model: registered.name, row: at, registered: registered.at };
    }
  }
  return undefined;
}

/** `initial`, `data/initial.json`, `app/fixtures/*.json`. */
function isNamed(path: string, name: string): boolean {
  const last = basename(name);
  if (last === "*.json") return path.includes(name.slice(0, -last.length).replace(/^\.?\//, ""));
  return basename(path) === last || (basename(path) === `${last}.json` && path.includes("/fixtures/"));
}

/** Models that the admin site offers, by their names in small letters. */
function registeredModels(component: AppComponent): Map<string, { name: string; at: Location }> {
  const found = new Map<string, { name: string; at: Location }>();
  for (const path of filesBelow(component.files, component.dir)) {
    if (!/(?:^|\/)admin(?:\/\w+)?\.py$/.test(path)) continue;
    const source = component.files.read(path);
    for (const match of source?.text.matchAll(
      /^[ \t]*(?:@admin\.register|admin\.site\.register)\(([^()\n]*)/gm,
    ) ?? [])
      for (const name of match[1]!.split(",").map(part => part.trim().split(".").at(-1)!))
        if (/^\w+$/.test(name) && !found.has(name.toLowerCase()))
          found.set(name.toLowerCase(), {
            name,
            at: locate(source!, match.index + match[0].search(/\S/), match.index + match[0].length),
          });
  }
  return found;
}

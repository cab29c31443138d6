import { filesBelow, isTest, isVendored } from "../artifacts/project-files.ts";
import { type Location, locate } from "../core/source.ts";
import { serverServices } from "./query.ts";
import type { Service, Stack } from "./stack.ts";

/** Programs of .NET whose keys for cookies lie in the container. */
export interface LoginKeys {
  readonly service: Service;
  /** What makes cookies or forms that only these keys open. */
  readonly at: Location;
}

const cookies =
  /\.Add(?:Cookie|DefaultIdentity<\w+>|RazorPages|ServerSideBlazor|RazorComponents|ControllersWithViews|Session)\(/;
const kept =
  /\bPersistKeysTo\w*|\bAddDataProtection\b[^;]*\bSetApplicationName\b|\bUseEphemeralDataProtectionProvider\b/;
/** Where the framework looks by itself: the home of the user that it runs as. */
const places = /(?:^|\/)\.aspnet(?:\/|$)|DataProtection-?Keys|^\/root\/?$|^\/home(?:\/\w+)?\/?$/i;

export function losesLoginKeys(stack: Stack): LoginKeys[] {
  const told = new Set<string>();
  return serverServices(stack).flatMap(service => {
    const { component, mounts } = service;
    if (component?.kind !== "dotnet" || !(service.build ?? service.made) || told.has(component.dir))
      return [];
    if (mounts.some(({ target }) => places.test(target))) return [];
    told.add(component.dir);
    const sources = filesBelow(stack.files, "")
      .filter(path => path.endsWith(".cs") && !isTest(path) && !isVendored(path))
      .flatMap(path => {
        const read = stack.files.read(path);
        return "source" in read ? [read.source] : [];
      });
    if (sources.some(({ text }) => kept.test(text))) return [];
    for (const entry of component.entries) {
      const source = sources.find(({ path }) => path === entry);
      const found = source && cookies.exec(source.text);
      if (!source || !found) continue;
      return [{ service, at: locate(source, found.index + 1, found.index + found[0].length - 1) }];
    }
    return [];
  });
}

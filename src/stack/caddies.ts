import { caddyModel } from "../artifacts/caddyfile.ts";
import type { Gap } from "../core/problem.ts";
import type { CaddyFile } from "../formats/caddyfile.ts";
import { containerFile, variable } from "./query.ts";
import type { CaddyInstance, Service, Stack } from "./stack.ts";

/** Every Caddy of the stack whose Caddyfile stands in the repository. `parse` reads a file of the repository. */
export function linkCaddies(
  stack: Pick<Stack, "files" | "services">,
  parse: (path: string) => CaddyFile | undefined,
): { caddies: CaddyInstance[]; gaps: Gap[] } {
  const caddies: CaddyInstance[] = [];
  const gaps: Gap[] = [];
  for (const service of stack.services) {
    const path = configurationOf(service);
    const file = path === undefined ? undefined : containerFile(stack, service, path).repositoryPath;
    if (file === undefined || stack.files.has(file) !== "file") continue;
    const read = parse(file);
    if (!read) continue;
    const lookup = (name: string): string | null | undefined => {
      const set = variable(service, name);
      if (set) return set.value?.text ?? null;
      // A file of variables that is not in the repository may set it.
      return service.envFiles.some(use => use.file === undefined) ? null : undefined;
    };
    const model = caddyModel(read, lookup, name =>
      variable(service, name)?.value?.byDefault ? null : lookup(name),
    );
    for (const { args, at } of model.unread)
      gaps.push({ about: `import "${args[0]?.value}" of ${file}`, why: "what it brings was not read", at });
    caddies.push({ service, file, model });
  }
  return { caddies, gaps };
}

/** The container path of the Caddyfile; undefined for a service that runs something else, or JSON. */
function configurationOf(service: Service): string | undefined {
  const runs = service.process?.program?.value;
  const family = service.facts?.family ?? service.imageRef?.family ?? "";
  if (!/(?:^|\/)caddy$/.test(runs ?? family)) return undefined;
  const words = service.process?.argv.map(word => word.value) ?? [];
  const option = words.findIndex(word => word === "--config" || word === "-c");
  const named = option > 0 ? words[option + 1] : words.find(word => word?.startsWith("--config="))?.slice(9);
  if (option > 0 && named === undefined) return undefined;
  const path = named ?? "/etc/caddy/Caddyfile";
  return path.startsWith("/") && !path.endsWith(".json") ? path : undefined;
}

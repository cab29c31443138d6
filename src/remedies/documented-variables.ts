import { dirname } from "../core/path.ts";
import type { AppComponent } from "../stack/app/detect.ts";
import { componentReads } from "../stack/query-environment.ts";
import type { Stack } from "../stack/stack.ts";

/**
 * Variables of the example file, for code that takes whatever begins with a prefix: the names stand nowhere else. With
 * what the example says. Where the prefix cannot be read, all names of the file have to share one.
 */
export function documentedVariables(
  stack: Pick<Stack, "files" | "envFiles">,
  components: readonly AppComponent[],
): Map<string, string> {
  const found = new Map<string, string>();
  for (const component of components) {
    const { wildcards } = componentReads(stack, component);
    if (wildcards.length === 0) continue;
    const files = stack.envFiles.filter(
      each => each.role === "example" && ["", component.dir].includes(dirname(each.file)),
    );
    for (const { entries } of files) {
      const texts = entries.map(each => [each.name.value, each.value.value] as const);
      const first = /^[A-Z0-9]+_/.exec(texts[0]?.[0] ?? "")?.[0];
      const shared = texts.length > 1 && texts.every(([name]) => first && name.startsWith(first));
      const isTaken = (name: string) =>
        wildcards.some(({ prefix }) =>
          prefix === undefined ? shared : prefix !== "" && name.startsWith(prefix),
        );
      for (const [name, value] of texts) if (isTaken(name)) found.set(name, value);
    }
  }
  return found;
}

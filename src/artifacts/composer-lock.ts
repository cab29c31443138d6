import type { Source } from "../core/source.ts";
import { jsonFields, record } from "../formats/json.ts";

/** Every name that a composer.lock has, small, with those that its packages stand for; undefined for another file. */
export function composerNames(lock: Source): ReadonlySet<string> | undefined {
  const fields = jsonFields(lock.text);
  if (!Array.isArray(fields["packages"])) return undefined;
  const packages: unknown[] = [fields["packages"], fields["packages-dev"]].flat();
  return new Set(
    packages
      .map(record)
      .flatMap(({ name, provide, replace }) =>
        [String(name), ...Object.keys(record(provide)), ...Object.keys(record(replace))].map(each =>
          each.toLowerCase(),
        ),
      ),
  );
}

import { normalisePackage, type PythonDependency } from "../artifacts/python-dependencies.ts";
import type { Value } from "../artifacts/value.ts";
import type { Location } from "../core/source.ts";

/** Apps of Django settings against the dependencies that bring them. */

/** Packages whose module has another name. */
const packageOf: Readonly<Record<string, string>> = {
  corsheaders: "django-cors-headers",
  rest_framework: "djangorestframework",
  storages: "django-storages",
  silk: "django-silk",
  extensions: "django-extensions",
};

/** The dependency that brings an app, when only a development group has it. */
export function developmentOnly(
  app: string,
  dependencies: readonly PythonDependency[],
): PythonDependency | undefined {
  const root = app.split(".")[0]!;
  const module = normalisePackage(root);
  const known = Object.hasOwn(packageOf, root) ? packageOf[root] : undefined;
  const bringing = dependencies.filter(each => [module, `django-${module}`, known].includes(each.name));
  const [first] = bringing;
  const only = bringing.every(each => /^(dev|test|tests|lint|development|local)$/.test(each.group));
  return only ? first : undefined;
}

/** Where the text stands in a list of settings. */
export function placeOf(value: Value, text: string, depth = 0): Location | undefined {
  if (value.kind === "literal") return value.value === text ? value.at : undefined;
  if (depth > 20) return undefined;
  const parts =
    value.kind === "list"
      ? value.items
      : value.kind === "derived"
        ? value.from
        : value.kind === "choice"
          ? [value.yes, value.no]
          : value.kind === "unknown"
            ? value.parts
            : [];
  for (const part of parts) {
    const at = placeOf(part, text, depth + 1);
    if (at) return at;
  }
  return undefined;
}

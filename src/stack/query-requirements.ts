import type { PythonDependency } from "../artifacts/python-dependencies.ts";
import { dirname, isOutside, join } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import { pythonAt } from "./query-runtime.ts";
import type { Stack } from "./stack.ts";

/** What installing requirements files brings. */

/** Everything that some requirements files name, with what they include. */
export interface Requirements {
  readonly dependencies: readonly PythonDependency[];
  /** Every file that was read, in order. */
  readonly files: readonly string[];
}

/**
 * The requirements of these files (paths in the repository) and of all that they include. Undefined when a file is not
 * there, or a line installs something that has no name: a directory, a URL.
 */
export function requirementsOf(stack: Stack, paths: readonly string[]): Requirements | undefined {
  const dependencies: PythonDependency[] = [];
  const files: string[] = [];
  const open = [...paths];
  for (let path = open.shift(); path !== undefined; path = open.shift()) {
    if (files.includes(path)) continue;
    const manifest = isOutside(path) ? undefined : pythonAt(stack, path);
    if (manifest?.tool !== "pip" || files.length > 20) return undefined;
    const text = sourceOf(stack, path)?.text ?? "";
    if (unnamed.test(text)) return undefined;
    files.push(path);
    dependencies.push(...manifest.dependencies);
    for (const include of manifest.includes)
      if (/^\s*-{1,2}r/.test(text.slice(include.at.span.start, include.at.span.end)))
        open.push(join(dirname(path), include.value));
  }
  return { dependencies, files };
}

const unnamed = /^[ \t]*(?:-e\b|--editable\b|\.{0,2}\/|\.(?:\[|\s|$)|[a-z+]+:\/\/|[\w.-]+\s*@)/m;

/** Packages that bring Django without saying so in their name. */
const onDjango =
  /^(?:wagtail|drf-|dj-(?!email-url$|inmemorystorage$)|channels$|channels-redis$|daphne$|model-bakery$|model-mommy$|easy-thumbnails$|mezzanine|graphene-django|silk$|social-auth-app-django|pinax|cms-|oscar|edx-|mozilla-|aldryn)/;
/** Named after Django, and installed without it. */
const besideDjango =
  /^(?:pytest-django|django-webtest|django-environ|django-stubs-ext|pylint-django|flake8-django|django-upgrade|djlint|django-cache-url)$/;

/** Whether one of these packages brings another: it is the package, or one that is known to depend on it. */
export function brings(dependencies: readonly { readonly name: string }[], name: string): boolean {
  return dependencies.some(each => {
    if (each.name === name) return true;
    if (name === "django")
      return onDjango.test(each.name) || (each.name.includes("django") && !besideDjango.test(each.name));
    // Plug-ins depend on what they extend.
    if (name === "pytest") return each.name.startsWith("pytest-") || each.name === "hypothesis-pytest";
    return each.name.startsWith(`${name}-`) || each.name.endsWith(`-${name}`);
  });
}

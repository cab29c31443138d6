import { ownFiles } from "../artifacts/project-files.ts";
import { dirname, join } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import { type Location, locate, type Source } from "../core/source.ts";
import type { AppComponent } from "./app/detect.ts";
import { pythonAt } from "./query-runtime.ts";
import { satisfies } from "./query-versions.ts";
import type { Stack } from "./stack.ts";

/** Names that a later release of a Python package no longer has. */

/**
 * When every row was last compared with the packages themselves, as PyPI has them: a release before the one that is
 * named has the name, and the first of the line that is named does not.
 */
export const removedNamesAsOf = "2026-11-28";

export interface RemovedName {
  readonly package: string;
  /** First release without it, as `major.minor`. */
  readonly since: string;
  readonly module: string;
  /** Undefined: the whole module is gone. */
  readonly names?: RegExp;
  /** What takes its place. */
  readonly instead: string;
}

const row = (
  name: string,
  since: string,
  module: string,
  names: RegExp | undefined,
  instead: string,
): RemovedName => ({ package: name, since, module, ...(names ? { names } : {}), instead });

export const removedNames: readonly RemovedName[] = [
  // Migration guide of pydantic 2: "BaseSettings has moved to pydantic-settings".
  row("pydantic", "2.0", "pydantic", /^BaseSettings$/, "the package pydantic-settings"),
  // Release notes of Django 2.0, 3.0, 4.0 and 5.0: "Features removed".
  row("django", "2.0", "django.core.urlresolvers", undefined, "django.urls"),
  row("django", "3.0", "django.utils.six", undefined, "the package six"),
  row("django", "3.0", "django.shortcuts", /^render_to_response$/, "render"),
  row("django", "3.0", "django.utils.encoding", /^python_2_unicode_compatible$/, "nothing: it is not needed"),
  row(
    "django",
    "4.0",
    "django.utils.translation",
    /^u(?:gettext|gettext_lazy|gettext_noop|ngettext|ngettext_lazy)$/,
    "the same name without its u",
  ),
  row("django", "4.0", "django.utils.encoding", /^(?:force|smart)_text$/, "force_str and smart_str"),
  row("django", "4.0", "django.conf.urls", /^url$/, "django.urls.re_path"),
  row(
    "django",
    "4.0",
    "django.utils.http",
    /^(?:urlquote|urlquote_plus|urlunquote|urlunquote_plus|is_safe_url)$/,
    "urllib.parse and url_has_allowed_host_and_scheme",
  ),
  row("django", "5.0", "django.utils.timezone", /^utc$/, "datetime.timezone.utc"),
  // Changelog of Flask 2.3 and 3.0.
  row("flask", "3.0", "flask", /^_(?:app|request)_ctx_stack$/, "the context proxies of Flask"),
  row("flask", "2.3", "flask.json", /^JSONEncoder$|^JSONDecoder$/, "flask.json.provider"),
  row("flask", "3.0", "flask", /^(?:Markup|escape)$/, "the package markupsafe"),
  // Changelog of Werkzeug 1.0, 2.1 and 3.0.
  row(
    "werkzeug",
    "1.0",
    "werkzeug",
    /^(?:secure_filename|generate_password_hash|check_password_hash)$/,
    "werkzeug.utils and werkzeug.security",
  ),
  row("werkzeug", "2.1", "werkzeug.security", /^safe_str_cmp$/, "hmac.compare_digest"),
  row(
    "werkzeug",
    "3.0",
    "werkzeug.urls",
    /^url_(?:quote|quote_plus|unquote|unquote_plus|parse|join|encode|decode)$/,
    "urllib.parse",
  ),
  // Changelog of Jinja 3.1 and MarkupSafe 2.1.
  row(
    "jinja2",
    "3.1",
    "jinja2",
    /^(?:Markup|escape|contextfilter|contextfunction|environmentfilter|environmentfunction|evalcontextfilter|evalcontextfunction)$/,
    "markupsafe, pass_context and pass_environment",
  ),
  row("markupsafe", "2.1", "markupsafe", /^soft_unicode$/, "soft_str"),
  // "What's new in Celery 5.0": the module celery.task is removed.
  row("celery", "5.0", "celery.task", undefined, "the application's own task decorator"),
  // Release notes of Django REST framework 3.10.
  row("djangorestframework", "3.10", "rest_framework.decorators", /^(?:list|detail)_route$/, "action"),
  // Migration guide of openai-python 1.0.
  row("openai", "1.0", "openai.error", undefined, "the exceptions of the package itself"),
];

/** Packages that always bring another, with the first release that allows its removing one. */
const bringers: Readonly<Record<string, readonly [by: string, from: string]>> = {
  pydantic: ["fastapi", "0.100"],
  werkzeug: ["flask", "3.0"],
  jinja2: ["flask", "2.0"],
  markupsafe: ["flask", "2.0"],
};

/** A version that will be installed without the name, and why that is known. */
export interface Installed {
  readonly at: Location;
  readonly says: string;
  /** A lock file or an exact version says it; otherwise it is the newest that is allowed today. */
  readonly exact: boolean;
}

function isAtLeast(version: string, since: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [wantMajor = 0, wantMinor = 0] = since.split(".").map(Number);
  return major > wantMajor || (major === wantMajor && minor >= wantMinor);
}

/** Whether the manifest's ranges allow the release without the name; undefined where they do not, or do not tell. */
export function installedWithout(
  stack: Stack,
  manifest: string,
  removed: RemovedName,
): Installed | undefined {
  const declared = pythonAt(stack, manifest);
  if (!declared || declared.includes.length > 0) return undefined;
  const main = declared.dependencies.filter(each => each.group === "main");
  const locked = lockedVersion(stack, manifest, removed.package);
  if (locked !== undefined) {
    const at = main.find(each => each.name === removed.package)?.at ?? main[0]?.at;
    if (!at || !isAtLeast(locked, removed.since)) return undefined;
    return { at, says: `${removed.package} ${locked} is in the lock file`, exact: true };
  }
  const direct = main.find(each => each.name === removed.package);
  if (direct) return allowed(direct, removed.since);
  const [by, from] = Object.hasOwn(bringers, removed.package) ? bringers[removed.package]! : [];
  const bringer = by === undefined ? undefined : main.find(each => each.name === by);
  const brings = bringer && from !== undefined ? allowed(bringer, from) : undefined;
  return (
    brings && { ...brings, says: `${brings.says}, which brings the newest ${removed.package}`, exact: false }
  );
}

function allowed(
  { name, version, at }: { readonly name: string; readonly version: string; readonly at: Location },
  since: string,
): Installed | undefined {
  if (version === "") return { at, says: `any ${name}: the newest is installed`, exact: false };
  const exact = /^={2,3}\s*(\d+(?:\.\d+)*)$/.exec(version)?.[1];
  if (exact !== undefined)
    return isAtLeast(exact, since) ? { at, says: `${name} ${exact}`, exact: true } : undefined;
  const [major = 0, minor = 0] = since.split(".").map(Number);
  const later = [
    [major, minor, 0],
    [major, 9_998, 0],
    [9_998, 0, 0],
  ] as const;
  return later.some(one => satisfies(one, version) === true)
    ? { at, says: `${name} ${version} allows the newest`, exact: false }
    : undefined;
}

function lockedVersion(stack: Stack, manifest: string, name: string): string | undefined {
  for (const file of ["poetry.lock", "uv.lock", "pdm.lock"]) {
    const path = join(dirname(manifest), file);
    const text = sourceOf(stack, path)?.text ?? "";
    const found = new RegExp(`^name = "${name}"\\r?\\nversion = "(\\d+(?:\\.\\d+)*)`, "im").exec(text);
    if (found) return found[1];
  }
  return undefined;
}

export interface RemovedImport {
  readonly removed: RemovedName;
  readonly names: readonly string[];
  readonly at: Location;
}

const mostFiles = 1_500;
const importing = /^from[ \t]+([\w.]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n#]+)|^import[ \t]+([\w.]+)/gm;

/** Imports at the left margin of `removed` names: one that is indented may be caught. */
export function importsOf(component: AppComponent, removed: readonly RemovedName[]): RemovedImport[] {
  if (removed.length === 0) return [];
  const { files, dir } = component;
  const code = ownFiles(files, dir).filter(
    path => path.endsWith(".py") && !/(?:^|\/)(?:migrations|docs?|examples?|scripts?|tools?)\//.test(path),
  );
  if (code.length > mostFiles) return [];
  return code.flatMap(path => {
    const source = files.read(path);
    return source ? importsIn(source, removed) : [];
  });
}

function importsIn(source: Source, wanted: readonly RemovedName[]): RemovedImport[] {
  if (!wanted.some(each => source.text.includes(each.module))) return [];
  return [...source.text.matchAll(importing)].flatMap(found => {
    const module = found[1] ?? found[3] ?? "";
    const imported = (found[2] ?? "")
      .replace(/#[^\n]*/g, "")
      .split(/[(),\s]+/)
      .filter(Boolean);
    const at = locate(source, found.index, found.index + found[0].trimEnd().length);
    return wanted.flatMap(removed => {
      if (removed.module !== module) return [];
      if (!removed.names) return [{ removed, names: [module], at }];
      const names = imported.filter(name => removed.names!.test(name));
      return names.length > 0 ? [{ removed, names, at }] : [];
    });
  });
}

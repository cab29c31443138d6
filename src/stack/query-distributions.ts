import type { PythonDependency } from "../artifacts/python-dependencies.ts";
import { concrete, isTruthy, type Lookup, type Value } from "../artifacts/value.ts";
import { dirname, join } from "../core/path.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Location } from "../core/source.ts";
import { installsOf, type StageInstall } from "./query-locks.ts";
import { brings, requirementsOf } from "./query-requirements.ts";
import { pythonAt } from "./query-runtime.ts";
import type { Service, Stack } from "./stack.ts";

/** Modules that Django settings name, against the packages that are installed. */

/** A module's usual package, and every package that is known to bring it. */
const packages: Readonly<Record<string, readonly [name: string, brings: RegExp]>> = {
  rest_framework: ["djangorestframework", /rest|drf|spectacular/],
  rest_framework_simplejwt: ["djangorestframework-simplejwt", /simplejwt|djoser|dj-rest-auth/],
  drf_yasg: ["drf-yasg", /yasg/],
  drf_spectacular: ["drf-spectacular", /spectacular/],
  drf_spectacular_sidecar: ["drf-spectacular-sidecar", /spectacular/],
  rest_framework_swagger: ["django-rest-swagger", /swagger/],
  rest_framework_extensions: ["drf-extensions", /drf-extensions/],
  rest_framework_nested: ["drf-nested-routers", /nested/],
  dj_rest_auth: ["dj-rest-auth", /rest-auth/],
  djoser: ["djoser", /djoser/],
  knox: ["django-rest-knox", /knox/],
  corsheaders: ["django-cors-headers", /cors/],
  debug_toolbar: ["django-debug-toolbar", /debug-?toolbar/],
  django_extensions: ["django-extensions", /django-extensions/],
  django_filters: ["django-filter", /filter/],
  storages: ["django-storages", /storages/],
  channels: ["channels", /channels/],
  daphne: ["daphne", /daphne|channels/],
  django_celery_beat: ["django-celery-beat", /celery-beat/],
  django_celery_results: ["django-celery-results", /celery-results/],
  django_dramatiq: ["django-dramatiq", /dramatiq/],
  django_q: ["django-q", /django-q/],
  django_rq: ["django-rq", /django-rq/],
  allauth: ["django-allauth", /allauth|rest-auth/],
  oauth2_provider: ["django-oauth-toolkit", /oauth/],
  social_django: ["social-auth-app-django", /social/],
  guardian: ["django-guardian", /guardian/],
  axes: ["django-axes", /axes/],
  csp: ["django-csp", /csp/],
  whitenoise: ["whitenoise", /whitenoise/],
  simple_history: ["django-simple-history", /simple-history/],
  reversion: ["django-reversion", /reversion/],
  auditlog: ["django-auditlog", /audit-?log/],
  import_export: ["django-import-export", /import-export/],
  crispy_forms: ["django-crispy-forms", /crispy/],
  crispy_bootstrap4: ["crispy-bootstrap4", /crispy/],
  crispy_bootstrap5: ["crispy-bootstrap5", /crispy/],
  crispy_tailwind: ["crispy-tailwind", /crispy/],
  widget_tweaks: ["django-widget-tweaks", /widget-tweaks/],
  django_htmx: ["django-htmx", /htmx/],
  graphene_django: ["graphene-django", /graphene/],
  taggit: ["django-taggit", /taggit/],
  mptt: ["django-mptt", /mptt/],
  polymorphic: ["django-polymorphic", /polymorphic/],
  easy_thumbnails: ["easy-thumbnails", /thumbnails|filer/],
  imagekit: ["django-imagekit", /imagekit/],
  compressor: ["django-compressor", /compressor/],
  anymail: ["django-anymail", /anymail/],
  django_redis: ["django-redis", /redis/],
  django_prometheus: ["django-prometheus", /prometheus/],
  silk: ["django-silk", /silk/],
  waffle: ["django-waffle", /waffle/],
  constance: ["django-constance", /constance/],
  jazzmin: ["django-jazzmin", /jazzmin/],
  unfold: ["django-unfold", /unfold/],
  tinymce: ["django-tinymce", /tinymce|htmlpage/],
  ckeditor: ["django-ckeditor", /ckeditor/],
  phonenumber_field: ["django-phonenumber-field", /phonenumber/],
  timezone_field: ["django-timezone-field", /timezone|celery-beat/],
  hijack: ["django-hijack", /hijack/],
  rosetta: ["django-rosetta", /rosetta/],
  maintenance_mode: ["django-maintenance-mode", /maintenance/],
};

/** Whole systems that bring many packages along. */
const systems =
  /^(?:wagtail|django-cms|django-oscar|mezzanine|saleor|pinax|netbox|baserow|edx-|aldryn|kolibri|geonode|django-shop|pretix|weblate|arches|mayan|readthedocs)/;

/** The package that brings a module when none of the installed ones does; undefined when one may, or the module is not known. */
export function missingPackage(
  module: string,
  installed: readonly { readonly name: string }[],
): string | undefined {
  const root = module.split(".")[0]!;
  const known = Object.hasOwn(packages, root) ? packages[root] : undefined;
  if (!known) return undefined;
  const [name, bringing] = known;
  return installed.some(each => bringing.test(each.name) || systems.test(each.name)) ? undefined : name;
}

export interface LoadedModule {
  readonly module: string;
  readonly at: Location;
}

/** Modules that a list of settings names under an environment. Branches that cannot be told are left out. */
export function loadedModules(value: Value | undefined, lookup: Lookup, depth = 0): LoadedModule[] {
  if (!value || depth > 20) return [];
  if (value.kind === "literal")
    return typeof value.value === "string" && /^\w+(\.\w+)*$/.test(value.value)
      ? [{ module: value.value, at: value.at }]
      : [];
  if (value.kind === "list") return value.items.flatMap(item => loadedModules(item, lookup, depth + 1));
  if (value.kind !== "choice") return [];
  const test = concrete(value.test, lookup);
  return test === undefined ? [] : loadedModules(isTruthy(test) ? value.yes : value.no, lookup, depth + 1);
}

export interface Installed {
  readonly dependencies: readonly { readonly name: string; readonly extras?: readonly string[] }[];
  /** Where it is installed. */
  readonly at: Location;
  /** The manifest that is installed. */
  readonly manifest: string;
}

/** The Python packages of a service's image. Undefined unless every install in it is understood, and Django is among them. */
export function installedPackages(stack: Stack, service: Service): Installed | undefined {
  const installed = installedPython(stack, service);
  return installed && brings(installed.dependencies, "django") ? installed : undefined;
}

/** The same whatever framework they are for. */
export function installedPython(stack: Stack, service: Service): Installed | undefined {
  const { build, model } = service;
  if (!build || !model || model.base?.name !== "python") return undefined;
  const ways = (service.process?.commands ?? []).flat();
  if (ways.some(word => /\b(?:pip3?|poetry|uv|pipenv)\b/.test(word.value ?? ""))) return undefined;
  const stages = model.built.map(each => each.stage);
  if (stages.some(stage => stage.copies.some(copy => copy.from && copy.fromStage === undefined)))
    return undefined;
  const dependencies: { readonly name: string; readonly extras?: readonly string[] }[] = [];
  let first: { readonly at: Location; readonly manifest: string } | undefined;
  for (const each of installsOf([build])) {
    if (!["pip", "poetry", "uv", "pipenv"].includes(each.install.manager)) continue;
    const brought = broughtBy(stack, each);
    if (!brought) return undefined;
    dependencies.push(...brought.dependencies);
    if (brought.manifest !== undefined) first ??= { at: each.install.at, manifest: brought.manifest };
  }
  return first && { dependencies, ...first };
}

function broughtBy(
  stack: Stack,
  { stage, install }: StageInstall,
): { readonly dependencies: readonly { readonly name: string }[]; readonly manifest?: string } | undefined {
  const { directory } = install;
  const named = install.names.map(each => ({ name: each.value.toLowerCase().replace(/_/g, "-") }));
  if (install.requirementFiles.length > 0) {
    const paths = install.requirementFiles.map(file =>
      directory === undefined ? undefined : stage.fileBefore(install.at, join(directory, file.value)).source,
    );
    if (paths.includes(undefined)) return undefined;
    const found = requirementsOf(stack, paths as string[]);
    return found && { dependencies: [...named, ...found.dependencies], manifest: found.files[0]! };
  }
  if (named.length > 0) return install.complete ? { dependencies: named } : undefined;
  const manifest = { poetry: "pyproject.toml", uv: "pyproject.toml", pipenv: "Pipfile" }[
    install.manager as "uv"
  ];
  if (!manifest || directory === undefined) return undefined;
  const path = stage.fileBefore(install.at, join(directory, manifest)).source;
  const declared = path === undefined ? undefined : pythonAt(stack, path);
  if (path === undefined || !declared) return undefined;
  return { dependencies: [...declared.dependencies, ...locked(stack, dirname(path))], manifest: path };
}

/** Every package that a lock file in a directory names. */
export function locked(stack: Stack, directory: string): Pick<PythonDependency, "name">[] {
  return ["poetry.lock", "uv.lock", "Pipfile.lock", "pdm.lock"].flatMap(name => {
    const source = sourceOf(stack, join(directory, name));
    if (!source) return [];
    const names = source.text.matchAll(/^(?:name = "([\w.-]+)"| {8}"([\w.-]+)": \{)/gm);
    return [...names].map(found => ({ name: (found[1] ?? found[2])!.toLowerCase().replace(/[_.]/g, "-") }));
  });
}

import { djangoRoots } from "../../artifacts/django.ts";
import { type DjangoSettings, readDjangoSettings } from "../../artifacts/django-settings.ts";
import { recognisesPythonManifest } from "../../artifacts/python-dependencies.ts";
import type { Lookup } from "../../artifacts/value.ts";
import { dirname } from "../../core/path.ts";
import { sourceOf } from "../../core/project-files.ts";
import { withoutGivenUp } from "../../remedies/given-up-app.ts";
import type { AppComponent } from "../../stack/app/detect.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import {
  installedPackages,
  type LoadedModule,
  loadedModules,
  locked,
  missingPackage,
} from "../../stack/query-distributions.ts";
import { brings } from "../../stack/query-requirements.ts";
import { pythonAt } from "../../stack/query-runtime.ts";
import { settingsInForce } from "../../stack/query-settings.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/settings-dependency",
  title: "Every package that the settings load is installed",
  claim: "boots-healthy",
  severity: "critical",
  why: "Django imports every app and middleware of its settings when it starts, and ends with ModuleNotFoundError at the first that is not installed.",
  *check(stack) {
    const inForce = settingsInForce(stack);
    for (const { service, settings, lookup } of inForce) {
      const installed = installedPackages(stack, service);
      if (!installed) continue;
      const missing = missingIn(stack, settings, lookup, installed.dependencies);
      const [first, ...more] = missing;
      if (!first) continue;
      yield {
        subject: service.name,
        message: `The settings of service "${service.name}" load ${listNames(missing.map(each => each.module))}, but the image installs no ${[...new Set(missing.map(each => each.name))].join(", ")}: the process ends with ModuleNotFoundError.`,
        evidence: [
          evidence(first.at, `comes from ${first.name}`),
          ...more.map(each => evidence(each.at, `comes from ${each.name}`)),
          evidence(installed.at, `installs ${installed.manifest}, which does not name it`),
        ],
        severity: weigh(service, "critical"),
      };
    }
    const followed = new Set(inForce.flatMap(each => each.settings.files));
    for (const component of stack.components) {
      const declared = component.django && declaredAnywhere(stack);
      if (!declared || !brings(declared, "django")) continue;
      for (const settings of templatesOf(component, declared)) {
        if (followed.has(settings.file)) continue;
        const missing = missingIn(stack, settings, () => undefined, declared);
        const [first, ...more] = missing;
        if (!first) continue;
        yield {
          subject: settings.file,
          message: `The settings file ${settings.file} loads ${listNames(missing.map(each => each.module))}, which no dependency of the repository brings: Django does not start with it.`,
          evidence: [
            evidence(first.at, `comes from ${first.name}`),
            ...more.map(each => evidence(each.at, `comes from ${each.name}`)),
          ],
          severity: "low",
          fix: () =>
            withoutGivenUp(
              stack,
              settings.file,
              missing.map(each => each.module),
            ),
        };
      }
    }
  },
});

/** Settings that can miss a module say so somewhere. */
const careful = /ImportError|ModuleNotFoundError|find_spec|is_installed/;

function missingIn(
  stack: Stack,
  settings: DjangoSettings,
  lookup: Lookup,
  installed: readonly { readonly name: string }[],
): (LoadedModule & { readonly name: string })[] {
  if (settings.files.some(file => careful.test(sourceOf(stack, file)?.text ?? ""))) return [];
  const loaded = ["INSTALLED_APPS", "MIDDLEWARE"].flatMap(name =>
    loadedModules(settings.values.get(name), lookup),
  );
  const told = new Set<string>();
  return loaded.flatMap(each => {
    const name = missingPackage(each.module, installed);
    if (!name || told.has(name) || isOwn(stack, each.module.split(".")[0]!)) return [];
    told.add(name);
    return [{ ...each, name }];
  });
}

/** A package of that name is kept in the repository. */
function isOwn(stack: Stack, root: string): boolean {
  return stack.files.paths.some(path => path.endsWith(`${root}.py`) || `/${path}`.includes(`/${root}/`));
}

/** A quoted name in the text is of a package that is missing, or what it includes may have one. */
function mayMiss(text: string, installed: readonly { readonly name: string }[]): boolean {
  if (!/INSTALLED_APPS|MIDDLEWARE/.test(text)) return false;
  return (
    /\bimport \*/.test(text) ||
    [...text.matchAll(/["'](\w+)[\w.]*["']/g)].some(
      found => missingPackage(found[1]!, installed) !== undefined,
    )
  );
}

/** Settings modules for a server that somebody keeps ready, as far as one of them can lack something. */
function templatesOf(
  { files, django }: AppComponent,
  declared: readonly { readonly name: string }[],
): DjangoSettings[] {
  return django!.modules.flatMap(({ file }) => {
    const name = file.slice(django!.dir.length);
    if (/dev|local|test|debug|ci\b/i.test(name) && !/template|example/i.test(name)) return [];
    if (!mayMiss(files.read(file)?.text ?? "", declared)) return [];
    return readDjangoSettings(files, file, djangoRoots(django!)) ?? [];
  });
}

/** Every dependency that any manifest or lock file names. */
function declaredAnywhere(stack: Stack): { readonly name: string }[] {
  const manifests = stack.files.paths.filter(recognisesPythonManifest);
  return manifests.flatMap(path => [
    ...(pythonAt(stack, path)?.dependencies ?? []),
    ...locked(stack, dirname(path)),
  ]);
}

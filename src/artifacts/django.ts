import { type Located, locate } from "../core/source.ts";
import { type DjangoSettings, readDjangoSettings } from "./django-settings.ts";
import {
  directoryOf,
  filesBelow,
  filesNamed,
  hasFile,
  isTest,
  isVendored,
  joinPath,
  type ProjectFiles,
  pythonModuleFile,
} from "./project-files.ts";

/** A Django project: where manage.py stands, and what it says its settings are. */
export interface DjangoProject {
  /** Directory of manage.py: modules are imported from here. */
  readonly dir: string;
  readonly manage: string;
  /** The module that manage.py, wsgi.py or asgi.py name when the environment does not. */
  readonly defaultModule?: Located<string>;
  /** Settings modules found in the project, as dotted names with their files. */
  readonly modules: readonly { readonly module: string; readonly file: string }[];
}

const named = /DJANGO_SETTINGS_MODULE["']\s*[,\]]\s*(?:=\s*)?["']([\w.]+)["']/;

/** Every manage.py that starts Django. */
export function findDjangoProjects(files: ProjectFiles): readonly DjangoProject[] {
  return filesNamed(files, "manage.py").flatMap(manage => {
    if (isVendored(manage) || isTest(manage)) return [];
    const text = files.read(manage)?.text ?? "";
    if (!text.includes("DJANGO_SETTINGS_MODULE") && !text.includes("django")) return [];
    const dir = directoryOf(manage);
    const defaultModule = defaultModuleOf(files, manage, dir);
    return [{ dir, manage, ...(defaultModule && { defaultModule }), modules: settingsModules(files, dir) }];
  });
}

function defaultModuleOf(files: ProjectFiles, manage: string, dir: string): Located<string> | undefined {
  const entries = [...filesNamed(files, "wsgi.py"), ...filesNamed(files, "asgi.py")];
  const near = entries.filter(path => path.startsWith(dir === "" ? "" : `${dir}/`) && !isVendored(path));
  for (const path of [manage, ...near]) {
    const source = files.read(path);
    const found = source && named.exec(source.text);
    if (!source || !found) continue;
    const start = found.index + found[0].lastIndexOf(found[1]!);
    return { value: found[1]!, at: locate(source, start, start + found[1]!.length) };
  }
  return undefined;
}

function settingsModules(files: ProjectFiles, dir: string): DjangoProject["modules"] {
  const prefix = dir === "" ? "" : `${dir}/`;
  const found = filesBelow(files, dir).filter(
    path =>
      /(?:^|\/)(?:settings[^/]*\.py|settings\/[^/]+\.py)$/.test(path.slice(prefix.length)) &&
      !isVendored(path),
  );
  return found.flatMap(file => {
    const module = file.slice(prefix.length, -3).replace(/\/__init__$/, "");
    return /^[\w/]+$/.test(module) ? [{ module: module.replaceAll("/", "."), file }] : [];
  });
}

/** Where this project's imports start: its own directory first, then those above it. */
export function djangoRoots(project: DjangoProject): readonly string[] {
  const roots = [project.dir];
  for (let up = project.dir; up !== ""; ) {
    up = directoryOf(up);
    roots.push(up);
  }
  return roots;
}

/** The file of a settings module; undefined when there is none (or several fit). */
export function djangoModuleFile(
  files: ProjectFiles,
  project: DjangoProject,
  module: string,
): string | undefined {
  return pythonModuleFile(files, module, djangoRoots(project));
}

/** The settings of a module, or of the project's default one. Undefined when the module has no file. */
export function djangoSettings(
  files: ProjectFiles,
  project: DjangoProject,
  module: string | undefined = project.defaultModule?.value,
): DjangoSettings | undefined {
  if (module === undefined) return undefined;
  const file = djangoModuleFile(files, project, module);
  return file === undefined ? undefined : readDjangoSettings(files, file, djangoRoots(project));
}

/** True when the directory of a module path is part of the project (`core.wsgi` for gunicorn). */
export function djangoEntryFile(
  files: ProjectFiles,
  project: DjangoProject,
  module: string,
): string | undefined {
  const direct = joinPath(project.dir, `${module.replaceAll(".", "/")}.py`);
  if (direct !== undefined && hasFile(files, direct)) return direct;
  return djangoModuleFile(files, project, module);
}

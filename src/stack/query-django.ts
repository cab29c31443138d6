import { djangoModuleFile } from "../artifacts/django.ts";
import type { AppComponent } from "./app/detect.ts";
import type { Stack } from "./stack.ts";

/** The top package of a dotted settings module is ours, and the module in it is neither there nor kept out of git. */
export function isAbsentModule(stack: Stack, component: AppComponent, module: string): boolean {
  const { django, files } = component;
  if (!django || !/^\w+(\.\w+)*$/.test(module) || djangoModuleFile(files, django, module)) return false;
  const tail = module.replaceAll(".", "/");
  const [top = ""] = tail.split("/");
  const bases = ["", "src/", "app/"].map(each => (django.dir === "" ? each : `${django.dir}/${each}`));
  const known = bases.some(base => stack.files.has(`${base}${top}`) === "directory") || !module.includes(".");
  const kept = bases.some(base => stack.files.ignored(`${base}${tail}.py`));
  return known && !kept && !standsElsewhere(stack, module);
}

/** A file of that dotted name lies somewhere in the repository: it may be meant. */
export function standsElsewhere(stack: Stack, module: string): boolean {
  const tail = module.replaceAll(".", "/");
  return stack.files.paths.some(
    path =>
      path === `${tail}.py` ||
      path.endsWith(`/${tail}.py`) ||
      path.endsWith(`/${tail}/__init__.py`) ||
      path === `${tail}/__init__.py`,
  );
}

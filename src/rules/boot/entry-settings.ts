import { djangoSettings } from "../../artifacts/django.ts";
import { isTest, isVendored } from "../../artifacts/project-files.ts";
import type { Fix } from "../../core/fix.ts";
import { basename } from "../../core/path.ts";
import { type Located, locate } from "../../core/source.ts";
import type { AppComponent } from "../../stack/app/detect.ts";
import { evidence, variable, weigh } from "../../stack/query.ts";
import { standsElsewhere } from "../../stack/query-django.ts";
import { namedModule } from "../../stack/query-import.ts";
import { worstFirst } from "../../stack/query-process.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const entries = new Set(["wsgi.py", "asgi.py", "manage.py", "celery.py"]);
const setDefault = /setdefault\(\s*["']DJANGO_SETTINGS_MODULE["']\s*,\s*["']([\w.]+)["']/;

export default defineRule({
  id: "boot/entry-settings",
  title: "Every entry point of Django names a settings module that exists",
  claim: "boots-healthy",
  severity: "low",
  why: "Whoever starts the application through this file, as a new server or a worker does, gets ModuleNotFoundError.",
  *check(stack) {
    for (const component of stack.components) {
      if (!component.django) continue;
      const all = [...namedIn(component)];
      for (const { file, named } of all) {
        // Another entry point reaches the same module from a directory above: both names cannot be right.
        const rival = all.find(other => other.named.value.endsWith(`.${named.value}`));
        if (!rival && (!isOurs(stack, named.value) || standsElsewhere(stack, named.value))) continue;
        const user = worstFirst(stack.services).find(service => startsThrough(service, component, file));
        const why = rival
          ? `while ${rival.file} names ${rival.named.value}: one of them cannot be imported`
          : "which does not exist in this repository";
        yield {
          subject: file,
          message: `${file} names the settings module ${named.value}, ${why}.`,
          severity: user && !rival ? weigh(user, "critical") : "low",
          confidence: rival ? "likely" : "certain",
          ...(rival && isNamedBySettings(component, rival.named.value)
            ? {
                fix: (): Fix => ({
                  title: `Name ${rival.named.value} in ${file}`,
                  grade: "needs-testing",
                  edits: [{ at: named.at, text: rival.named.value }],
                  test: `Start the application through ${file} from the directory that it is deployed in.`,
                }),
              }
            : {}),
          evidence: [
            evidence(named.at, rival ? "another name" : `no file is ${named.value}`),
            ...(rival ? [evidence(rival.named.at, "for the same module")] : []),
          ],
        };
      }
    }
  },
});

function startsThrough(service: Service, component: AppComponent, file: string): boolean {
  const module = service.component === component ? namedModule(service)?.module : undefined;
  if (module === undefined || variable(service, "DJANGO_SETTINGS_MODULE")) return false;
  return `/${file}`.endsWith(`/${module.replaceAll(".", "/")}.py`);
}

function* namedIn(component: AppComponent): Generator<{ file: string; named: Located<string> }> {
  const prefix = component.dir === "" ? "" : `${component.dir}/`;
  for (const file of component.files.paths) {
    if (!file.startsWith(prefix) || !entries.has(basename(file)) || isVendored(file) || isTest(file))
      continue;
    const source = component.files.read(file);
    const match = source && setDefault.exec(source.text);
    if (!match) continue;
    const start = match.index + match[0].lastIndexOf(match[1]!);
    yield { file, named: { value: match[1]!, at: locate(source, start, start + match[1]!.length) } };
  }
}

/** The settings call their neighbours by the same package, which therefore can be imported where they run. */
function isNamedBySettings({ files, django }: AppComponent, module: string): boolean {
  const settings = django && djangoSettings(files, django, module);
  const around = `${module.slice(0, module.lastIndexOf(".settings"))}.`;
  return ["ROOT_URLCONF", "WSGI_APPLICATION", "ASGI_APPLICATION"].some(name => {
    const value = settings?.values.get(name);
    return value?.kind === "literal" && String(value.value).startsWith(around);
  });
}

/** The top package lies in the repository, and git does not keep the module out. */
function isOurs(stack: Stack, module: string): boolean {
  const [top = ""] = module.split(".");
  const ours = stack.files.paths.some(path => path.startsWith(`${top}/`) || path.includes(`/${top}/`));
  return ours && !stack.files.ignored(`${module.replaceAll(".", "/")}.py`);
}

import { join } from "../../core/path.ts";
import type { Location } from "../../core/source.ts";
import { containerFile, evidence, listNames, weigh } from "../../stack/query.ts";
import { namedModule } from "../../stack/query-import.ts";
import { oncePerPlace, runningCommand, worstFirst } from "../../stack/query-process.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/celery-app",
  title: "Celery is started with the module that holds its application",
  claim: "boots-healthy",
  severity: "critical",
  why: 'Celery ends with "Unable to load celery application", again after every restart: no task is ever done, while the site looks well.',
  *check(stack) {
    const first = oncePerPlace();
    // The worker and the beat name the same module: one mistake.
    const groups = new Map<string, { readonly services: Service[]; readonly founds: Found[] }>();
    for (const service of worstFirst(stack.services)) {
      const found = withoutApp(stack, service);
      if (!found || !first(found.at)) continue;
      const key = `${service.project.files.join("+")} ${found.module}`;
      const group = groups.get(key) ?? { services: [], founds: [] };
      groups.set(key, group);
      group.services.push(service);
      group.founds.push(found);
    }
    for (const { services, founds } of groups.values()) {
      const [found, ...more] = founds as [Found, ...Found[]];
      yield {
        subject: services[0]!.name,
        message: `${listNames(services.map(({ name }) => name))} ${services.length === 1 ? "starts" : "start"} Celery with ${found.module}, which holds no application of Celery${found.instead ? `; ${found.instead} does` : ""}.`,
        severity: weigh(services[0]!, "critical"),
        evidence: [
          evidence(found.at, `names ${found.module}`),
          ...more.map(({ at }) => evidence(at, `names ${found.module}`)),
        ],
      };
    }
  },
});

interface Found {
  readonly module: string;
  readonly at: Location;
  readonly instead: string | undefined;
}

/** Celery looks for `app`, `celery` or any application in the module, and in its `celery` when it is a package. */
function withoutApp(stack: Stack, service: Service): Found | undefined {
  const running = runningCommand(service);
  if (!running || !/(?:^|\/)celery$/.test(running.words[0] ?? "")) return undefined;
  if (running.words.some(word => word !== undefined && /^[\w.]+:\w+$/.test(word))) return undefined;
  const named = namedModule(service);
  if (!named) return undefined;
  const { module, roots, at } = named;
  const tail = module.replaceAll(".", "/");
  for (const root of roots) {
    const init = containerFile(stack, service, join(root, `${tail}/__init__.py`));
    const own = containerFile(stack, service, join(root, `${tail}.py`));
    if (init.has !== "yes" && own.has !== "yes") continue;
    const path = (init.has === "yes" ? init : own).repositoryPath;
    if (init.has === "yes" && own.has === "yes") return undefined;
    const read = path === undefined ? undefined : stack.files.read(path);
    if (!read || !("source" in read) || /celery|\bapp\b|import\s*\*|__getattr__/i.test(read.source.text))
      return undefined;
    if (init.has === "yes") {
      const inner = ["celery.py", "celery/__init__.py", "celery"].map(
        name => containerFile(stack, service, join(root, `${tail}/${name}`)).has,
      );
      if (inner.some(has => has !== "no")) return undefined;
    }
    return { module, at, instead: applicationOf(stack, service) };
  }
  return undefined;
}

/** Where the component makes its application, for the message. */
function applicationOf(stack: Stack, service: Service): string | undefined {
  const { component } = service;
  const below = !component || component.dir === "" ? "" : `${component.dir}/`;
  return stack.files.paths.find(path => {
    if (!path.startsWith(below) || !/(?:^|\/)celery(?:_app)?\.py$/.test(path)) return false;
    const read = stack.files.read(path);
    return "source" in read && /\bCelery\(/.test(read.source.text);
  });
}

import { filesNamed } from "../../artifacts/project-files.ts";
import { basename, join } from "../../core/path.ts";
import { moduleFound } from "../../remedies/module-place.ts";
import { containerFile, evidence, weigh } from "../../stack/query.ts";
import { importable, mayBeInstalled, type NamedModule, namedModule } from "../../stack/query-import.ts";
import { oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/module-path",
  title: "The module that a command names can be imported",
  claim: "boots-healthy",
  severity: "critical",
  why: "The program stops with ModuleNotFoundError as soon as it starts, and a restart policy makes it do so for ever.",
  *check(stack) {
    const first = oncePerPlace();
    for (const service of worstFirst(stack.services)) {
      // A COPY whose source is absent ends the build before, and has a finding of its own.
      if (service.build?.model && service.build.model.missingSources.length > 0) continue;
      const named = namedModule(service);
      if (!named || mayBeInstalled(stack, service) || !isOurs(stack, service, named)) continue;
      if (importable(stack, service, named) !== "no" || !first(named.at)) continue;
      const from = named.roots.join(" and ");
      const mount = service.mounts.find(each => each.type === "bind" && named.roots.includes(each.target));
      const brought = mount ? undefined : lastCopy(service);
      yield {
        subject: service.name,
        message: `"${service.name}" starts ${named.module}, which cannot be imported from ${from}: it stops with ModuleNotFoundError.`,
        severity: weigh(service, "critical"),
        evidence: [
          evidence(named.at, `names the module ${named.module}`),
          ...(mount ? [evidence(mount.at, `this is what ${mount.target} holds`)] : []),
          ...(brought ? [evidence(brought, "this is what the image gets")] : []),
        ],
        fix: () => moduleFound(stack, service, named),
      };
    }
  },
});

/** A module of the repository; any other may come from a package. */
function isOurs(stack: Stack, service: Service, { module, roots }: NamedModule): boolean {
  if (isOfDjango(service, module) || isInOwnPackage(stack, service, module, roots)) return true;
  const tail = module.replaceAll(".", "/");
  return (
    filesNamed(stack.files, basename(`${tail}.py`)).some(
      path => path === `${tail}.py` || path.endsWith(`/${tail}.py`) || ownName(path, module),
    ) || filesNamed(stack.files, "__init__.py").some(path => path.endsWith(`${tail}/__init__.py`))
  );
}

/** `shopsite.wsgi` where Django's own package, with another name, has the module: packages bring none of that name. */
function isOfDjango({ component }: Service, module: string): boolean {
  const name = /^\w+\.((?:wsgi|asgi))$/.exec(module)?.[1];
  if (name === undefined || !component?.django) return false;
  const { dir } = component.django;
  return component.files.paths.some(path => path.startsWith(dir) && path.endsWith(`/${name}.py`));
}

/** `app.worker` where the image has the package `app` of this repository, and no such module in it. */
function isInOwnPackage(stack: Stack, service: Service, module: string, roots: readonly string[]): boolean {
  const [top = "", ...rest] = module.split(".");
  if (rest.length === 0) return false;
  return roots.some(root => {
    // `celery -A app.worker.celery_app`: the last name may be one of the module before it.
    const above = [top, ...rest.slice(0, -1)].join("/");
    if (containerFile(stack, service, join(root, `${above}.py`)).has !== "no") return false;
    const { repositoryPath } = containerFile(stack, service, join(root, `${above}/__init__.py`));
    const read = repositoryPath === undefined ? undefined : stack.files.read(repositoryPath);
    if (read && "source" in read && read.source.text.includes(rest.at(-1)!)) return false;
    const init = containerFile(stack, service, join(root, `${top}/__init__.py`));
    return init.has === "yes" && init.repositoryPath !== undefined;
  });
}

/** `app.main` where `main.py` stands in a directory copied as something else: `backend/app/main.py`, `src/main.py`. */
function ownName(path: string, module: string): boolean {
  const last = module.split(".").at(-1)!;
  return (
    module.includes(".") &&
    /(^|\/)(src|app|backend|api|server)\/[^/]+\.py$/.test(path) &&
    path.endsWith(`/${last}.py`)
  );
}

function lastCopy(service: Service) {
  const copies = service.model?.stage.copies.filter(copy => !copy.from) ?? [];
  return copies.at(-1)?.at;
}

import type { Evidence } from "../../core/finding.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import { type AbsentImport, absentImports, ignoredBy, servers } from "../../stack/query-absent-imports.ts";
import { mayAppear } from "../../stack/query-build.ts";
import { worstFirst } from "../../stack/query-process.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/import-source",
  title: "Every module that a server imports is in its image",
  claim: "boots-healthy",
  severity: "critical",
  why: "The program ends as soon as it starts with a module that it cannot find: it runs for the one who has the file or the package, and nowhere else.",
  *check(stack) {
    const told = new Set<string>();
    for (const service of worstFirst(stack.services)) {
      const { component, build } = service;
      if (!component || !servers.has(component.kind) || !isBuiltHere(service) || told.has(component.manifest))
        continue;
      told.add(component.manifest);
      const imports = absentImports(stack, component).filter(each => !comes(stack, service, each));
      const [first, ...more] = imports.slice(0, 12);
      if (!first || !build) continue;
      const names = [...new Set(imports.map(each => each.module))];
      const isPackage = imports.every(each => each.because === "package");
      yield {
        subject: service.name,
        message: `The program of "${service.name}" imports ${listNames(names)}, which ${names.length === 1 ? "is" : "are"} ${isPackage ? "neither in package.json nor in its lock file" : "not in a clone of the repository"}: it ends as soon as it starts.`,
        severity: weigh(service, "critical"),
        confidence: "likely",
        evidence: [shown(first), ...more.map(shown)] as [Evidence, ...Evidence[]],
      };
    }
  },
});

/** The image is made of the sources, and no mount lays others over them. */
function isBuiltHere({ build, mounts, model }: Service): boolean {
  const workdir = model?.workdir;
  return (
    build?.dockerfile !== undefined &&
    build.contextState === "present" &&
    workdir !== undefined &&
    !mounts.some(({ target }) => workdir === target || workdir.startsWith(`${target}/`))
  );
}

/** Something puts it there before the start. */
function comes(stack: Stack, { build }: Service, { wanted, because }: AbsentImport): boolean {
  if (because === "package" || ignoredBy(stack, wanted)) return false;
  return mayAppear(stack, build!, wanted);
}

function shown({ at, because, wanted }: AbsentImport) {
  switch (because) {
    case "ignored":
      return evidence(at, `git ignores ${wanted}`);
    case "link":
      return evidence(at, `${wanted} is a link to something that is not here`);
    case "package":
      return evidence(at, `nothing installs ${wanted}`);
    default:
      return evidence(at, `there is no ${wanted}`);
  }
}

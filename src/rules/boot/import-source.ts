import { type AppComponent, serverKinds } from "../../stack/app/detect.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import {
  type AbsentImport,
  absentImports,
  comesLater,
  showsAbsence,
  startFiles,
} from "../../stack/query-absent-imports.ts";
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
      if (
        !component ||
        !serverKinds.has(component.kind) ||
        hasPages(stack, component) ||
        !isBuiltHere(service) ||
        told.has(component.manifest)
      )
        continue;
      told.add(component.manifest);
      const imports = absentImports(stack, component).filter(
        each => !comesLater(stack, service.build!, each),
      );
      const [first, ...more] = imports.slice(0, 12);
      if (!first || !build) continue;
      const names = [...new Set(imports.map(each => each.module))];
      const isPackage = imports.every(each => each.because === "package");
      const starts = starterOf(stack, component, imports) ?? service;
      yield {
        subject: service.name,
        message: `The program of "${starts.name}" imports ${listNames(names)}, which ${names.length === 1 ? "is" : "are"} ${isPackage ? "neither in package.json nor in its lock file" : "not in a clone of the repository"}: it ends as soon as it starts.`,
        severity: weigh(service, "critical"),
        confidence: "likely",
        evidence: [first, ...more].map(each => evidence(each.at, showsAbsence(each))),
      };
    }
  },
});

/** One package.json for pages and their server: which file starts which of them is not known. */
function hasPages(stack: Stack, { dir }: AppComponent): boolean {
  return stack.components.some(other => other.dir === dir && ["next", "vite", "cra"].includes(other.kind));
}

/** The one service of several that starts with the file which asks for all of them. */
function starterOf(stack: Stack, component: AppComponent, imports: readonly AbsentImport[]) {
  return stack.services.find(service => {
    const files = service.component?.manifest === component.manifest ? startFiles(stack, service) : [];
    return imports.every(({ entry }) => files.includes(entry));
  });
}

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

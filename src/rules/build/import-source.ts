import type { Fix } from "../../core/fix.ts";
import { inside } from "../../core/path.ts";
import { appendLines } from "../../formats/dockerignore-edit.ts";
import type { AppComponent } from "../../stack/app/detect.ts";
import { evidence, listNames } from "../../stack/query.ts";
import {
  type AbsentImport,
  absentImports,
  comesLater,
  type IgnoredBy,
  ignoredBy,
  showsAbsence,
} from "../../stack/query-absent-imports.ts";
import { groupBuilds, weighBuilds } from "../../stack/query-build.ts";
import { type BundleBuild, bundleBuilds } from "../../stack/query-bundle-builds.ts";
import type { Build, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/import-source",
  title: "Every file that the pages import is in the repository",
  claim: "builds",
  severity: "critical",
  why: "The bundler stops at the first import that it cannot resolve: the build works for the one who has the file, and nowhere else.",
  *check(stack) {
    const modelled = stack.builds.filter(build => build.dockerfile && build.contextState === "present");
    const told = new Set<string>();
    for (const group of groupBuilds(modelled, build => `${build.dockerfilePath}\n${build.context}`)) {
      for (const stage of group.flatMap(build => build.model?.built ?? [])) {
        for (const bundle of bundleBuilds(stack, stage)) {
          const component = componentOf(stack, bundle);
          if (!component || told.has(component.manifest)) continue;
          told.add(component.manifest);
          const imports = absentImports(stack, component).filter(each => !comesLater(stack, group[0], each));
          if (imports.length === 0)
            yield { subject: component.manifest, kept: evidence(bundle.at, "finds every import") };
          else yield violation(stack, group, { component, bundle, imports });
        }
      }
    }
  },
});

const bundlers = /\b(?:vite|next|react-scripts|craco)\s+build\b/;

function componentOf(stack: Stack, { manifest, script }: BundleBuild): AppComponent | undefined {
  if (!bundlers.test(script)) return undefined;
  return stack.components.find(
    each => each.manifest === manifest.file && ["next", "vite", "cra"].includes(each.kind),
  );
}

interface Found {
  readonly component: AppComponent;
  readonly bundle: BundleBuild;
  readonly imports: readonly AbsentImport[];
}

function violation(stack: Stack, group: readonly [Build, ...Build[]], { component, bundle, imports }: Found) {
  const names = [...new Set(imports.map(each => each.module))];
  const patterns = uniquePatterns(stack, imports);
  const isLink = imports.some(each => each.because === "link");
  const [first, ...more] = imports.slice(0, 12).map(each => evidence(each.at, showsAbsence(each)));
  return {
    subject: component.manifest,
    message: `${component.dir || "The application"} imports ${listNames(names)}, which ${names.length === 1 ? "is" : "are"} ${imports.every(each => each.because === "package") ? "neither in package.json nor in its lock file" : "not in a clone of the repository"}: \`${bundle.words}\` fails.`,
    evidence: [
      first!,
      ...more,
      ...patterns.map(({ at }) => evidence(at, "keeps it out of git")),
      evidence(bundle.at, "builds the pages"),
    ],
    severity: weighBuilds(group, "critical"),
    ...(isLink && stack.files.has(".gitmodules") === "file" ? { confidence: "likely" as const } : {}),
    fix: () => (imports.every(each => each.because === "ignored") ? letGitTake(stack, imports) : undefined),
  };
}

function uniquePatterns(stack: Stack, imports: readonly AbsentImport[]): IgnoredBy[] {
  const all = imports.flatMap(each =>
    each.because === "package" ? [] : (ignoredBy(stack, each.wanted) ?? []),
  );
  return all.filter(
    (each, index) =>
      all.findIndex(one => one.at.file === each.at.file && one.at.span.start === each.at.span.start) ===
      index,
  );
}

/** An exception behind the pattern: what stands later in the file wins. */
function letGitTake(stack: Stack, imports: readonly AbsentImport[]): Fix | undefined {
  const lines = new Map<string, Set<string>>();
  for (const { wanted } of imports) {
    const by = ignoredBy(stack, wanted);
    if (!by) return undefined;
    const folder = by.at.file.replace(/\/?\.gitignore$/, "");
    const known = lines.get(by.at.file) ?? new Set();
    lines.set(by.at.file, known.add(`!/${inside(folder, by.path)!}`));
  }
  const paths = [...new Set(imports.map(each => each.wanted))];
  return {
    title: "Let git take the files that the pages import",
    grade: "needs-testing",
    edits: [...lines].flatMap(([file, patterns]) => {
      const read = stack.files.read(file);
      return "source" in read
        ? [appendLines(read.source, "Sources that a pattern above would keep out", [...patterns])]
        : [];
    }),
    test: "Build the image from a fresh clone.",
    afterwards: `Commit the files: git add ${paths.slice(0, 5).join(" ")}`,
  };
}

import { basename, join } from "../../core/path.ts";
import type { Located } from "../../core/source.ts";
import { evidence } from "../../stack/query.ts";
import { buildSubject, groupBuilds, places, weighBuilds } from "../../stack/query-build.ts";
import { installsOf, type StageInstall } from "../../stack/query-locks.ts";
import { defineRule } from "../rule.ts";

/** What each manager reads in its directory, and cannot do without. */
const manifests: Readonly<Record<string, string>> = {
  npm: "package.json",
  yarn: "package.json",
  pnpm: "package.json",
  composer: "composer.json",
  bundler: "Gemfile",
  uv: "pyproject.toml",
  poetry: "pyproject.toml",
};

export default defineRule({
  id: "build/manifest-in-image",
  title: "What an install reads is in the image before it runs",
  claim: "builds",
  severity: "critical",
  why: 'The step ends with "no such file", in every build: COPY has to stand above the step that needs the file.',
  *check(stack) {
    const modelled = stack.builds.filter(build => build.dockerfile && build.contextState === "present");
    for (const group of groupBuilds(modelled, build => `${build.dockerfilePath}\n${build.context}`)) {
      const [first] = group;
      // A COPY whose source is absent ends the build before, and has a finding of its own.
      if (group.some(build => build.model === undefined || build.model.missingSources.length > 0)) continue;
      for (const found of installsOf(group)) {
        const file = absentFile(found);
        if (!file) continue;
        const later = found.stage.stage.copies.find(
          copy => !copy.from && copy.at.span.start > found.install.at.span.start,
        );
        yield {
          subject: `${buildSubject(first)} ${basename(file.value)}`,
          message: `${first.dockerfilePath} installs from ${file.value}, which is not in the image at that step${later ? ": it is copied further down" : ""}. The build fails there.`,
          severity: weighBuilds(group, "critical"),
          evidence: [
            evidence(file.at, "not in the image yet"),
            ...places(later ? [later.at] : [], "comes too late"),
          ],
        };
        break;
      }
    }
  },
});

/** Managers that look for their file in the directories above, too. */
const climbing = new Set(["npm", "bundler", "uv", "poetry"]);

function aboveOf(directory: string): string[] {
  const parts = directory.split("/").filter(part => part !== "");
  return parts.map((_, index) => `/${parts.slice(0, parts.length - index).join("/")}`).concat("/");
}

/** The file that surely is not there when the install runs. */
function absentFile({ stage, install }: StageInstall): Located<string> | undefined {
  const { directory, manager } = install;
  if (directory === undefined || !install.decisive) return undefined;
  // pip installs for the whole system, and a list makes it incomplete.
  if (manager !== "pip" && (install.global || !install.complete)) return undefined;
  const run = stage.stage.runs.find(
    each => each.at.span.start <= install.at.span.start && install.at.span.start < each.at.span.end,
  );
  // An earlier command of the same step may bring anything.
  const before = run?.fragment.text.split(/\b(?:pip3?|npm|yarn|pnpm|composer|bundle|uv|poetry)\s/)[0] ?? "";
  if (!run || run.heredocs.length > 0 || !/^\s*(?:[\w./-]*python[\d.]*\s+-m\s+)?$/.test(before))
    return undefined;
  if (/--(?:prefix|cwd|dir|directory|project|working-dir|gemfile)\b|\s-[Cd]\s|\bcd\s/.test(run.fragment.text))
    return undefined;
  const gemfile = stage.env.get("BUNDLE_GEMFILE")?.value;
  const manifest = manager === "bundler" ? (gemfile ?? manifests[manager]) : manifests[manager];
  const named =
    manager === "pip"
      ? install.requirementFiles.filter(each => !/^https?:|^-$|[$*]|^\/dev\//.test(each.value))
      : manifest && install.names.length === 0
        ? [{ value: manifest, at: install.at }]
        : [];
  // `poetry export -o requirements.txt && pip install -r requirements.txt`: a command above writes the file.
  const isWritten = (name: string) =>
    stage.stage.runs.some(({ at, fragment: { text } }) =>
      at.span.start < run.at.span.start ? text.includes(name) : at === run.at && text.split(name).length > 2,
    );
  const places = climbing.has(manager) ? aboveOf(directory) : [directory];
  return named.find(
    each =>
      places.every(place => stage.fileBefore(install.at, join(place, each.value)).has === "no") &&
      !isWritten(basename(each.value)),
  );
}

import { dirname } from "../../core/path.ts";
import { evidence, gradeOf, listNames, weigh } from "../../stack/query.ts";
import type { Reference } from "../../stack/resolve/interpolate.ts";
import type { ComposeProject, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/image-name",
  title: "Every image has a name when no variable is set by hand",
  claim: "configured-completely",
  severity: "medium",
  why: "Compose puts nothing in place of a variable that is not set; what is left is no name of an image, and none of the services starts.",
  *check(stack) {
    for (const project of stack.projects) {
      if (gradeOf(project) === "development") continue;
      const found = new Map<number, Reference>();
      const names: string[] = [];
      for (const { image } of project.services) {
        if (!image || isImage(withoutUnset(project, image.raw, image.references))) continue;
        for (const reference of image.references.filter(each => isUnset(project, each))) {
          if (isOfGitLab(stack, reference.name) || isOfGitHub(stack, reference.name)) continue;
          if (isMentioned(stack, project, reference.name)) continue;
          found.set(reference.at.span.start, reference);
          names.push(reference.name);
        }
      }
      const [first, ...more] = [...found.values()].map(each => evidence(each.at, "nothing sets it here"));
      if (!first) continue;
      const unset = [...new Set(names)];
      yield {
        subject: project.files.join(", "),
        message: `${listNames(unset)} ${unset.length === 1 ? "is" : "are"} part of an image's name, and nothing in this repository sets or explains ${unset.length === 1 ? "it" : "them"}: what is left is no name, and \`docker compose up\` stops there.`,
        severity: weigh(project, "medium"),
        confidence: "likely",
        evidence: [first, ...more],
      };
    }
  },
});

function isUnset(project: ComposeProject, { name, operator }: Reference): boolean {
  return operator === undefined && project.lookup(name) === undefined;
}

/** As Compose reads it on a machine where nobody has set anything; other forms of a reference leave a name. */
function withoutUnset(project: ComposeProject, raw: string, references: readonly Reference[]): string {
  const unset = new Set(references.filter(each => isUnset(project, each)).map(each => each.name));
  return raw.replace(/\$\{(\w+)[^}]*\}|\$(\w+)/g, (_whole, braced?: string, bare?: string) =>
    unset.has(braced ?? bare ?? "") ? "" : "x",
  );
}

/** `[host[:port]/]path[:tag][@digest]`, none of them empty. */
function isImage(text: string): boolean {
  return /^(?:[\w.-]+(?::\w+)?\/)?[\w.-]+(?:\/[\w.-]+)*(?::\w[\w.-]*)?(?:@[\w:]+)?$/.test(text);
}

/** Some env file, example, script, pipeline or page names it: whoever starts the stack is told, or does not do it by hand. */
function isMentioned(stack: Stack, { directory }: ComposeProject, name: string): boolean {
  const word = new RegExp(`(?<![A-Za-z0-9_])${name}(?![A-Za-z0-9_])`);
  const composeFiles = new Set(stack.projects.flatMap(project => project.files));
  if ([...stack.sources.values()].some(source => !composeFiles.has(source.path) && word.test(source.text)))
    return true;
  // Another tool starts it there.
  return stack.files.paths
    .filter(path => playbook.test(path) || (dirname(path) === directory && /\.(?:md|txt)$/i.test(path)))
    .slice(0, 60)
    .some(path => {
      const read = stack.files.read(path);
      return "source" in read && word.test(read.source.text);
    });
}

const playbook =
  /(?:^|\/)(?:ansible|playbooks?|roles|salt|puppet|chef)\/[\w./-]*\.(?:ya?ml|j2|sls|pp|rb|sh)$/;

/** GitLab sets it in every job, also in those that the pipeline brings in from another project. */
function isOfGitLab({ files }: Stack, name: string): boolean {
  return (
    /^CI_(?:COMMIT|DEPLOY|JOB|PIPELINE|PROJECT|REGISTRY|SERVER|ENVIRONMENT)_\w+$/.test(name) &&
    files.has(".gitlab-ci.yml") === "file"
  );
}

/** GitHub sets it in every step, also in those of actions that start the stack. */
function isOfGitHub({ workflows }: Stack, name: string): boolean {
  return (
    /^GITHUB_(?:SHA|REF|REF_NAME|HEAD_REF|REPOSITORY|REPOSITORY_OWNER|ACTOR|RUN_ID|RUN_NUMBER|RUN_ATTEMPT)$/.test(
      name,
    ) && workflows.some(({ platform }) => platform !== "gitlab")
  );
}

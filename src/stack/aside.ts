import { basename } from "../core/path.ts";
import type { Gap, Problem } from "../core/problem.ts";
import type { Stack } from "./stack.ts";

/** What `${pkg.name}`, `{{ name }}` and `<%= name %>` stand for, another program puts there before anybody reads the file. */
const filledIn = /\$\{[\w-]+\.[\w.-]+\}|\{\{|\{%|<%/;
const formNames =
  /\.(?:example|sample|dist|template|tmpl|tpl|j2|jinja2?|erb|mustache)(?:\.\w+)?$|[.-](?:example|sample)\./i;

/**
 * Splits off the problems of files that nothing here starts from: a Dockerfile that no Compose file, script or pipeline
 * builds, beside others that are built or as a form to be filled in; a form of an nginx configuration or of an env
 * file. They are said, one gap for each file, and do not fail the audit.
 */
export function setAside(
  stack: Pick<Stack, "kinds" | "sources" | "builds" | "proxies" | "services">,
  problems: readonly Problem[],
): { readonly problems: Problem[]; readonly gaps: Gap[] } {
  const left: Problem[] = [];
  const gaps = new Map<string, Gap>();
  const built = new Set(stack.builds.map(build => build.dockerfilePath));
  const served = new Set(stack.proxies.filter(each => each.service).flatMap(each => each.files));
  const given = new Set(stack.services.flatMap(each => each.envFiles).map(each => each.resolved));
  const forms = new Map<string, boolean>();
  for (const problem of problems) {
    const { file } = problem.at;
    // A file that is no configuration has a problem in each line.
    const isForm = forms.get(file) ?? isFilledIn(stack, file);
    forms.set(file, isForm);
    const kind = stack.kinds.get(file);
    const idle =
      kind === "dockerfile"
        ? !built.has(file) && (isForm || stack.builds.length > 0)
        : isForm && ((kind === "nginx" && !served.has(file)) || (kind === "env-file" && !given.has(file)));
    if (!idle) left.push(problem);
    else if (!gaps.has(file)) {
      const what = isForm ? "It is a form that another program fills in" : "Nothing here builds it";
      gaps.set(file, {
        about: file,
        why: `${what}, and it was not read: ${problem.message}`,
        at: problem.at,
      });
    }
  }
  return { problems: left, gaps: [...gaps.values()] };
}

function isFilledIn({ sources }: Pick<Stack, "sources">, file: string): boolean {
  return formNames.test(basename(file)) || filledIn.test(sources.get(file)?.text ?? "");
}

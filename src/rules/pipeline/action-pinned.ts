import type { Job, Step, Uses, Workflow } from "../../artifacts/workflow.ts";
import type { Evidence } from "../../core/finding.ts";
import type { Edit } from "../../core/fix.ts";
import { sourceOf } from "../../core/project-files.ts";
import { commitOf, commitsAsOf } from "../../remedies/action-commits.ts";
import { offer } from "../../remedies/offer.ts";
import { evidence, listNames } from "../../stack/query.ts";
import { ownersOf } from "../../stack/query-owner.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

/** Owners that run the platform itself, or whose own product the action is the front of. */
const owners = new Set(
  "actions github docker aws-actions azure google-github-actions hashicorp cloudflare digitalocean superfly pulumi gradle ruby oven-sh denoland codecov sonarsource astral-sh pnpm pypa sigstore ossf".split(
    " ",
  ),
);

export default defineRule({
  id: "pipeline/action-pinned",
  title: "An action of a stranger that is given a secret is pinned to a commit",
  claim: "no-secret-leaks",
  severity: "medium",
  why: "A tag can be moved: whoever takes over the action's account, as has happened, reads the key at the next run and is on the server.",
  *check(stack) {
    const given = new Map<string, Evidence[]>();
    const edits: (() => Edit | undefined)[] = [];
    let own: ReadonlySet<string> | undefined;
    for (const workflow of stack.workflows)
      for (const job of workflow.jobs)
        for (const step of job.steps) {
          const { uses } = step;
          if (uses?.kind !== "remote" || uses.pinned || !uses.repository || !uses.ref) continue;
          const owner = uses.repository.split("/")[0]!.toLowerCase();
          if (owners.has(owner)) continue;
          const secret = secretOf(step, job, workflow);
          if (!secret) continue;
          own ??= ownersOf(stack);
          if (own.has(owner)) continue;
          const places = given.get(uses.repository) ?? [];
          edits.push(() => pinEdit(stack, uses));
          given.set(uses.repository, [...places, evidence(uses.at, `gets ${secret} at a tag that can move`)]);
        }
    const names = [...given.keys()];
    const [first, ...more] = [...given.values()].flat();
    if (!first) return;
    yield {
      subject: ".github/workflows",
      message: `The pipeline gives secrets to ${listNames(names)} at ${names.length === 1 ? "a tag that its owner" : "tags that their owners"} can move.`,
      evidence: [first, ...more],
      fix: () =>
        offer(
          {
            title: `Pin to the commits that the tags name (looked up on ${commitsAsOf})`,
            grade: "needs-testing",
            test: "Run the workflow once: it has to do what it did at the tag.",
          },
          edits.map(edit => edit()),
        ),
    };
  },
});

/** The commit in place of the tag, and the version behind it where the line has room for a comment. */
function pinEdit(stack: Stack, { repository, ref, at }: Uses): Edit | undefined {
  const found = commitOf(repository!, ref!);
  const text = sourceOf(stack, at.file)?.text;
  const start = text?.indexOf(`@${ref}`, at.span.start) ?? -1;
  if (!found || !text || start === -1 || start >= at.span.end) return undefined;
  const end = start + 1 + ref!.length;
  const rest = /^["']?([^\r\n]*)/.exec(text.slice(end))!;
  const bare = rest[0] === rest[1] && rest[1]!.trim() === "";
  return {
    at: { file: at.file, span: { start: start + 1, end } },
    text: found.commit + (bare ? ` # ${found.version}` : ""),
  };
}

/** A secret that reaches the step; the workflow's own token is worth little outside. */
function secretOf(step: Step, job: Job, workflow: Workflow): string | undefined {
  const values = [step.with, step.env, job.env, workflow.env].flatMap(settings => [...settings.values()]);
  for (const { value } of values) {
    const name = /\bsecrets\.(\w+)/.exec(value)?.[1];
    if (name && !/^GITHUB_TOKEN$|(^|_)(HOST|ID|PORT|USER|USERNAME|DIR|PATH|URL|DOMAIN)$/i.test(name))
      return `secrets.${name}`;
  }
  return undefined;
}

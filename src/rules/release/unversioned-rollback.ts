import type { Evidence } from "../../core/finding.ts";
import { evidence } from "../../stack/query.ts";
import { wordsOf } from "../../stack/query-release.ts";
import type { PlacedCall, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

/** How a platform goes back to a version, starts the same one anew, and gets a new one. */
interface Platform {
  readonly version: string;
  readonly goesBack: RegExp;
  readonly renews: RegExp;
  readonly changes: RegExp;
  /** Actions and files that change versions in ways that are not followed. */
  readonly unseen: RegExp;
}

const platforms: readonly Platform[] = [
  {
    version: "task definition",
    goesBack: /^aws (?:-\S+ \S+ )*ecs (?:list-task-definitions\b|update-service\b.*\s--task-definition\b)/,
    renews: /^aws (?:-\S+ \S+ )*ecs update-service\b(?!.*\s--task-definition\b).*\s--force-new-deployment\b/,
    changes:
      /register-task-definition|^(?:ecs-deploy|ecs-cli|copilot|ecspresso|cdk|terraform|tofu|pulumi|sam|serverless)\b|cloudformation/,
    unseen:
      /ecs-(?:deploy|render)|cloudformation|terraform|pulumi|\.tf$|(?:^|\/)(?:cdk\.json|copilot|Pulumi\.ya?ml|taskdef[\w-]*\.json)/i,
  },
  {
    version: "revision",
    goesBack: /^kubectl (?:-\S+ \S+ )*rollout undo\b/,
    renews: /^kubectl (?:-\S+ \S+ )*rollout restart\b/,
    changes:
      /^kubectl (?:-\S+ \S+ )*(?:set|apply|patch|replace|edit|create)\b|^(?:helm|kustomize|argocd|flux|skaffold|kapp|helmfile|terraform|tofu)\b/,
    unseen: /k8s|kubernetes-|helm|kustomize|argo|flux|skaffold/i,
  },
];

const rollback = /roll-?_?back|revert|undo/i;

export default defineRule({
  id: "release/unversioned-rollback",
  title: "A way back leads to another version",
  claim: "rolls-back",
  severity: "medium",
  why: "The way back is taken during an outage, and it starts the very image that caused it.",
  *check(stack) {
    for (const platform of platforms) {
      const backs = stack.calls.filter(
        placed =>
          rollback.test(`${placed.caller.file} ${placed.caller.name ?? ""}`) &&
          says(placed, platform.goesBack),
      );
      const [first] = backs;
      const renewals = stack.calls.filter(placed => !isSame(placed, backs) && says(placed, platform.renews));
      if (!first || renewals.length === 0 || changesVersions(stack, platform)) continue;
      const others = backs.filter(each => each.call.at.span.start !== first.call.at.span.start);
      yield {
        subject: first.caller.file,
        message: `${first.caller.file} goes back to the ${platform.version} before, but no release makes one: each only starts the same ${platform.version} again, with whatever image its tag names now.`,
        evidence: [
          evidence(first.call.at, `goes back to another ${platform.version}`),
          ...others.map(each => evidence(each.call.at, `goes back to another ${platform.version}`)),
          ...renewals.map(each => evidence(each.call.at, `starts the same ${platform.version} again`)),
        ] as [Evidence],
        // Somebody may make versions by hand.
        confidence: "likely",
      };
    }
  },
});

function says({ call }: PlacedCall, words: RegExp): boolean {
  return (call.name === "aws" || call.name === "kubectl") && words.test(wordsOf(call));
}

function isSame(placed: PlacedCall, backs: readonly PlacedCall[]): boolean {
  return backs.some(({ caller }) => caller.file === placed.caller.file && caller.name === placed.caller.name);
}

function changesVersions(stack: Stack, { changes, unseen }: Platform): boolean {
  return (
    stack.calls.some(({ call }) => changes.test(wordsOf(call))) ||
    stack.files.paths.some(path => unseen.test(path)) ||
    stack.workflows.some(workflow =>
      workflow.jobs.some(job =>
        [job.uses, ...job.steps.map(step => step.uses)].some(uses => uses && unseen.test(uses.text)),
      ),
    )
  );
}

import type { Evidence, Violation } from "../../core/finding.ts";
import { addTo } from "../../core/group.ts";
import { basename } from "../../core/path.ts";
import { evidence } from "../../stack/query.ts";
import { wordsOf } from "../../stack/query-release.ts";
import { callerName } from "../../stack/query-scripts.ts";
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
    yield* renewedByCompose(stack);
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

const harmless =
  /^(?:cd|echo|printf|sleep|curl|wget|ssh|set|true|exit|test|\[|mkdir|ls|date|cat|docker-compose)$/;
/** Looks, waits and tidies; what Compose and Docker do here brings no other version. */
const same =
  /^docker(?: compose)?(?:-compose)? .*\b(?:up|down|stop|start|restart|pull|ps|logs|rm|images|inspect|prune|login)\b/;

/** A job or a script that is called a way back, and only starts again what the files on the server name. */
function* renewedByCompose(stack: Stack): Iterable<Violation> {
  const groups = new Map<string, PlacedCall[]>();
  for (const placed of stack.calls) {
    const { file, name = "" } = placed.caller;
    if (!rollback.test(`${basename(file)} ${name}`)) continue;
    addTo(groups, `${file} ${name}`, placed);
  }
  for (const [subject, calls] of groups) {
    const starts = calls.filter(({ call }) => call.kind === "compose" && call.subcommand === "up");
    const [first, ...more] = starts;
    if (!first || !calls.every(changesNothing) || !usesNothing(first)) continue;
    yield {
      subject: subject.trim(),
      message: `${callerName(first)} goes back to nothing: it starts again what the Compose file names, the very version that failed.`,
      evidence: [
        evidence(first.call.at, "starts the same version again"),
        ...more.map(each => evidence(each.call.at, "starts the same version again")),
      ],
    };
  }
}

/** No variable chooses an image, and no command brings other files or another image. */
function changesNothing({ call }: PlacedCall): boolean {
  const chosen =
    call.environment.length > 0 || call.script.commands.some(each => each.assignments.length > 0);
  if (chosen || call.writes.length > 0) return false;
  const words = wordsOf(call);
  return call.kind === "compose" ? !chooses(words) : harmless.test(call.name) || same.test(words);
}

/** Another file, other settings or another of two services may be the version before; an unknown word may be any. */
const chooses = (words: string): boolean =>
  /(?:^| )\?(?: |$)| --env-file\b|prev|rollback|last|old|stable|good|blue|green/i.test(words);

/** No action brings other files, no variable of the job names a version. */
function usesNothing({ caller }: PlacedCall): boolean {
  const job = caller.workflow?.jobs.find(each => each.id.value === caller.name);
  const names = [caller.workflow, job, ...(job?.steps ?? [])].flatMap(each => [...(each?.env.keys() ?? [])]);
  return (
    !names.some(name => /TAG|VERSION|SHA|RELEASE|PREVIOUS/i.test(name)) &&
    (job?.steps ?? []).every(step => !step.uses || /(?:^|\/)(?:ssh-agent|ssh-action)@/.test(step.uses.text))
  );
}

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

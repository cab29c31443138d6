import type { Call } from "../../artifacts/commands.ts";
import type { Evidence } from "../../core/finding.ts";
import { addTo } from "../../core/group.ts";
import { offer } from "../../remedies/offer.ts";
import { waitEdits } from "../../remedies/start-waits.ts";
import { evidence, gradeOf, isOptional, listPlain, weigh } from "../../stack/query.ts";
import { onlySpeaks, projectOf, type ReleaseRun, releaseRuns } from "../../stack/query-release.ts";
import { isWorker } from "../../stack/query-workers.ts";
import type { PlacedCall, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "release/checked-start",
  title: "A release looks whether the new version serves",
  claim: "pipeline-gates",
  severity: "medium",
  why: "`up -d` succeeds as soon as the containers are created: a version that crashes a second later is reported as released, and users find out first.",
  *check(stack) {
    const found = new Map<string, Unchecked[]>();
    for (const run of releaseRuns(stack)) {
      const { calls, starts } = run;
      if (starts.some(waits) || run.placed.some(placed => waitsForOwn(stack, placed))) {
        yield { subject: run.title, kept: evidence(starts[0]!.at, "waits until the services are healthy") };
        continue;
      }
      const behind = calls.slice(calls.indexOf(starts[0]!) + 1).filter(call => !starts.includes(call));
      const last = starts.at(-1)!;
      // What cannot be read may look: another script, another job, a tool of their own.
      if (!behind.every(isHarmless) || last.kind !== "compose" || !last.detach) continue;
      const { caller } = run.placed[0]!;
      const job = caller.workflow?.jobs.find(each => each.id.value === caller.name);
      if (caller.workflow?.jobs.some(each => each.needs.some(need => need.value === caller.name))) continue;
      const after = job?.steps.slice(job.steps.findLastIndex(step => step.calls.includes(last)) + 1) ?? [];
      if (after.some(step => step.uses !== undefined)) continue;
      // Targets of a Makefile for one start and another are one habit, and so are jobs of one name.
      const key =
        caller.kind === "makefile"
          ? run.file
          : caller.workflow && caller.name
            ? `job "${caller.name}"`
            : run.title;
      addTo(found, key, { run, last });
    }
    for (const [subject, group] of found) {
      const files = [...new Set(group.map(({ run }) => run.file))];
      const title =
        group.length === 1
          ? group[0]!.run.title
          : subject.startsWith("job ")
            ? `${subject} of ${listPlain(files)}`
            : subject;
      yield {
        subject: group[0]!.run.title,
        message: `The release in ${title} ends when the containers are created: nothing looks whether the new version serves.`,
        severity: group.some(({ run }) => run.grade === "deployed") ? "medium" : weigh("staging", "medium"),
        confidence: "likely",
        evidence: group.map(({ last }) =>
          evidence(last.at, "nothing after it looks at the result"),
        ) as unknown as [Evidence, ...Evidence[]],
        fix: () =>
          offer(
            {
              title: "Wait until the services are healthy",
              grade: "needs-testing",
              test: "Release once to a copy of the server: a service that ends, or never becomes healthy, fails the release now.",
            },
            hasLooseTask(stack) ? [undefined] : group.flatMap(({ run }) => waitEdits(run.starts)),
          ),
      };
    }
  },
});

interface Unchecked {
  readonly run: ReleaseRun;
  /** The last start: nothing looks at what it did. */
  readonly last: Call & { readonly kind: "compose" };
}

function waits(call: Call): boolean {
  return (call.kind === "compose" && (call.wait || !call.detach)) || call.kind === "docker";
}

/** Compose returns when all that it starts is created, and creates the last of it when the programs are healthy. */
function waitsForOwn(stack: Stack, placed: PlacedCall): boolean {
  const { call } = placed;
  if (call.kind !== "compose" || call.subcommand !== "up" || call.noDeps || call.services.length > 0)
    return false;
  const services = projectOf(stack, placed)?.services ?? [];
  const own = services.filter(
    service => !service.facts && !service.oneShot && !isOptional(service) && !isWorker(service),
  );
  return (
    own.length > 0 &&
    own.every(({ name }) =>
      services.some(({ dependsOn }) =>
        dependsOn.some(each => each.service === name && each.condition === "service_healthy"),
      ),
    )
  );
}

const housekeeping = new Set([
  "rm",
  "cd",
  "docker",
  "exit",
  "set",
  "cat",
  "chmod",
  "mkdir",
  "export",
  "git",
  "popd",
  "pushd",
  "clear",
]);

/** Says, lists, fetches, stops or tidies up; never fails a release that does not serve. */
function isHarmless(call: Call): boolean {
  if (call.kind === "docker")
    return /prune|^(?:image |container )?rm|^rmi|^log(?:in|out)$|^images$|^ps$|^(?:image )?pull$|^tag$|^(?:container )?stop$/.test(
      call.verb,
    );
  if (call.kind === "compose")
    return ["ps", "logs", "images", "pull", "build", "stop", "rm"].includes(call.subcommand ?? "");
  return onlySpeaks(call) || call.kind === "file" || housekeeping.has(call.name);
}

/** A task that ends and that nobody waits for: `--wait` takes its end for a failure. */
function hasLooseTask(stack: Stack): boolean {
  return serverTasks(stack).some(
    task =>
      !task.project.services.some(({ dependsOn }) =>
        dependsOn.some(
          each => each.service === task.name && each.condition === "service_completed_successfully",
        ),
      ),
  );
}

function serverTasks(stack: Stack): Service[] {
  return stack.services.filter(
    service => service.oneShot && !isOptional(service) && gradeOf(service) !== "development",
  );
}

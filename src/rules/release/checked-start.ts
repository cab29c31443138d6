import type { Call } from "../../artifacts/commands.ts";
import type { Step } from "../../artifacts/workflow.ts";
import { addTo } from "../../core/group.ts";
import { offer } from "../../remedies/offer.ts";
import { hasLooseTask, waitEdits } from "../../remedies/start-waits.ts";
import { isWebServer } from "../../stack/component.ts";
import { evidence, isOptional, listPlain, weigh } from "../../stack/query.ts";
import { looksAtNothing } from "../../stack/query-harmless.ts";
import { projectOf, type ReleaseRun, releaseRuns } from "../../stack/query-release.ts";
import { isWorker } from "../../stack/query-workers.ts";
import type { PlacedCall, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "release/checked-start",
  title: "A release looks whether the new version serves",
  claim: "pipeline-gates",
  severity: "medium",
  why: "`up -d` succeeds as soon as the containers are created: a version that crashes a second later is reported as released, and users find out first.",
  habit: true,
  *check(stack) {
    const found = new Map<string, Unchecked[]>();
    const habits = new Map<string, string>();
    for (const run of releaseRuns(stack)) {
      const { calls, starts } = run;
      if (starts.some(waits) || run.placed.some(placed => waitsForOwn(stack, placed))) {
        yield { subject: run.title, kept: evidence(starts[0]!.at, "waits until the services are healthy") };
        continue;
      }
      const behind = calls.slice(calls.indexOf(starts[0]!) + 1).filter(call => !starts.includes(call));
      const last = starts.at(-1)!;
      // What cannot be read may look: another script, another job, a tool of their own.
      if (!behind.every(looksAtNothing) || !isStart(last)) continue;
      const { caller } = run.placed[0]!;
      const job = caller.workflow?.jobs.find(each => each.id.value === caller.name);
      if (caller.workflow?.jobs.some(each => each.needs.some(need => need.value === caller.name))) continue;
      const after = job?.steps.slice(job.steps.findLastIndex(step => step.calls.includes(last)) + 1) ?? [];
      if (after.some(mayLook)) continue;
      // Targets of a Makefile for one start and another are one habit, and so are jobs of one name or with the same start.
      const key =
        caller.kind === "makefile"
          ? run.file
          : caller.workflow && caller.name
            ? habitOf(caller.name, last, habits)
            : run.title;
      addTo(found, key, { run, last });
    }
    for (const [subject, group] of found) {
      const titles = [...new Set(group.map(({ run }) => run.title))];
      const isJob = group[0]!.run.placed[0]!.caller.workflow !== undefined;
      const title = isJob || titles.length === 1 ? jobsOf(titles) : subject;
      yield {
        subject: group[0]!.run.title,
        message: `The ${titles.length === 1 ? "release" : "releases"} in ${title} ${titles.length === 1 ? "ends" : "end"} when the containers are created: nothing looks whether the new version serves.`,
        severity: group.some(({ run }) => run.grade === "deployed") ? "medium" : weigh("staging", "medium"),
        confidence: "likely",
        evidence: group.map(({ last }) => evidence(last.at, "nothing after it looks at the result")),
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

/** The job's name, or that of an earlier one which starts in the same words. */
function habitOf(job: string, { command }: Call, habits: Map<string, string>): string {
  const words = command.words.map(word => word.text).join(" ");
  const habit = habits.get(words) ?? `job "${job}"`;
  habits.set(words, habit);
  return habit;
}

/** `job "deploy" of api.yml and web.yml`, where several have one name. */
function jobsOf(titles: readonly string[]): string {
  const names = new Set(titles.map(title => title.replace(/ of \S+$/, "")));
  return names.size === 1 && titles.length > 1
    ? `${[...names][0]} of ${listPlain(titles.map(title => title.replace(/^.* of /, "")))}`
    : listPlain(titles);
}

interface Unchecked {
  readonly run: ReleaseRun;
  /** The last start: nothing looks at what it did. */
  readonly last: Call;
}

/** An action may; a script that it takes over SSH is read, and messages to people look at nothing. */
function mayLook({ uses, remoteScript }: Step): boolean {
  return uses !== undefined && remoteScript === undefined && !/slack|telegram|discord|notif/i.test(uses.text);
}

/** `docker run -d` on a workstation is often a trial. */
function isStart(call: Call): boolean {
  return (call.kind === "compose" || (call.kind === "docker-run" && call.remote)) && call.detach;
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
    service =>
      (!service.facts || service.made || service.build) &&
      !service.oneShot &&
      !isOptional(service) &&
      !isWorker(service) &&
      // A proxy with a configuration of its own is no program of theirs.
      !isWebServer(service),
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

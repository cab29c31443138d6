import type { Call } from "../../artifacts/commands.ts";
import { addTo } from "../../core/group.ts";
import { type LostStatus, lostStatusEdits } from "../../remedies/lost-status.ts";
import { offer } from "../../remedies/offer.ts";
import { evidence, listPlain, weigh } from "../../stack/query.ts";
import { goesOn, ignored, withoutErrexit } from "../../stack/query-goes-on.ts";
import { hostReleases } from "../../stack/query-host-releases.ts";
import { migratesItself } from "../../stack/query-migrations.ts";
import {
  buildsItsOwn,
  fetchesImages,
  migrates,
  type ReleaseRun,
  releaseRuns,
  startsContainers,
} from "../../stack/query-release.ts";
import { projectsOfCall } from "../../stack/query-scripts.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "release/fails-open",
  title: "A step of the release that fails ends the release",
  claim: "pipeline-gates",
  severity: "medium",
  why: "A shell goes on after a failed command: a build or migration that broke is followed by the rest, and the release is reported as done.",
  habit: true,
  *check(stack) {
    // Releases to two servers that run the same commands are one habit.
    const groups = new Map<string, Open[]>();
    for (const run of [...releaseRuns(stack), ...hostReleases(stack)]) {
      const places = run.placed
        .filter(each => each.caller.kind !== "makefile" && step(each.call, run) !== undefined)
        .flatMap(placed => {
          const { call } = placed;
          const shows = goesOn(call, stack, run);
          // Only known images of others would be newer.
          if (shows === ignored && step(call, run) === "the download" && buildsItsOwn(stack, placed))
            return [];
          // The start migrates by itself, and ends when it cannot.
          if (shows && step(call, run) === "the migration" && startsMigrated(stack, run)) return [];
          return shows ? [{ call, shows }] : [];
        });
      // `compose exec` and what it runs stand in one command.
      const loose = places.filter(
        ({ call }, index) => places.findIndex(other => other.call.command === call.command) === index,
      );
      if (loose.length === 0) continue;
      const said = loose.map(({ call, shows }) => `${textOf(call)}: ${shows}`);
      addTo(groups, [step(loose[0]!.call, run), ...said].join("\n"), { run, loose });
    }
    for (const list of groups.values()) {
      const titles = list.map(({ run }) => run.title);
      const [who, ends] = list.length === 1 ? ["release", "does"] : ["releases", "do"];
      const { run, loose: same } = list[0]!;
      const steps = [...new Set(same.map(({ call }) => step(call, run)!))];
      const loose = list.flatMap(each => each.loose);
      const grade = list.some(each => each.run.grade === "deployed") ? "deployed" : run.grade;
      yield {
        subject: titles.join(" "),
        message: `The ${who} in ${listPlain(titles)} ${ends} not stop when ${steps.join(" or ")} fails.`,
        severity: weigh(grade, steps.includes("the migration") ? "high" : "medium"),
        evidence: loose.map(({ call, shows }) => evidence(call.at, shows)),
        fix: () =>
          offer(
            {
              title: "Stop at the first error",
              grade: "needs-testing",
              test: "Release once to a copy of the server: a command that has always failed harmlessly stops the script now.",
            },
            lostStatusEdits(stack, loose.map(howLost)),
          ),
      };
    }
  },
});

/** What a release goes past. */
interface Open {
  readonly run: ReleaseRun;
  readonly loose: readonly { readonly call: Call; readonly shows: string }[];
}

const textOf = (call: Call): string => call.command.words.map(word => word.text).join(" ");

function startsMigrated(stack: Stack, { placed }: ReleaseRun): boolean {
  const projects = placed.flatMap(each =>
    each.call.kind === "compose" && each.call.subcommand === "up"
      ? projectsOfCall(stack, { ...each, call: each.call })
      : [],
  );
  // A name that an argument chooses: whichever of them it is.
  const served = (projects.length > 0 ? projects : stack.projects).filter(
    ({ grade }) => grade === "deployed",
  );
  return served.length > 0 && served.every(project => migratesItself(stack, project));
}

/** The steps that nothing may follow when they fail. */
function step(call: Call, { starts }: ReleaseRun): string | undefined {
  if (starts.some(start => carries(call, start))) return "the start";
  if (migrates(call)) return "the migration";
  if (call.kind === "compose" && call.subcommand === "pull") return "the download";
  if (call.kind === "docker" && call.verb === "pull") return "the download";
  if (startsContainers(call)) return "the start";
  if (fetchesImages(call)) return "the build";
  return undefined;
}

/** A shell that is given the start in a heredoc: its status is that of what happens inside. */
function carries(call: Call, start: Call): boolean {
  if (call.stdin !== "heredoc" || call.script === start.script || !/-stdin$/.test(start.via ?? ""))
    return false;
  const next = call.script.commands[call.command.index + 1];
  const { start: offset } = start.at.span;
  return call.at.span.start < offset && (next === undefined || offset < next.at.span.start);
}

/** How each of them loses its status, for the fix. */
function howLost({ call, shows }: { readonly call: Call; readonly shows: string }): LostStatus {
  const how = shows === ignored ? "ignored" : shows === withoutErrexit ? "goes-on" : "pipe";
  return { script: call.script, command: call.command, how };
}

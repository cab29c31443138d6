import type { Call } from "../../artifacts/commands.ts";
import type { Evidence } from "../../core/finding.ts";
import { addTo } from "../../core/group.ts";
import { offer } from "../../remedies/offer.ts";
import { keepsOldState, withoutStop } from "../../remedies/without-stop.ts";
import { evidence, listPlain, weigh } from "../../stack/query.ts";
import { projectOf, type ReleaseRun, releaseRuns } from "../../stack/query-release.ts";
import { stopThenStart, targetOf, verb } from "../../stack/query-stop-then-start.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "release/down-before-up",
  title: "A release keeps the old version running until the new one can start",
  claim: "rolls-out-without-downtime",
  severity: "medium",
  why: "Between stopping the old version and starting the new one nobody is served, and when the new one cannot be built or started nothing is left.",
  *check(stack) {
    // Two scripts that release the same stack in the same way are one habit.
    const groups = new Map<string, Found[]>();
    for (const run of releaseRuns(stack)) {
      const found = stopThenStart(stack, run);
      if (!found) continue;
      const { stop, slow } = found;
      const placed = run.placed.find(({ call }) => call === found.start);
      const files = placed && projectOf(stack, placed)?.files.join("\n");
      const key =
        stop.kind === "compose"
          ? `${files ?? targetOf(stop)}\n${slow.map(verb).join(" ")}`
          : `${containersOf(stop) ?? run.title}\n${[...new Set(slow.map(verb))].join(" ")}`;
      addTo(groups, key, { title: run.title, grade: run.grade, ...found });
    }
    for (const list of groups.values()) {
      const { stop, slow } = list[0]!;
      const compose = stop.kind === "compose";
      const worst = slow.length > 0 ? "high" : compose ? "medium" : "low";
      const what = compose ? "the whole stack" : "the running container";
      const titles = list.map(({ title }) => title);
      const one = titles.length === 1;
      const who = `The ${one ? "release" : "releases"} in ${listPlain(titles)} ${one ? "stops" : "stop"}`;
      const [first, ...more] = list.flatMap(found => placesOf(found, what));
      yield {
        subject: titles.join(" "),
        message:
          slow.length > 0
            ? `${who} ${what} first and only then ${slow.map(call => (one ? verb(call) : verb(call).slice(0, -1))).join(" and ")} the new images: the site is down for all of that time, and stays down when it fails.`
            : `${who} ${what} before ${one ? "it starts" : "they start"} the new one.`,
        severity: weigh(list.some(({ grade }) => grade === "deployed") ? "deployed" : "staging", worst),
        evidence: [first!, ...more],
        fix: () =>
          offer(
            {
              title: "Let Compose replace what has changed, without stopping everything first",
              grade: "needs-testing",
              test: keepsOldState(stack)
                ? "Release once to a copy of the server while something asks for a page: it is not answered for seconds, in place of all of the release."
                : "Release once to a copy of the server: every service whose image or settings changed has to be a new container afterwards.",
            },
            list.flatMap(found => withoutStop(stack, found.stop, found.start) ?? []),
          ),
      };
    }
  },
});

/** `docker stop web api`: the containers in an order of their own, where all are named. */
function containersOf({ args }: Call): string | undefined {
  const names = args.flatMap(({ value, word }) => (word.text.startsWith("-") ? [] : [value]));
  return names.length === 0 || names.includes(undefined) ? undefined : [...names].sort().join(" ");
}

interface Found {
  readonly title: string;
  readonly grade: ReleaseRun["grade"];
  readonly stop: Call;
  readonly start: Call;
  readonly slow: readonly Call[];
}

function placesOf({ stop, start, slow }: Found, what: string): Evidence[] {
  return [
    evidence(stop.at, `stops ${what}`),
    ...slow.filter(call => call !== start).map(call => evidence(call.at, `${verb(call)} while nothing runs`)),
    evidence(
      start.at,
      slow.includes(start) ? `${verb(start)}, then starts the new version` : "starts the new version",
    ),
  ];
}

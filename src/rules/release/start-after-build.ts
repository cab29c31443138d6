import type { Call, ComposeCall } from "../../artifacts/commands.ts";
import { addTo } from "../../core/group.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { projectOf } from "../../stack/query-release.ts";
import { callerName } from "../../stack/query-scripts.ts";
import type { PlacedCall } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "release/start-after-build",
  title: "A release starts the images that it has fetched or built",
  claim: "rolls-out-without-downtime",
  severity: "high",
  why: "The old containers go on with the old image, and the release is reported as done: the new version comes up at some later restart, when nobody expects it.",
  *check(stack) {
    const runs = new Map<string, PlacedCall[]>();
    for (const placed of stack.calls) {
      const key = `${placed.caller.file}\n${placed.caller.name ?? ""}`;
      addTo(runs, key, placed);
    }
    for (const placed of runs.values()) {
      const found = neverStarted(placed);
      if (!found) continue;
      const project = projectOf(stack, found.last);
      if (!project || project.grade === "development") continue;
      const { subcommand } = found.last.call as ComposeCall;
      const does = subcommand === "pull" ? "fetches" : "builds";
      yield {
        subject: `${placed[0]!.caller.file} ${placed[0]!.caller.name ?? ""}`.trim(),
        message: `${callerName(found.last)} ${does} images ${found.restart ? "and only restarts the containers: `restart` keeps the image that they have" : "after it has started the containers, and starts nothing with them"}.`,
        severity: weigh(project, "high"),
        evidence: [
          evidence(
            found.restart?.call.at ?? found.last.call.at,
            found.restart ? "keeps the old image" : `${does} when the old image runs already`,
          ),
          evidence(
            found.restart ? found.last.call.at : found.start!.call.at,
            found.restart ? `${does} a new one` : "starts what was there before",
          ),
        ],
      };
    }
  },
});

interface Found {
  readonly last: PlacedCall;
  readonly restart?: PlacedCall;
  readonly start?: PlacedCall;
}

/** The last build or pull of a release that no `up` follows. Anything that may start containers unseen hides it. */
function neverStarted(placed: readonly PlacedCall[]): Found | undefined {
  const all = placed.filter(({ call, deploys }) => deploys && call.function === undefined);
  const last = all.findLast(({ call }) => isCompose(call, "build", "pull"));
  if (!last || all.length < placed.filter(each => each.call.kind === "compose").length) return undefined;
  const place = all.indexOf(last);
  const rest = all.slice(place + 1);
  if (rest.some(({ call }) => mayStart(call))) return undefined;
  if (last.call.command.within.length > 0) return undefined;
  const restart = rest.find(({ call }) => isCompose(call, "restart"));
  if (restart) return { last, restart };
  const start = all.slice(0, place).findLast(({ call }) => isCompose(call, "up"));
  // A pull after the start may fetch what the next night needs.
  if (!start || !isCompose(last.call, "build") || start.call.command.within.length > 0) return undefined;
  return isSameTarget(start.call, last.call) ? { last, start } : undefined;
}

function isCompose(call: Call, ...subcommands: readonly string[]): call is ComposeCall {
  return call.kind === "compose" && subcommands.includes(call.subcommand ?? "");
}

function mayStart(call: Call): boolean {
  if (call.kind === "compose") return /^(?:up|run|create|start|down|rm)$/.test(call.subcommand ?? "up");
  if (call.kind === "docker") return /^(?:stack|service|container|start|restart|rm|stop)/.test(call.verb);
  return (
    call.kind === "docker-run" ||
    (call.kind === "program" && !call.inside && call.runs !== "other") ||
    (call.kind === "ssh" && call.remoteScript === undefined) ||
    /^(?:systemctl|service|eval|make|docker-rollout|ansible-playbook)$/.test(call.name)
  );
}

function isSameTarget(one: ComposeCall | Call, other: Call): boolean {
  if (one.kind !== "compose" || other.kind !== "compose") return false;
  const files = (call: ComposeCall) => call.files.map(file => file.value ?? "?").join(" ");
  return (
    files(one) === files(other) &&
    one.remote === other.remote &&
    (one.services.length === 0 || other.services.some(a => one.services.some(b => a.value === b.value)))
  );
}

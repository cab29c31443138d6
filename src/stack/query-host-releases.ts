import type { Call } from "../artifacts/commands.ts";
import { addTo } from "../core/group.ts";
import { migrates, onlySpeaks, type ReleaseRun, releaseRuns } from "./query-release.ts";
import type { PlacedCall, Stack } from "./stack.ts";

/** Releases to a machine that runs the program itself, without containers. */
export function hostReleases(stack: Stack): readonly ReleaseRun[] {
  const groups = new Map<string, PlacedCall[]>();
  for (const placed of stack.calls) {
    const { file, name, kind } = placed.caller;
    if (!placed.deploys || (kind !== "workflow" && kind !== "script")) continue;
    const key = `${file}\n${name ?? ""}`;
    addTo(groups, key, placed);
  }
  const known = new Set(releaseRuns(stack).flatMap(run => run.placed.map(each => each.call)));
  return [...groups.values()].flatMap((placed): ReleaseRun[] => {
    const calls = placed.map(each => each.call);
    const starts = calls.filter(startsAgain);
    const { file, name, kind } = placed[0]!.caller;
    if (starts.length === 0 || !calls.some(migrates) || calls.some(call => known.has(call))) return [];
    const title = kind === "workflow" ? `job "${name}" of ${file}` : file;
    const grade = /stag(?:e|ing)|preview|\btest\b|\bdev/i.test(`${file} ${name ?? ""}`)
      ? "staging"
      : "deployed";
    return [{ file, title, placed, calls, starts, grade }];
  });
}

const managers: Readonly<Record<string, RegExp>> = {
  systemctl: /^(?:try-)?(?:restart|reload|reload-or-restart)$/,
  service: /^(?:restart|reload)$/,
  supervisorctl: /^(?:restart|update|reload)$/,
  pm2: /^(?:restart|reload|start|startOrRestart|startOrReload)$/,
  php: /^(?:up|queue:restart)$/,
};

/** The machine's own manager of programs puts the new version into use. */
function startsAgain(call: Call): boolean {
  const words = call.args.map(arg => arg.value ?? "");
  const verb = Object.hasOwn(managers, call.name) ? managers[call.name] : undefined;
  return verb !== undefined && words.some(word => verb.test(word));
}

/** `if ! migrate; then echo "..."; fi`: whichever branch is taken says something, and the script goes on. */
export function onlyAsked(call: Call): boolean {
  const { command, script } = call;
  const [asked, ...more] = command.within;
  // A question about migrations applies none.
  if (command.words.some(({ text }) => /^--(?:check|plan|dry-?run|pretend|status|list)/.test(text)))
    return false;
  if (!migrates(call) || more.length > 0 || asked?.part !== "condition" || asked.construct.kind !== "if")
    return false;
  const inside = script.commands.filter(each =>
    each.within.some(({ construct }) => construct === asked.construct),
  );
  const branches = inside.filter(each => each !== command);
  return (
    branches.length > 0 &&
    branches.every(
      each => each.within[0]?.part !== "condition" && onlySpeaks({ name: each.name?.value ?? "?" }),
    )
  );
}

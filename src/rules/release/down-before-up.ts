import type { Call } from "../../artifacts/commands.ts";
import type { Edit } from "../../core/fix.ts";
import type { Source } from "../../core/source.ts";
import type { ShellCommand } from "../../formats/shell.ts";
import { withoutLine } from "../../formats/shell-edit.ts";
import { offer } from "../../remedies/offer.ts";
import { evidence, isStore } from "../../stack/query.ts";
import {
  fetchesImages,
  type ReleaseRun,
  releaseRuns,
  runTogether,
  startsContainers,
} from "../../stack/query-release.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "release/down-before-up",
  title: "A release keeps the old version running until the new one can start",
  claim: "rolls-out-without-downtime",
  severity: "medium",
  why: "Between stopping the old version and starting the new one nobody is served, and when the new one cannot be built or started nothing is left.",
  *check(stack) {
    for (const run of releaseRuns(stack)) {
      const found = stopThenStart(stack, run);
      if (!found) continue;
      const { stop, start, slow } = found;
      const compose = stop.kind === "compose";
      const worst = slow.length > 0 ? "high" : compose ? "medium" : "low";
      const what = compose ? "the whole stack" : "the running container";
      yield {
        subject: run.title,
        message:
          slow.length > 0
            ? `The release in ${run.title} stops ${what} first and only then ${slow.map(verb).join(" and ")} the new images: the site is down for all of that time, and stays down when it fails.`
            : `The release in ${run.title} stops ${what} before it starts the new one.`,
        severity: worst,
        evidence: [
          evidence(stop.at, `stops ${what}`),
          ...slow
            .filter(call => call !== start)
            .map(call => evidence(call.at, `${verb(call)} while nothing runs`)),
          evidence(
            start.at,
            slow.includes(start) ? `${verb(start)}, then starts the new version` : "starts the new version",
          ),
        ],
        fix: () =>
          offer(
            {
              title: "Let Compose replace what has changed, without stopping everything first",
              grade: "needs-testing",
              test: "Release once to a copy of the server: every service whose image or settings changed has to be a new container afterwards.",
            },
            withoutStop(stack, stop, start),
          ),
      };
    }
  },
});

/** The first stop that a start of the same project follows in the same pass, with what is fetched in between. */
function stopThenStart(
  stack: Stack,
  { calls, starts }: ReleaseRun,
): { stop: Call; start: Call; slow: Call[] } | undefined {
  for (const [index, stop] of calls.entries()) {
    if (!stops(stop)) continue;
    const after = calls.slice(index + 1);
    const start = after.find(
      call => starts.includes(call) && sameTarget(stack, stop, call) && runTogether(stop, call),
    );
    if (!start || calls.slice(0, index).some(call => starts.includes(call) && runTogether(call, stop)))
      continue;
    const until = after.slice(0, after.indexOf(start) + 1);
    const slow = until.filter(call => fetchesImages(call) && call.function === stop.function);
    return {
      stop,
      start,
      slow: slow.filter((call, at) => slow.findIndex(other => verb(other) === verb(call)) === at),
    };
  }
  return undefined;
}

/**
 * The line with the stop taken out, and what announces it; `up` makes every container anew whose image or configuration
 * has changed, and gets the stop's order to remove what no file names any more.
 */
function withoutStop(stack: Stack, stop: Call, start: Call): readonly (Edit | undefined)[] | undefined {
  // Volumes are emptied on purpose, or the old state has to go: that is more than a release.
  if (stop.kind !== "compose" || stop.volumes || start.kind !== "compose" || stop.via === "substitution")
    return undefined;
  const { command, script } = stop;
  const source = stack.sources.get(stop.at.file);
  const next = script.commands[command.index + 1];
  const swallowed = command.connector === "||" && next && /^(true|:)$/.test(next.name?.value ?? "");
  if (!source || command.within.length > 0 || (command.connector !== "\n" && !swallowed)) return undefined;
  const last = swallowed ? next : command;
  if (swallowed && next.connector !== "\n") return undefined;
  const before = script.commands[command.index - 1];
  const first = before && announces(source, before, command) ? before : command;
  const gone = withoutLine(source, script, first.at.span.start, last.at.span.end);
  return [gone && explained(source, gone), ...orphans(stop, start)];
}

/** Words on the line above that would no longer be true. */
function announces(source: Source, before: ShellCommand, command: ShellCommand): boolean {
  const text = source.text.slice(before.at.span.start, before.at.span.end);
  return (
    before.within.length === 0 &&
    before.connector === "\n" &&
    /^(?:echo|printf)\b.*(?:stop|shut|tak(?:e|ing) down|bring(?:ing)? down)/i.test(text) &&
    !/[<>|`]|\$\(/.test(text) &&
    /^[ \t]*\r?\n[ \t]*$/.test(source.text.slice(before.at.span.end, command.at.span.start))
  );
}

/** Where a comment above says that something is stopped, one that says why nothing is. */
function explained(source: Source, edit: Edit): Edit {
  const above = /(?:^|\n)([ \t]*)#(?!!)([^\n]*)\n$/.exec(source.text.slice(0, edit.at.span.start));
  if (!above || !/\b(?:stop|down)/i.test(above[2]!)) return edit;
  const eol = above[2]!.endsWith("\r") ? "\r\n" : "\n";
  return { ...edit, text: `${above[1]}# Nothing has to: \`up\` below replaces what has changed.${eol}` };
}

function orphans(stop: Call, start: Call): Edit[] {
  const asks = (call: Call) => call.command.words.some(word => word.text === "--remove-orphans");
  const last = start.command.words.at(-1);
  if (!asks(stop) || asks(start) || !last) return [];
  const { file, span } = last.at;
  return [{ at: { file, span: { start: span.end, end: span.end } }, text: " --remove-orphans" }];
}

function stops(call: Call): boolean {
  if (call.kind === "compose")
    return ["down", "stop", "kill"].includes(call.subcommand ?? "") && call.services.length === 0;
  return call.kind === "docker" && /^(container )?(stop|kill)$/.test(call.verb);
}

function sameTarget(stack: Stack, stop: Call, start: Call): boolean {
  if (stop.kind === "docker")
    return (
      start.kind === "docker-run" &&
      start.containerName?.value !== undefined &&
      stop.operands.some(operand => operand.value === start.containerName!.value)
    );
  if (stop.kind !== "compose" || start.kind !== "compose" || !startsContainers(start)) return false;
  const target = (call: typeof stop) =>
    [...call.files.map(file => file.word.text), call.project?.word.text ?? ""].join("\n");
  if (target(stop) !== target(start) || stop.remote !== start.remote) return false;
  // After a stop of everything, the start of the database alone is not yet that of the new version.
  return start.services.length === 0 || (stop.services.length === 0 && !storesOnly(stack, start.services));
}

function storesOnly(stack: Stack, names: readonly { readonly value?: string | undefined }[]): boolean {
  return names.every(name => {
    const found = stack.services.filter(service => service.name === name.value);
    return found.length === 0 || found.every(isStore);
  });
}

function verb(call: Call): string {
  if (call.kind === "compose" && call.subcommand === "pull") return "pulls";
  return call.kind === "docker" ? "pulls" : "builds";
}

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
import type { Service, Stack } from "../../stack/stack.ts";
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
              test: keepsOldState(stack)
                ? "Release once to a copy of the server while something asks for a page: it is not answered for seconds, in place of all of the release."
                : "Release once to a copy of the server: every service whose image or settings changed has to be a new container afterwards.",
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
  const anew = keepsOldState(stack);
  return [gone && explained(source, gone, anew), ...withFlags(stop, start, anew)];
}

/**
 * What \`down\` did beside stopping, and \`up\` alone does not: a program reads the files again that are mounted from the
 * checkout, and nginx looks up the addresses of containers that were made anew.
 */
function keepsOldState(stack: Stack): boolean {
  const onServer = (service: Service | undefined) =>
    service !== undefined && service.project.grade !== "development" && !isStore(service);
  return (
    stack.proxies.some(proxy => onServer(proxy.service)) ||
    stack.services.some(
      service =>
        onServer(service) &&
        service.mounts.some(
          mount => mount.type === "bind" && mount.repositoryPath !== undefined && mount.exists !== "absent",
        ),
    )
  );
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
function explained(source: Source, edit: Edit, anew: boolean): Edit {
  const above = /(?:^|\n)([ \t]*)#(?!!)([^\n]*)\n$/.exec(source.text.slice(0, edit.at.span.start));
  if (!above || !/\b(?:stop|down)/i.test(above[2]!)) return edit;
  const eol = above[2]!.endsWith("\r") ? "\r\n" : "\n";
  const why = anew ? "makes the containers anew" : "replaces what has changed";
  return { ...edit, text: `${above[1]}# Nothing has to: \`up\` below ${why}.${eol}` };
}

/** What the start has to do now that nothing was stopped before it. */
function withFlags(stop: Call, start: Call, anew: boolean): Edit[] {
  const has = (call: Call, flag: string) => call.command.words.some(word => word.text === flag);
  const flags = [
    ...(anew && !has(start, "--force-recreate") ? ["--force-recreate"] : []),
    ...(has(stop, "--remove-orphans") && !has(start, "--remove-orphans") ? ["--remove-orphans"] : []),
  ];
  if (flags.length === 0) return [];
  const { words } = start.command;
  const order = words.findIndex(word => word.text === "up");
  if (order === -1) return [];
  // Behind the order and its switches: further words may be values, and names of services.
  const rest = words.slice(order + 1);
  const index = rest.findIndex(word => !switches.test(word.text));
  const { file, span } = words[order + (index === -1 ? rest.length : index)]!.at;
  return [{ at: { file, span: { start: span.end, end: span.end } }, text: ` ${flags.join(" ")}` }];
}

const switches =
  /^(?:-d|-V|--(?:detach|build|wait|no-deps|no-build|quiet-pull|remove-orphans|force-recreate|always-recreate-deps))$/;

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

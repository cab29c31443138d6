import type { Call, ComposeCall, DockerCall } from "../artifacts/commands.ts";
import { hasFlag } from "../artifacts/commands-arguments.ts";
import { isStore } from "./query.ts";
import { beginsAnew } from "./query-asks.ts";
import {
  buildsNothing,
  fetchesImages,
  projectOf,
  type ReleaseRun,
  runTogether,
  startsContainers,
} from "./query-release.ts";
import type { ComposeProject, Stack } from "./stack.ts";

/** Releases that stop what runs before the new version can start. */

/** The first stop that a start of the same project follows in the same pass, with what is fetched in between. */
export function stopThenStart(
  stack: Stack,
  { calls, starts, placed }: ReleaseRun,
): { stop: Call; start: Call; slow: Call[] } | undefined {
  const projectFor = (call: Call) => {
    const found = placed.find(each => each.call === call);
    return found && projectOf(stack, found);
  };
  for (const [index, stop] of calls.entries()) {
    // Who goes back to an older state of the data has to stop what writes to it.
    if (!stops(stop) || /roll_?-?back|restore|revert/i.test(stop.function ?? stop.command.of ?? "")) continue;
    if (placed.some(each => beginsAnew(stack, each) && each.call.function === stop.function)) continue;
    if (stopsIdle(stop)) continue;
    const after = calls.slice(index + 1);
    const start = after.find(
      call =>
        starts.includes(call) && sameTarget(stack, stop, call, projectFor(call)) && runTogether(stop, call),
    );
    if (!start || calls.slice(0, index).some(call => starts.includes(call) && runTogether(call, stop)))
      continue;
    const until = after.slice(0, after.indexOf(start) + 1);
    const slow = until.filter(
      call =>
        fetchesImages(call) &&
        call.function === stop.function &&
        // What the same script has built before is there.
        !(
          verb(call) === "builds" &&
          calls.slice(0, index).some(other => buildsAll(other) && other.script === call.script)
        ) &&
        !placed.some(each => each.call === call && buildsNothing(stack, each)),
    );
    return {
      stop,
      start,
      slow: slow.filter((call, at) => slow.findIndex(other => verb(other) === verb(call)) === at),
    };
  }
  return undefined;
}

/** Of two colours the one that nobody is led to: it is stopped, started anew and only then served from. */
function stopsIdle({ script }: Call): boolean {
  const { text } = script.fragment;
  return ["blue", "green", "inactive|idle|standby"].every(word =>
    new RegExp(`(?:^|[^a-z])(?:${word})(?:[^a-z]|$)`, "i").test(text),
  );
}

/** `compose build` of every service. */
function buildsAll(call: Call): boolean {
  return call.kind === "compose" && call.subcommand === "build" && call.services.length === 0;
}

function stops(call: Call): boolean {
  if (call.kind === "compose")
    return ["down", "stop", "kill"].includes(call.subcommand ?? "") && call.services.length === 0;
  if (call.kind !== "docker") return false;
  const removes = /^(?:container )?rm$/.test(call.verb) && hasFlag(call.flags, "-f", "--force");
  return removes || /^(container )?(stop|kill)$/.test(call.verb);
}

function sameTarget(stack: Stack, stop: Call, start: Call, project: ComposeProject | undefined): boolean {
  if (stop.kind === "docker" && start.kind === "compose") return stopsOneOf(project, stop, start);
  if (stop.kind === "docker")
    return (
      start.kind === "docker-run" &&
      start.containerName?.value !== undefined &&
      stop.operands.some(operand => operand.value === start.containerName!.value)
    );
  if (stop.kind !== "compose" || start.kind !== "compose" || !startsContainers(start)) return false;
  if (targetOf(stop) !== targetOf(start) || stop.remote !== start.remote) return false;
  // After a stop of everything, the start of the database alone is not yet that of the new version.
  return start.services.length === 0 || (stop.services.length === 0 && !storesOnly(stack, start.services));
}

/** It names the container of a service that the start makes, and that serves: a store alone is not the site. */
function stopsOneOf(project: ComposeProject | undefined, stop: DockerCall, start: ComposeCall): boolean {
  if (stop.remote !== start.remote) return false;
  const started = start.services.map(word => word.value);
  return (project?.services ?? []).some(
    service =>
      !isStore(service) &&
      service.containerName?.text !== undefined &&
      stop.operands.some(operand => operand.value === service.containerName!.text) &&
      (started.length === 0 || started.includes(service.name)),
  );
}

export function targetOf(call: ComposeCall): string {
  return [...call.files.map(file => file.word.text), call.project?.word.text ?? ""].join("\n");
}

function storesOnly(stack: Stack, names: readonly { readonly value?: string | undefined }[]): boolean {
  return names.every(name => {
    const found = stack.services.filter(service => service.name === name.value);
    return found.length === 0 || found.every(isStore);
  });
}

export function verb(call: Call): string {
  if (call.kind === "compose" && call.subcommand === "pull") return "pulls";
  return call.kind === "docker" ? "pulls" : "builds";
}

import type { Call } from "../../artifacts/commands.ts";
import { evidence, weigh } from "../../stack/query.ts";
import {
  bringsConfig,
  type ConfigReader,
  configReaders,
  pulls,
  renewsContainer,
  rereads,
} from "../../stack/query-config-loads.ts";
import {
  projectOf,
  type ReleaseRun,
  releaseRuns,
  runTogether,
  setsVariables,
} from "../../stack/query-release.ts";
import { servicesInside } from "../../stack/query-scripts.ts";
import type { PlacedCall, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "release/stale-config",
  title: "A release puts the configuration that it brings into use",
  claim: "pipeline-gates",
  severity: "medium",
  why: "The release ends well, and the front door serves by the old file: a new route, header or limit shows up weeks later, when the machine restarts, and so does a mistake in it.",
  *check(stack) {
    const readers = configReaders(stack);
    if (readers.length === 0) return;
    const told = new Set<string>();
    for (const { pull, reload, reader } of vainReloads(stack, readers)) {
      const key = `${reader.service.name} ${reader.mount.repositoryPath}`;
      if (told.has(key)) continue;
      told.add(key);
      yield {
        subject: reader.service.name,
        message: `${reload.caller.file} pulls a new ${reader.mount.repositoryPath} and tells "${reader.service.name}" to read it, which reads the old one again: git puts a new file in the place of the old one, and the container holds on to that.`,
        severity: weigh(reader.service, "high"),
        evidence: [
          evidence(reader.mount.at, "one file: the container keeps the one that lay here when it started"),
          evidence(pull.at, "puts another file in its place"),
          evidence(reload.call.at, "reads the old one"),
        ],
      };
    }
    for (const run of releaseRuns(stack)) {
      for (const { pull, start, reader } of vainStarts(stack, run, readers)) {
        const key = `${reader.service.name} ${reader.mount.repositoryPath}`;
        if (told.has(key)) continue;
        told.add(key);
        yield {
          subject: reader.service.name,
          message: `The release in ${run.title} brings a new ${reader.mount.repositoryPath}, and "${reader.service.name}" goes on with the old one: Compose leaves a container alone when only what a mounted file says has changed.`,
          severity: weigh(reader.service, "medium"),
          confidence: "likely",
          evidence: [
            evidence(reader.mount.at, "read when the container starts"),
            evidence(pull.at, "brings the new file"),
            evidence(start.at, "does not start this container again"),
          ],
        };
      }
    }
  },
});

/** `git pull`, and then a reload in a container that has the file, and not its directory, mounted. */
function* vainReloads(stack: Stack, readers: readonly ConfigReader[]) {
  for (const reload of stack.calls) {
    if (!rereads(reload.call) || !reload.call.inside) continue;
    const own = stack.calls.filter(
      ({ caller }) => caller.file === reload.caller.file && caller.name === reload.caller.name,
    );
    const index = own.indexOf(reload);
    const pull = own.slice(0, index).find(({ call }) => pulls(call) && runTogether(call, reload.call));
    if (!pull) continue;
    const services = servicesInside(stack, reload);
    const reader = readers.find(
      each =>
        services.includes(each.service) &&
        each.mount.exists === "file" &&
        !own.slice(0, index).some(({ call }) => renewsContainer(call, each.service)),
    );
    if (reader) yield { pull: pull.call, reload, reader };
  }
}

/** `git pull && docker compose up -d`, with nothing anywhere that starts or reloads the proxy. */
function* vainStarts(stack: Stack, run: ReleaseRun, readers: readonly ConfigReader[]) {
  const start = run.placed.find(
    ({ call }) => call.kind === "compose" && call.subcommand === "up" && run.starts.includes(call),
  );
  const project = start && projectOf(stack, start);
  if (!project || run.calls.some(runsMore)) return;
  const before = run.calls.slice(0, run.calls.indexOf(start.call));
  for (const reader of readers) {
    const { service, mount } = reader;
    const pull = before.find(call => bringsConfig(call, mount.repositoryPath!));
    if (!pull || service.project !== project || isRenewed(stack, run, reader)) continue;
    yield { pull, start: start.call, reader };
  }
}

function isRenewed(stack: Stack, run: ReleaseRun, { service }: ConfigReader): boolean {
  const concerns = (call: Call) => renewsContainer(call, service) || rereads(call);
  if (run.calls.some(concerns)) return true;
  const isOther = ({ caller, deploys, call }: PlacedCall) =>
    caller.file !== run.file && (caller.kind === "workflow" || deploys || call.remote);
  return stack.calls.some(placed => isOther(placed) && concerns(placed.call));
}

/** Other scripts may do anything, unless they run in a container. */
function runsMore(call: Call): boolean {
  return (
    call.kind === "program" &&
    !call.inside &&
    /^(?:script|sourced|target)$/.test(call.runs) &&
    !setsVariables(call)
  );
}

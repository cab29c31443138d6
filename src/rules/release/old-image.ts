import type { Call, ComposeCall } from "../../artifacts/commands.ts";
import { inside } from "../../core/path.ts";
import { evidence, isOptional, listNames, listPlain, weigh } from "../../stack/query.ts";
import { projectOf, type ReleaseRun, releaseRuns, setsVariables } from "../../stack/query-release.ts";
import { staleStarts } from "../../stack/query-stale-start.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "release/old-image",
  title: "A release runs the code that it brings",
  claim: "pipeline-gates",
  severity: "high",
  why: "Compose builds an image only where none is there: from the second release on the server runs the code of the first one, and every release is reported as a success.",
  *check(stack) {
    // Two releases that start the same services want one change.
    const causes = new Map<string, { runs: ReleaseRun[]; starts: StaleStart[] }>();
    // What is known by its `build` only is told by release/stale-start.
    const told = staleStarts(stack);
    for (const run of releaseRuns(stack)) {
      const start = staleStart(stack, run, told);
      if (!start) continue;
      const key = start.services.map(({ at }) => `${at.file}:${at.span.start}`).join(" ");
      const cause = causes.get(key) ?? { runs: [], starts: [] };
      causes.set(key, cause);
      cause.runs.push(run);
      cause.starts.push(start);
    }
    for (const { runs, starts } of causes.values()) {
      const { services } = starts[0]!;
      const [first, ...more] = starts.flatMap(({ brings, start }) => [
        evidence(brings.at, "brings the new code"),
        evidence(start.at, "starts it without `--build`"),
      ]);
      const titles = runs.map(run => run.title);
      yield {
        subject: titles[0]!,
        message: `${titles.length === 1 ? `The release in ${titles[0]} brings` : `The releases in ${listPlain(titles)} bring`} new code and ${titles.length === 1 ? "starts" : "start"} ${listNames(services.map(service => service.name))} without building: nothing pulls ${services.length === 1 ? "that image" : "those images"} either, so the server goes on with what it built the first time.`,
        evidence: [
          first!,
          ...more,
          ...services.map(service => evidence(service.build!.at, "is built where no image is there yet")),
        ],
        severity: weigh(services[0]!, "high"),
        confidence: "likely",
      };
    }
  },
});

interface StaleStart {
  readonly brings: Call;
  readonly start: ComposeCall;
  /** Never empty. */
  readonly services: readonly Service[];
}

/** The first start of a run that leaves a service with the image of an earlier one. */
function staleStart(
  stack: Stack,
  run: ReleaseRun,
  told: ReturnType<typeof staleStarts>,
): StaleStart | undefined {
  for (const placed of run.placed) {
    const { call: start } = placed;
    if (start.kind !== "compose" || !run.starts.includes(start)) continue;
    const project = projectOf(stack, placed);
    const brings = run.calls.slice(0, run.calls.indexOf(start)).find(bringsCode);
    if (!project || !brings || run.calls.some(call => mayBuild(call, run, start))) continue;
    const named = start.services.map(argument => argument.value);
    const services = project.services.filter(
      service =>
        !isOptional(service) &&
        (named.length === 0 || named.includes(service.name)) &&
        !told.some(each => each.start === start && each.services.includes(service)) &&
        staysAsBuilt(stack, service),
    );
    if (services.length > 0) return { brings, start, services };
  }
  return undefined;
}

/** The server's checkout moves on, or images are asked for. */
function bringsCode(call: Call): boolean {
  if (call.kind === "compose") return call.subcommand === "pull";
  const verb = call.args.find(arg => !arg.word.text.startsWith("-"))?.value;
  return call.kind === "tool" && call.name === "git" && /^(?:pull|reset|checkout|merge)$/.test(verb ?? "");
}

/** What builds, loads or removes the image, and scripts that may do so. */
function mayBuild(call: Call, { calls }: ReleaseRun, start: ComposeCall): boolean {
  if (call.kind === "docker-build") return true;
  if (call.kind === "program") return /^(?:script|sourced|target)$/.test(call.runs) && !setsVariables(call);
  if (call.kind === "compose")
    return (
      call.build ||
      ["build", "watch", "push"].includes(call.subcommand ?? "") ||
      (call.subcommand === "down" && call.flags.some(flag => flag.name === "--rmi"))
    );
  if (call.kind !== "docker") return false;
  if (/^(?:load|import|image load|image import|tag|image tag|rmi|image rm|bake)$/.test(call.verb))
    return true;
  const all = call.flags.some(flag => /^(?:--all|-\w*a\w*)$/.test(flag.name));
  // While the containers run, their image is kept.
  return /prune$/.test(call.verb) && all && calls.indexOf(call) < calls.indexOf(start);
}

/** Built on the server under a name that no registry has, and not run from the checkout. */
function staysAsBuilt(stack: Stack, service: Service): boolean {
  const { build, image } = service;
  if (build?.contextState !== "present") return false;
  if (image && (image.text === undefined || image.text.includes("/"))) return false;
  // The server may name another image or tag, which is pulled, or built because it is not there yet.
  if (image && image.references.length > 0) return false;
  if (/^(?:build|always)$/.test(service.text("pull_policy")?.text ?? "")) return false;
  return !service.mounts.some(
    ({ repositoryPath, exists }) =>
      repositoryPath !== undefined &&
      exists === "directory" &&
      stack.files.paths.some(path => code.test(path) && inside(repositoryPath, path) !== undefined),
  );
}

const code = /\.(?:py|[cm]?[jt]sx?|php|rb|ex|exs|pl|html?|go|java|vue)$/;

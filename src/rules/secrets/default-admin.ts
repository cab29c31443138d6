import type { Severity } from "../../core/finding.ts";
import type { Location } from "../../core/source.ts";
import { evidence, gradeOf, serverServices, weigh } from "../../stack/query.ts";
import { documentedSeeds, ranSeeds } from "../../stack/query-documented-seeds.ts";
import { ownsFile } from "../../stack/query-environment.ts";
import { phpSeeds } from "../../stack/query-php-seeds.ts";
import { calledFiles, runsOf, startsWith } from "../../stack/query-seed-calls.ts";
import { literalPassword } from "../../stack/query-seed-passwords.ts";
import { type SeededAdmin, seededAdmins } from "../../stack/query-seeded-admins.ts";
import { springAdmins } from "../../stack/query-spring-admin.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "secrets/default-admin",
  title: "No deployment creates an administrator with a known password",
  claim: "no-secret-leaks",
  severity: "high",
  why: "Anyone who can reach the login page and has seen the repository, or tries the usual passwords, is administrator.",
  *check(stack) {
    const told = new Set<string>();
    for (const { path, at, runs, runAt, severity, isCertain } of scripts(stack)) {
      if (told.has(path)) continue;
      told.add(path);
      yield {
        subject: path,
        message: `${path} creates an administrator with a password that stands in the repository, and ${runs}.`,
        evidence: [
          evidence(at, "the password is written here"),
          ...(runAt ? [evidence(runAt.at, runAt.shows)] : []),
        ],
        severity,
        confidence: isCertain ? "certain" : "likely",
      };
    }
    for (const { service, at, file } of springAdmins(stack))
      yield {
        subject: at.file,
        message: `"${service.name}" creates an administrator with the password that ${at.file} has: ${file} does so when it starts.`,
        evidence: [evidence(at, "the password is written here")],
        severity: weigh(service, "high"),
        confidence: "likely",
      };
    for (const [key, { seed, service }] of seedsOf(stack)) {
      if (told.has(seed.at.file)) continue;
      yield {
        subject: key,
        message: `"${service.name}" creates an administrator with a password that stands in its code: ${seed.because}.`,
        evidence: [
          evidence(seed.at, "the password is written here"),
          ...(seed.runAt ? [evidence(seed.runAt, "runs it")] : []),
        ],
        severity: weigh(service, "high"),
        confidence: "likely",
      };
    }
  },
});

/** A file that makes an administrator, and who runs it. */
interface Script {
  readonly path: string;
  /** The password. */
  readonly at: Location;
  /** After "and". */
  readonly runs: string;
  readonly runAt?: { readonly at: Location; readonly shows: string };
  readonly severity: Severity;
  readonly isCertain?: boolean;
}

/** The surest way first: a file is told once, and what only a pipeline's tests run says the least. */
function* scripts(stack: Stack): Iterable<Script> {
  const atWork: Script[] = [];
  for (const path of calledFiles(stack)) {
    const result = stack.files.read(path);
    const at = "source" in result ? literalPassword(result.source) : undefined;
    const run = at ? runsOf(stack, path) : [];
    const call = run.find(each => each.deploys) ?? run[0];
    if (!at || !call) continue;
    const isAsked = call.call.command.within.some(({ construct }) => construct.kind !== "function");
    const starts = startsWith(stack, path) ?? (isAsked ? undefined : startsWith(stack, call.caller.file));
    const runAt = call.call.at.file === path ? {} : { runAt: { at: call.call.at, shows: "runs it" } };
    const severity = call.deploys ? "high" : starts ? weigh(starts, "high") : "low";
    const script: Script = {
      path,
      at,
      runs: `${call.caller.file} runs it`,
      ...runAt,
      severity,
      isCertain: true,
    };
    if (call.deploys || starts) yield script;
    else atWork.push(script);
  }
  for (const { path, at, run, starts } of ranSeeds(stack)) {
    const severity = starts ? weigh(starts, "high") : "high";
    const runAt = { at: run.call.at, shows: "runs it" };
    yield { path, at, runs: `${run.caller.file} runs it`, runAt, severity };
  }
  for (const { at, runAt, service } of phpSeeds(stack)) {
    const runs = service ? `"${service.name}" runs it when it starts` : `${runAt.file} runs it`;
    const severity = service ? weigh(service, "high") : "high";
    yield { path: at.file, at, runs, runAt: { at: runAt, shows: "runs it" }, severity };
  }
  for (const { path, at, told, isFollowed } of documentedSeeds(stack)) {
    const runs = `${told.file} tells people to run it on the server`;
    yield {
      path,
      at,
      runs,
      runAt: { at: told, shows: "is done by hand" },
      severity: isFollowed ? "medium" : "high",
    };
  }
  yield* atWork;
}

/** What the programs of servers seed by themselves, each file once. */
function seedsOf(stack: Stack): Map<string, { seed: SeededAdmin; service: Service }> {
  const found = new Map<string, { seed: SeededAdmin; service: Service }>();
  for (const service of serverServices(stack)) {
    const { component } = service;
    if (!component || service.kind === "proxy" || gradeOf(service) === "development") continue;
    for (const seed of seededAdmins(stack, component))
      if (ownsFile(stack, component, seed.at) && !found.has(seed.at.file))
        found.set(seed.at.file, { seed, service });
  }
  return found;
}

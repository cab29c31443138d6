import { evidence, gradeOf, serverServices, weigh } from "../../stack/query.ts";
import { documentedSeeds, ranSeeds } from "../../stack/query-documented-seeds.ts";
import { ownsFile } from "../../stack/query-environment.ts";
import { phpSeeds } from "../../stack/query-php-seeds.ts";
import { calledFiles, runsOf, startsWith } from "../../stack/query-seed-calls.ts";
import { literalPassword } from "../../stack/query-seed-passwords.ts";
import { type SeededAdmin, seededAdmins } from "../../stack/query-seeded-admins.ts";
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
    for (const path of calledFiles(stack)) {
      const result = stack.files.read(path);
      if (!("source" in result)) continue;
      const at = literalPassword(result.source);
      if (!at) continue;
      const run = runsOf(stack, path);
      const call = run.find(each => each.deploys) ?? run[0];
      if (!call) continue;
      // Registers the text with the stack, so that it can be shown.
      stack.components[0]?.files.read(path);
      if (!stack.sources.has(path)) continue;
      const starts = startsWith(stack, path);
      told.add(path);
      yield {
        subject: path,
        message: `${path} creates an administrator with a password that stands in the repository, and ${call.caller.file} runs it.`,
        evidence: [
          evidence(at, "the password is written here"),
          ...(call.call.at.file === path ? [] : [evidence(call.call.at, "runs it")]),
        ],
        severity: call.deploys ? "high" : starts ? weigh(starts, "high") : "low",
      };
    }
    for (const { path, at, run, starts } of ranSeeds(stack)) {
      if (told.has(path)) continue;
      told.add(path);
      stack.components[0]?.files.read(path);
      yield {
        subject: path,
        message: `${path} creates an administrator with a password that stands in the repository, and ${run.caller.file} runs it.`,
        evidence: [evidence(at, "the password is written here"), evidence(run.call.at, "runs it")],
        severity: starts ? weigh(starts, "high") : "high",
        confidence: "likely",
      };
    }
    for (const { path, at, told: line, isFollowed } of documentedSeeds(stack)) {
      if (told.has(path)) continue;
      told.add(path);
      stack.components[0]?.files.read(path);
      yield {
        subject: path,
        message: `${path} creates an administrator with a password that stands in the repository, and ${line.file} tells people to run it on the server.`,
        evidence: [evidence(at, "the password is written here"), evidence(line, "is done by hand")],
        severity: isFollowed ? "medium" : "high",
        confidence: "likely",
      };
    }
    for (const { at, runAt, service } of phpSeeds(stack)) {
      if (told.has(at.file)) continue;
      told.add(at.file);
      stack.components[0]?.files.read(at.file);
      if (!stack.sources.has(at.file)) continue;
      yield {
        subject: at.file,
        message: `${at.file} creates an administrator with a password that stands in the repository, and ${service ? `"${service.name}" runs it when it starts` : `${runAt.file} runs it`}.`,
        evidence: [evidence(at, "the password is written here"), evidence(runAt, "runs it")],
        severity: service ? weigh(service, "high") : "high",
        confidence: "likely",
      };
    }
    for (const [key, { seed, service }] of seedsOf(stack)) {
      if (told.has(seed.at.file)) continue;
      for (const at of [seed.at, seed.runAt]) if (at) service.component!.files.read(at.file);
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

import { basename } from "../../core/path.ts";
import { type Location, locate, type Source } from "../../core/source.ts";
import { isPlaceholder } from "../../formats/secret.ts";
import { evidence, gradeOf, serverServices, weigh } from "../../stack/query.ts";
import { documentedSeeds, ranSeeds } from "../../stack/query-documented-seeds.ts";
import { ownsFile } from "../../stack/query-environment.ts";
import { calledFiles, runsOf, startsWith } from "../../stack/query-seed-calls.ts";
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
    for (const [key, { seed, service }] of seedsOf(stack)) {
      if (told.has(seed.at.file)) continue;
      service.component!.files.read(seed.at.file);
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

const creating = /\bcreate_superuser\s*\(([^()]{0,400})\)/g;
const orElse = String.raw`(?:process\.env\.\w+\s*(?:\|\||\?\?)\s*)?(["'\`])([^"'\`\n$]{4,60})\1`;
const hashing = new RegExp(String.raw`\b(?:hash|hashSync)\(\s*${orElse}`, "g");
const hashingName = /\b(?:hash|hashSync)\(\s*([A-Za-z_$][\w$]*)\s*[,)]/g;

function literalPassword(source: Source): Location | undefined {
  const { text } = source;
  if (text.includes("create_superuser")) {
    for (const match of text.matchAll(creating)) {
      const start = match.index + match[0].indexOf("(") + 1;
      const found = argument(match[1]!, start, text);
      if (found && isKnown(found.value))
        return locate(source, found.start, found.start + found.value.length + 2);
    }
  }
  if (!/seed|admin/i.test(basename(source.path)) || !/\bhash(?:Sync)?\(/.test(text)) return undefined;
  if (!/admin/i.test(text)) return undefined;
  for (const match of text.matchAll(hashing)) {
    const start = match.index + match[0].indexOf(match[1]!);
    if (isKnown(match[2]!)) return locate(source, start, match.index + match[0].length);
  }
  for (const [, name] of text.matchAll(hashingName)) {
    const declared = new RegExp(
      String.raw`\b(?:const|let|var)\s+${name!.replaceAll("$", "\\$")}\s*=\s*${orElse}`,
    ).exec(text);
    if (declared && isKnown(declared[2]!)) {
      const end = declared.index + declared[0].length;
      return locate(source, end - declared[2]!.length - 2, end);
    }
  }
  return undefined;
}

function isKnown(value: string): boolean {
  return value.length >= 3 && !isPlaceholder(value) && !/[${}]/.test(value);
}

interface Quoted {
  readonly value: string;
  /** Of the opening quote. */
  readonly start: number;
}

/** The password of a call: by keyword, by its third place, or by a name that the file gives a literal. */
function argument(inside: string, offset: number, text: string): Quoted | undefined {
  const keyword = /\bpassword\s*=\s*(?:\\?(["'])([^"'\\\n]*)\\?\1|([A-Za-z_]\w*)\s*(?:,|$))/.exec(
    inside.trimEnd(),
  );
  if (keyword?.[2] !== undefined) {
    const start = offset + keyword.index + keyword[0].lastIndexOf(keyword[2]) - 1;
    return { value: keyword[2], start };
  }
  if (keyword?.[3]) {
    const assigned = new RegExp(
      `^[ \\t]*${keyword[3]}[ \\t]*=[ \\t]*(["'])([^"'\\\\\\n]+)\\1[ \\t]*(?:#.*)?$`,
      "m",
    ).exec(text);
    return assigned
      ? { value: assigned[2]!, start: assigned.index + assigned[0].indexOf(assigned[1]!) }
      : undefined;
  }
  const third = /^\s*[^,]+,\s*[^,]+,\s*\\?(["'])([^"'\\\n]+)\\?\1/.exec(inside);
  if (!third) return undefined;
  return { value: third[2]!, start: offset + third[0].length - third[2]!.length - 2 };
}

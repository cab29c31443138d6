import { filesNamed, isTest, isVendored } from "../../artifacts/project-files.ts";
import { basename } from "../../core/path.ts";
import { type Location, locate, type Source } from "../../core/source.ts";
import { isPlaceholder } from "../../formats/secret.ts";
import { evidence } from "../../stack/query.ts";
import type { PlacedCall, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "secrets/default-admin",
  title: "No deployment creates an administrator with a known password",
  claim: "no-secret-leaks",
  severity: "high",
  why: "Anyone who can reach the login page and has seen the repository, or tries the usual passwords, is administrator.",
  *check(stack) {
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
      yield {
        subject: path,
        message: `${path} creates an administrator with a password that stands in the repository, and ${call.caller.file} runs it.`,
        evidence: [
          evidence(at, "the password is written here"),
          ...(call.call.at.file === path ? [] : [evidence(call.call.at, "runs it")]),
        ],
        severity: call.deploys ? "high" : "low",
      };
    }
  },
});

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

/** Code that some call names, as a file or as a management command: only this is read. */
function calledFiles(stack: Stack): string[] {
  const found = new Set<string>();
  for (const name of calledNames(stack)) {
    if (/\.(?:py|[cm]?[jt]s|sh|bash)$/.test(name))
      for (const path of filesNamed(stack.files, name)) found.add(path);
    for (const path of filesNamed(stack.files, `${name}.py`))
      if (path.includes("/management/commands/")) found.add(path);
  }
  return [...found].filter(path => !isVendored(path) && !isTest(path)).sort();
}

function calledNames(stack: Stack): Set<string> {
  const names = new Set<string>();
  for (const { call, caller } of stack.calls) {
    names.add(basename(caller.file));
    if (call.kind === "program" && call.subcommand?.value) names.add(call.subcommand.value);
    for (const word of call.command.words) names.add(fileName(word.text));
    for (const redirect of call.command.redirects) names.add(fileName(redirect.target.text));
  }
  return names;
}

/** The last part of a path, without quotes. */
function fileName(text: string): string {
  return basename(/["']/.test(text) ? text.replace(/["']/g, "") : text);
}

/** Calls that run a file: by its name, on standard input, or as a management command. The file itself when it is a script. */
function runsOf(stack: Stack, path: string): PlacedCall[] {
  const name = basename(path);
  const command = /\/management\/commands\/(\w+)\.py$/.exec(path)?.[1];
  return stack.calls.filter(({ call, caller }) => {
    if (caller.file === path) return true;
    if (call.kind === "program" && command !== undefined && call.subcommand?.value === command) return true;
    const texts = [
      ...call.command.words.map(word => word.text),
      ...call.command.redirects.map(each => each.target.text),
    ];
    return texts.some(text => fileName(text) === name);
  });
}

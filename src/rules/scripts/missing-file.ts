import { filesNamed } from "../../artifacts/project-files.ts";
import { type FileReference, fileReferences } from "../../artifacts/script-references.ts";
import { basename, dirname, inside, join } from "../../core/path.ts";
import { sourceOf } from "../../core/project-files.ts";
import type { ShellScript } from "../../formats/shell.ts";
import { evidence, listNames } from "../../stack/query.ts";
import { callerName, isBackupWork } from "../../stack/query-scripts.ts";
import { isBrought, isMadeThere, publishes, stopsJob } from "../../stack/query-steps.ts";
import type { PlacedCall, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

// An absent Dockerfile or build context is the business of the rules about builds.
const roles = new Set(["script", "sourced", "compose-file", "copied", "read", "requirements"]);
const brought =
  /^(git|gh|unzip|curl|wget|npx|npm|yarn|pnpm|degit|aws|gsutil|rsync|scp|cookiecutter|envsubst)$/;

/** Endings of a form beside the file, from which people or another program make it. */
const forms = [".ctmpl", ".tmpl", ".tpl", ".template", ".j2", ".erb", ".in", ".example", ".sample", ".dist"];

export default defineRule({
  id: "scripts/missing-file",
  title: "Scripts, targets and workflows run files that exist",
  claim: "failure-is-noticed",
  severity: "low",
  why: "The command stops where it is needed: in a deployment, a migration or a restore.",
  *check(stack) {
    const found = new Map<string, { placed: PlacedCall; references: FileReference[] }[]>();
    for (const [script, group] of callsByScript(stack)) {
      const first = group[0]!;
      for (const reference of fileReferences(
        script,
        group.map(placed => placed.call),
      )) {
        if (!isMissing(stack, reference, first)) continue;
        const list = found.get(first.caller.file) ?? [];
        found.set(first.caller.file, list);
        list.push({ placed: group.find(placed => placed.call === reference.call)!, references: [reference] });
      }
    }
    for (const [file, places] of found) {
      const paths = [...new Set(places.flatMap(place => place.references.map(reference => reference.path)))];
      const shown = places
        .flatMap(place => place.references)
        .map(({ at, path }) => evidence(at, `there is no ${path}`));
      const names = new Set(places.map(({ placed }) => callerName(placed)));
      const serious = places.some(({ placed }) => placed.deploys || isBackupWork(placed));
      const stopped = places.find(({ placed, references }) =>
        references.some(reference => reference.role === "requirements" && stopsJob(stack, placed)),
      );
      yield {
        subject: file,
        message: `${names.size === 1 ? [...names][0] : file} uses ${listNames(paths)}, which ${paths.length === 1 ? "is" : "are"} not in the repository${stopped ? `: job "${stopped.placed.caller.name}" ends there each time` : ""}.`,
        evidence: [shown[0]!, ...shown.slice(1)],
        severity:
          stopped && publishes(stack, stopped.placed) ? "high" : serious || stopped ? "medium" : "low",
      };
    }
  },
});

function callsByScript(stack: Stack): Map<ShellScript, PlacedCall[]> {
  const groups = new Map<ShellScript, PlacedCall[]>();
  for (const placed of stack.calls) {
    const group = groups.get(placed.call.script);
    if (group) group.push(placed);
    else groups.set(placed.call.script, [placed]);
  }
  return groups;
}

function isMissing(stack: Stack, reference: FileReference, placed: PlacedCall): boolean {
  const { path, role, guarded, created } = reference;
  if (role === "requirements" && isMadeThere(stack, placed)) return false;
  if (guarded || created || !roles.has(role) || /\s/.test(path) || stack.files.has(path)) return false;
  // In a workflow other steps and actions make files that are copied or read later.
  if (placed.caller.kind === "workflow" && (role === "copied" || role === "read")) return false;
  // Without an extension or a folder it may be a word that the program understands itself.
  if (role === "script" && !/\.(sh|bash|py|js|mjs|cjs|ts|rb|php|pl)$/.test(path)) return false;
  if (
    (role === "copied" || role === "read") &&
    !/\.(sh|ya?ml|conf|sql|py|toml|example|template|service)$/.test(path)
  )
    return false;
  if (/(^|\/)\.env|(^|\/)(venv|\.venv|dist|build|node_modules|target|out|tmp|bin)\//.test(path)) return false;
  if (isBrought(placed, path) || runsAbove(stack, path, placed) || isCopiedAlone(stack, placed.caller.file))
    return false;
  if (isElsewhere(stack, path, placed.caller.file) || isSubmodule(stack, path)) return false;
  if (forms.some(ending => stack.files.has(path + ending))) return false;
  if (runsInImage(stack, placed.caller.file) || stack.files.ignored(path)) return false;
  return !stack.calls.some(
    other =>
      other.caller.file === placed.caller.file &&
      other.caller.name === placed.caller.name &&
      (role === "requirements" ? other.call.name === "git" : brought.test(other.call.name)) &&
      mayBring(other),
  );
}

/** It runs from another folder than the root: a file that ends like the path is the one that is meant. */
function isElsewhere(stack: Stack, path: string, caller: string): boolean {
  for (let folder = dirname(caller); folder !== ""; folder = dirname(folder))
    if (stack.files.has(join(folder, path))) return true;
  const tail = `/${path.replace(/^(\.\.\/)+/, "")}`;
  return filesNamed(stack.files, basename(tail)).some(other => other.endsWith(tail));
}

/** A makefile that one further up includes: make runs its recipes there. */
function runsAbove(stack: Stack, path: string, { caller }: PlacedCall): boolean {
  if (caller.kind !== "makefile") return false;
  const own = dirname(caller.file);
  const rest = own === "" ? undefined : inside(own, path);
  if (rest === undefined) return false;
  for (let folder = own; folder !== ""; ) {
    folder = dirname(folder);
    if (stack.files.has(join(folder, rest))) return true;
  }
  return false;
}

/** A release copies the script to the server by its name, where other files lie around it. */
function isCopiedAlone(stack: Stack, file: string): boolean {
  return stack.calls.some(
    ({ call }) =>
      call.kind === "remote-copy" &&
      call.direction === "upload" &&
      call.sources.some(({ value }) => value !== undefined && join("", value) === file),
  );
}

function isSubmodule(stack: Stack, path: string): boolean {
  const text = sourceOf(stack, ".gitmodules")?.text ?? "";
  return [...text.matchAll(/^[ \t]*path\s*=\s*(\S+)/gm)].some(match => path.startsWith(`${match[1]}/`));
}

/** Copied into an image, where other files lie around it. */
function runsInImage(stack: Stack, file: string): boolean {
  const name = basename(file);
  if (/entry-?point/i.test(name)) return true;
  return [...stack.dockerfiles.keys()].some(path => sourceOf(stack, path)?.text.includes(name));
}

function mayBring({ call }: PlacedCall): boolean {
  const words = call.args.map(arg => arg.value ?? "");
  if (call.name === "git") return /^(clone|submodule|pull|checkout|fetch)$/.test(words[0] ?? "");
  if (call.name === "curl") return words.some(word => /^(-\w*[oOJ]\w*|--output|--remote-name)$/.test(word));
  if (/^(npm|yarn|pnpm|npx)$/.test(call.name))
    return words.some(word => /^(build|create|init|generate)/.test(word));
  if (call.kind === "remote-copy") return call.direction !== "upload";
  return call.name !== "aws" || words.includes("cp") || words.includes("sync");
}

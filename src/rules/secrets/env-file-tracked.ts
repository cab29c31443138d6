import type { Severity } from "../../core/finding.ts";
import type { Edit } from "../../core/fix.ts";
import { addTo } from "../../core/group.ts";
import { basename, isOutside, join } from "../../core/path.ts";
import { sourceOf } from "../../core/project-files.ts";
import { locate, type Source } from "../../core/source.ts";
import { appendParagraph } from "../../formats/dotenv-edit.ts";
import { isWeakSecret } from "../../formats/secret.ts";
import { evidence, listNames } from "../../stack/query.ts";
import { isShown } from "../../stack/query-credential-weight.ts";
import type { EnvEntry } from "../../stack/query-env-secrets.ts";
import { isReadByGuess, trackedSecrets, unignoredCopies } from "../../stack/query-env-secrets.ts";
import { exampleSecrets, opensOutside } from "../../stack/query-example-secrets.ts";
import { startFolder } from "../../stack/query-scripts.ts";
import { writesNoSecret } from "../../stack/query-written-secrets.ts";
import type { PlacedCall, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "secrets/env-file-tracked",
  title: "Git ignores the files that hold secrets",
  claim: "no-secret-leaks",
  severity: "high",
  why: "What git has once stored is in every clone and in the history for good.",
  *check(stack) {
    // One habit is one finding, however many files the stack is set up with.
    const kept = new Map<Severity, { files: string[]; secrets: EnvEntry[] }>();
    for (const { file, secrets: all, forWork, forCopying } of trackedSecrets(stack)) {
      // What a server's Compose file shows as well is told there.
      const secrets = all.filter(entry => !isShown(stack, entry.value.value));
      if (secrets.length === 0) continue;
      // A word that everybody knows is a default to be changed; what is kept secret is what git must not have.
      const isReal = secrets.some(entry => !isWeakSecret(entry.value.value));
      const outside = secrets.some(entry => opensOutside(entry.value.value, forWork, entry.name.value));
      // Nobody reads a form for copying, and a known word in it is there to be changed.
      const isForm = forWork || (forCopying && !isReal);
      const isSure = isReal && !forCopying && !isReadByGuess(stack, file.file);
      const severity = outside ? "high" : isForm ? "low" : isSure ? "high" : "medium";
      const group = kept.get(severity) ?? { files: [], secrets: [] };
      kept.set(severity, group).get(severity)!.files.push(file.file);
      group.secrets.push(...secrets);
    }
    for (const [severity, { files, secrets }] of kept) {
      const names = [...new Set(secrets.map(entry => entry.name.value))];
      yield {
        subject: files.join(" "),
        message: `Git tracks ${files.length === 1 ? files[0] : `${files.length} env files`} with the values of ${listNames(names)}.`,
        evidence: secrets.map(entry => evidence(entry.name.at, "a secret has its value here")),
        severity,
      };
    }
    const told = new Set(
      [...kept.values()].flatMap(({ secrets }) => secrets.map(({ value }) => value.value)),
    );
    for (const { file, secrets } of exampleSecrets(stack, told)) {
      const names = [...new Set(secrets.map(entry => entry.name.value))];
      const [first, ...more] = secrets.map(entry =>
        evidence(entry.name.at, "no word in its place, but the secret"),
      );
      yield {
        subject: file,
        message: `The example ${file}, which git tracks, holds what opens something on the internet: the ${names.length === 1 ? "value" : "values"} of ${listNames(names)}.`,
        evidence: [first!, ...more],
        confidence: "likely",
      };
    }
    if (stack.files.has(".git") === undefined && stack.files.has(".gitignore") === undefined) return;
    const written = new Map<string, PlacedCall>();
    for (const placed of stack.calls) {
      const path = writtenEnvFile(stack, placed);
      if (path !== undefined && !written.has(path)) written.set(path, placed);
    }
    for (const { path, example, secrets, used } of unignoredCopies(stack)) {
      if (written.has(path)) continue;
      yield {
        subject: path,
        message: `People make ${path} from ${example}, with the ${secrets.length === 1 ? "value" : "values"} of ${listNames(secrets.map(each => each.name.value))}, and no .gitignore covers it.`,
        evidence: [
          evidence(secrets[0]!.name.at, "gets its value in the copy"),
          ...(used ? [evidence(used, "is read from there")] : []),
        ],
        severity: "medium",
        confidence: "likely",
        fix: () => ({
          title: `Let git ignore ${path}`,
          grade: "safe",
          edits: [ignoring(sourceOf(stack, ".gitignore"), [path])],
        }),
      };
    }
    const makers = new Map<string, string[]>();
    for (const [path, { caller }] of written)
      if (!writesNoSecret(stack, path, caller.file)) addTo(makers, caller.file, path);
    for (const [file, paths] of makers) {
      const one = paths.length === 1;
      const [first, ...more] = paths.map(path =>
        evidence(written.get(path)!.call.at, `creates ${basename(path)}`),
      );
      yield {
        subject: paths.join(" "),
        message: `${file} creates ${one ? paths[0] : `${paths.length} env files`} in the working copy, and no .gitignore covers ${one ? "it" : "them"}.`,
        evidence: [first!, ...more],
        severity: paths.every(path => /\.(?:dev|development|local)$/.test(path)) ? "low" : "medium",
        fix: () => ({
          title: `Let git ignore ${paths.join(", ")}`,
          grade: "safe",
          edits: [ignoring(sourceOf(stack, ".gitignore"), paths)],
        }),
      };
    }
  },
});

/** Below the env files that are ignored already, else in a paragraph of its own. */
function ignoring(source: Source | undefined, paths: readonly string[]): Edit {
  const lines = paths.map(path => `/${path}`);
  const found = source && [...source.text.matchAll(/^\/?\.env[\w.*-]*[ \t]*\r?\n/gm)].at(-1);
  if (!found) return appendParagraph(".gitignore", source, lines);
  const end = found.index + found[0].length;
  const eol = found[0].endsWith("\r\n") ? "\r\n" : "\n";
  return { at: locate(source, end, end), text: lines.map(line => line + eol).join("") };
}

/** An env file below the root that a script of a person makes; a workflow's checkout is thrown away. */
function writtenEnvFile(stack: Stack, { call, caller }: PlacedCall): string | undefined {
  if (caller.kind === "workflow" || call.remote || call.inside) return undefined;
  const copied = call.kind === "file" && call.name === "cp" ? call.operands.at(-1)?.value : undefined;
  const target = copied ?? call.writes.map(write => write.path.value).find(path => path !== undefined);
  if (target === undefined || !/^\.env(?:\.(?!tests?$)[\w-]+)*$/.test(basename(target))) return undefined;
  if (/example|sample|template|dist/i.test(basename(target)) || call.cwd === undefined) return undefined;
  const path = join(startFolder(stack, caller), join(call.cwd, target));
  if (isOutside(path) || path.startsWith("~") || stack.files.ignored(path)) return undefined;
  return stack.files.tracked(path) === true ? undefined : path;
}

import type { EnvFile } from "../../artifacts/env-file.ts";
import type { Evidence } from "../../core/finding.ts";
import { basename, isOutside, join } from "../../core/path.ts";
import { credentialsInUrl, isPlaceholder, isSecretName } from "../../formats/secret.ts";
import { evidence, listNames } from "../../stack/query.ts";
import { publicName } from "../../stack/query-bundles.ts";
import { isCredential } from "../../stack/query-secrets.ts";
import type { PlacedCall, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "secrets/env-file-tracked",
  title: "Git ignores the files that hold secrets",
  claim: "no-secret-leaks",
  severity: "high",
  why: "What git has once stored is in every clone and in the history for good.",
  *check(stack) {
    for (const file of stack.envFiles) {
      if (file.role === "example" || stack.files.tracked(file.file) !== true || isSample(file.file)) continue;
      const secrets = secretsOf(file);
      if (secrets.length === 0) continue;
      yield {
        subject: file.file,
        message: `Git tracks ${file.file} with the values of ${listNames(secrets.map(entry => entry.name.value))}.`,
        evidence: secrets.map(entry => evidence(entry.name.at, "a secret has its value here")) as unknown as [
          Evidence,
          ...Evidence[],
        ],
        severity: isForWork(file.file) ? "low" : "high",
      };
    }
    if (stack.files.has(".git") === undefined && stack.files.has(".gitignore") === undefined) return;
    const written = new Map<string, PlacedCall>();
    for (const placed of stack.calls) {
      const path = writtenEnvFile(stack, placed);
      if (path !== undefined && !written.has(path)) written.set(path, placed);
    }
    for (const [path, { call, caller }] of written) {
      yield {
        subject: path,
        message: `${caller.file} creates ${path} in the working copy, and no .gitignore covers it.`,
        evidence: [evidence(call.at, `creates ${basename(path)}`)],
        severity: "medium",
      };
    }
  },
});

function secretsOf(file: EnvFile) {
  return file.entries.filter(({ name, value, references, inherited }) => {
    if (inherited || references.length > 0 || publicName.test(name.value)) return false;
    const url = credentialsInUrl(value.value);
    if (url) return isCredential(url.password) && !isPlaceholder(url.password);
    return isSecretName(name.value) && isCredential(value.value) && !isPlaceholder(value.value);
  });
}

/** Values for tests and workstations open nothing on a server. */
function isForWork(path: string): boolean {
  return /(?:^|[./_-])(?:dev|development|local|test|testing|ci|e2e|sepolia|testnet)(?:[./_-]|$)/i.test(path);
}

function isSample(path: string): boolean {
  return /(?:^|\/)(?:examples?|samples?|templates?|fixtures?|tests?|docs?|\.devcontainer)\//i.test(path);
}

/** An env file below the root that a script of a person makes; a workflow's checkout is thrown away. */
function writtenEnvFile(stack: Stack, { call, caller }: PlacedCall): string | undefined {
  if (caller.kind === "workflow" || call.remote || call.inside) return undefined;
  const copied = call.kind === "file" && call.name === "cp" ? call.operands.at(-1)?.value : undefined;
  const target = copied ?? call.writes.map(write => write.path.value).find(path => path !== undefined);
  if (target === undefined || !/^\.env(?:\.[\w-]+)*$/.test(basename(target))) return undefined;
  if (/example|sample|template|dist/i.test(basename(target)) || call.cwd === undefined) return undefined;
  const path = join(call.cwd, target);
  if (isOutside(path) || path.startsWith("~") || stack.files.ignored(path)) return undefined;
  return stack.files.tracked(path) === true ? undefined : path;
}

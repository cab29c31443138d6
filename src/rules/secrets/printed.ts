import type { Call } from "../../artifacts/commands.ts";
import type { Evidence } from "../../core/finding.ts";
import { basename } from "../../core/path.ts";
import type { Location } from "../../core/source.ts";
import { isPlaceholder } from "../../formats/secret.ts";
import { isHosted } from "../../stack/deploy-jobs.ts";
import { evidence } from "../../stack/query.ts";
import { isMasked, unmaskedSecrets } from "../../stack/query-unmasked.ts";
import type { PlacedCall, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "secrets/printed",
  title: "Pipelines print no credentials",
  claim: "no-secret-leaks",
  severity: "high",
  why: "Everyone who may read the logs of the pipeline reads the credential, for as long as the logs are kept; only values of registered secrets are masked.",
  *check(stack) {
    for (const { file, at, fetched } of unmaskedSecrets(stack)) {
      yield {
        subject: `${file} GITHUB_ENV`,
        message: `${file} fetches a secret and puts it into the environment of the later steps: GitHub prints it above each of them, because only its own secrets are masked.`,
        evidence: [
          evidence(at, "printed by every later step"),
          ...(fetched.span.start === at.span.start
            ? []
            : [evidence(fetched, "comes from the vault, unmasked")]),
        ],
        confidence: "likely",
      };
    }
    const files = new Map<string, Map<number, Evidence>>();
    for (const { call, caller } of stack.calls) {
      if (caller.kind !== "workflow" || !reachesLog(call)) continue;
      const place = printed(call);
      if (!place || isCopyOfTracked(stack, call, caller) || isMasked(stack, call, caller)) continue;
      if (call.name === "cat" && !call.remote && getsNoSecret(stack, caller)) continue;
      const places = files.get(call.at.file) ?? new Map<number, Evidence>();
      files.set(call.at.file, places.set(place.at.span.start, place));
    }
    for (const [file, found] of files) {
      const [first, ...rest] = [...found.entries()].sort(([a], [b]) => a - b).map(([, each]) => each);
      yield {
        subject: file,
        message: `The pipeline ${file} writes credentials into its log.`,
        evidence: [first!, ...rest],
      };
    }
  },
});

/** The env file is in the repository, or a copy of one that is, and no step of the job puts a secret into it. */
function isCopyOfTracked(stack: Stack, call: Call, caller: PlacedCall["caller"]): boolean {
  const printed = call.args.map(arg => arg.value);
  const same = stack.calls.filter(
    each => each.caller.file === caller.file && each.caller.name === caller.name,
  );
  const before = same.slice(
    0,
    same.findIndex(each => each.call === call),
  );
  const copy = before.findLastIndex(({ call: { name, args } }) => {
    const [from, to, ...others] = args.map(arg => arg.value).filter(value => !value?.startsWith("-"));
    if ((name !== "cp" && name !== "mv") || from === undefined || to === undefined) return false;
    return others.length === 0 && printed.includes(to) && stack.files.has(from) === "file";
  });
  const isOwn =
    copy === -1 && printed.every(path => path !== undefined && stack.files.tracked(path) === true);
  if (isOwn) {
    const writers = before.filter(each => each.call.writes.some(({ path }) => printed.includes(path.value)));
    return !writers.some(each => secret.test(textOf(each.call)));
  }
  return copy !== -1 && !before.slice(copy).some(each => secret.test(textOf(each.call)));
}

const secret = /\bsecrets\.|\$\{?\w*(?:TOKEN|PASS|SECRET|KEY)/;

const vaults =
  /vault|doppler|infisical|1password|secret|configure-aws-credentials|azure\/login|google-github-actions\/auth|download-artifact/i;
const vaultTools = new Set("vault op doppler infisical aws gcloud az sops chamber bw gpg age".split(" "));

/** A fresh machine whose job is handed no secret, and fetches none: an env file there comes from the repository. */
function getsNoSecret(stack: Stack, { workflow, name }: PlacedCall["caller"]): boolean {
  const job = workflow?.jobs.find(each => each.id.value === name);
  if (!workflow || !job || !isHosted(workflow, name)) return false;
  const { text } = workflow.source;
  const head = text.slice(0, Math.min(...workflow.jobs.map(each => each.id.at.span.start)));
  const own = text.slice(job.at.span.start, job.at.span.end);
  if (/\bsecrets\b/.test(`${head}\n${own}`.replace(/\bsecrets\.GITHUB_TOKEN\b/g, ""))) return false;
  if (job.steps.some(step => step.uses && vaults.test(step.uses.text))) return false;
  return !stack.calls.some(
    ({ call, caller }) => caller.workflow === workflow && caller.name === name && vaultTools.has(call.name),
  );
}

function textOf(call: Call): string {
  return call.command.words.map(word => word.text).join(" ");
}

/** Neither written to a file nor handed to another program. */
function reachesLog(call: Call): boolean {
  if (call.writes.length > 0 || call.via === "substitution") return false;
  if (call.command.connector === "|" || call.command.connector === "|&") return false;
  return !call.command.redirects.some(redirect => /^&?>/.test(redirect.op) && redirect.fd !== "2");
}

function printed(call: Call): Evidence | undefined {
  if (call.kind === "file" && call.name === "cat") {
    const file = call.operands.find(operand => isEnvFile(operand.value));
    return file && evidence(call.at, `prints ${basename(file.value!)}`);
  }
  if (call.kind === "compose" && call.subcommand === "config" && call.remote) {
    const quiet = call.flags.some(flag =>
      /^(?:-q|--quiet|--services|--volumes|--images|--hash|--profiles|--environment|--no-interpolate|-o|--output)$/.test(
        flag.name,
      ),
    );
    return quiet ? undefined : evidence(call.at, "prints the configuration with all values");
  }
  if (call.remote && call.name === "printenv" && call.args.length === 0)
    return evidence(call.at, "prints the whole environment");
  if (call.name !== "echo" && call.name !== "printf") return undefined;
  const at = literalPassword(call);
  return at && evidence(at, "prints a password");
}

function isEnvFile(path: string | undefined): boolean {
  if (path === undefined) return false;
  const name = basename(path);
  return /^\.env(?:\.[\w-]+)*$|^[\w-]+\.env$/.test(name) && !/example|sample|template|dist/i.test(name);
}

const stated =
  /\b(?:password|passwd|pwd)\b["']?\s*[:=]\s*["'`]?([^\s"'`,;)]{4,})|\blog ?in\b\s*:?\s+\w[\w.@-]*\s*\/\s*([^\s"'`,;)]{4,})/i;

/** `echo "Login: admin / admin123"`: a password in plain words. */
function literalPassword(call: Call): Location | undefined {
  for (const { word } of call.args) {
    for (const part of word.parts) {
      if (part.kind !== "literal") continue;
      const found = stated.exec(part.value);
      const value = found && (found[1] ?? found[2]);
      if (!value || isPlaceholder(value) || /[$<{*%\\]/.test(value) || !/[0-9]/.test(value)) continue;
      return word.at;
    }
  }
  return undefined;
}

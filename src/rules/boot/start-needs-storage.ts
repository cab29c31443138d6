import { concrete, entryOf, envUses, isTruthy, type Lookup, type Value } from "../../artifacts/value.ts";
import { sourceOf } from "../../core/project-files.ts";
import type { Location } from "../../core/source.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { type SettingsInForce, settingsInForce } from "../../stack/query-settings.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/start-needs-storage",
  title: "A start needs no service of another company",
  claim: "survives-reboot",
  severity: "medium",
  why: "When the storage cannot be reached, or its credentials are missing or expired, no container starts any more: a restart in the middle of somebody else's outage takes the site down.",
  *check(stack) {
    for (const here of settingsInForce(stack)) {
      const { service } = here;
      const command = collects(stack, service);
      const storage = command && remoteStatic(here);
      if (!command || !storage) continue;
      yield {
        subject: service.name,
        message: `Every start of service "${service.name}" uploads the static files to a storage in the network before it serves: without that storage it does not start.`,
        evidence: [
          evidence(command, "runs at every start"),
          evidence(storage, "static files go to a storage in the network"),
        ],
        severity: weigh(service, "medium"),
        confidence: "likely",
      };
    }
  },
});

/** `collectstatic` among the commands on the way to the server, where its failure ends the start. */
function collects(stack: Stack, { process }: Service): Location | undefined {
  for (const words of process?.commands ?? []) {
    const at = words.find(each => each.value === "collectstatic")?.at;
    const text = at && sourceOf(stack, at.file)?.text;
    if (!at || text === undefined) continue;
    if (isConditional(stack, at)) continue;
    const rest = /^[^\n]*/.exec(text.slice(at.span.end))![0];
    if (/\|\|/.test(rest)) continue;
    if (/&&/.test(rest) || /&&\s*(?:\\\n\s*)?$/.test(rest) || stopsAtErrors.test(text)) return at;
  }
  return undefined;
}

/** It stands in a branch: whoever starts the container says whether it is taken. */
function isConditional(stack: Stack, { file, span }: Location): boolean {
  return stack.calls.some(
    ({ call }) =>
      call.at.file === file &&
      call.at.span.start <= span.start &&
      span.end <= call.at.span.end &&
      call.command.within.length > 0,
  );
}

const stopsAtErrors = /^[ \t]*set\s+(?:-\w*e|-o\s+errexit)|^#![^\n]*\s-\w*e/m;

const backend =
  /storages\.backends\.(?:s3boto3|s3|gcloud|azure_storage|dropbox|digital_ocean|cloudflare)\.\w+/;

/** Where this deployment's settings name a storage in the network for static files. */
function remoteStatic({ settings, lookup }: SettingsInForce): Location | undefined {
  const storages = chosen(settings.values.get("STORAGES"), lookup);
  const names = [entryOf(storages, "staticfiles", "BACKEND"), settings.values.get("STATICFILES_STORAGE")];
  for (const name of names) {
    const value = chosen(name, lookup);
    if (value?.kind === "literal" && typeof value.value === "string" && backend.test(value.value))
      return value.at;
  }
  return undefined;
}

/** The branch that is in force; a test that no variable decides, of a file of the container for example, is taken as met. */
function chosen(value: Value | undefined, lookup: Lookup): Value | undefined {
  if (value?.kind !== "choice") return value;
  const test = concrete(value.test, lookup);
  if (test !== undefined) return chosen(isTruthy(test) ? value.yes : value.no, lookup);
  return envUses(value.test).length === 0 ? chosen(value.yes, lookup) : undefined;
}

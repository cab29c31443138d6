import type { DjangoSettings } from "../../artifacts/django-settings.ts";
import { type Location, locate } from "../../core/source.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { settingsInForce } from "../../stack/query-settings.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/start-needs-storage",
  title: "A start needs no service of another company",
  claim: "survives-reboot",
  severity: "medium",
  why: "When the storage cannot be reached, or its credentials are missing or expired, no container starts any more: a restart in the middle of somebody else's outage takes the site down.",
  *check(stack) {
    for (const { service, settings } of settingsInForce(stack)) {
      const command = collects(service);
      const storage = command && remoteStatic(stack, settings);
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

/** `collectstatic` among the commands on the way to the server. */
function collects({ process }: Service): Location | undefined {
  const commands = process?.commands ?? [];
  for (const words of commands) {
    const word = words.find(each => each.value === "collectstatic");
    // `collectstatic || true` is another matter; the server itself is the last command.
    if (word) return word.at;
  }
  return undefined;
}

const backend =
  /storages\.backends\.(?:s3boto3|s3|gcloud|azure_storage|dropbox|digital_ocean|cloudflare)\.\w+/;
const static_ = [
  /["']staticfiles["']\s*:\s*\{\s*["']BACKEND["']\s*:\s*["']([\w.]+)["']/g,
  /^[ \t]*STATICFILES_STORAGE\s*=\s*["']([\w.]+)["']/gm,
];

function remoteStatic(stack: Stack, { files }: DjangoSettings): Location | undefined {
  for (const file of files) {
    const source = stack.sources.get(file);
    if (!source) continue;
    for (const expression of static_)
      for (const found of source.text.matchAll(expression)) {
        if (!backend.test(found[1] ?? "")) continue;
        const start = found.index + found[0].lastIndexOf(found[1]!);
        return locate(source, start, start + found[1]!.length);
      }
  }
  return undefined;
}

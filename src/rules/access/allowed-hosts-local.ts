import type { NginxDirective } from "../../formats/nginx.ts";
import { hostsByEnvironment } from "../../remedies/django-settings.ts";
import { evidence, listNames, proxiesOf, weigh } from "../../stack/query.ts";
import {
  isReached,
  type SettingsInForce,
  settingHere,
  settingsInForce,
  textsOf,
} from "../../stack/query-settings.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const local =
  /^(?:\.?localhost|127\.0\.0\.1|\[?::1\]?|0\.0\.0\.0|testserver|host\.docker\.internal)(?::\d+)?$/i;

export default defineRule({
  id: "access/allowed-hosts-local",
  title: "Django answers to the name that visitors use",
  claim: "boots-healthy",
  severity: "critical",
  why: "Django refuses every request for a host that is not in ALLOWED_HOSTS with status 400, health checks of the load balancer included.",
  *check(stack) {
    for (const here of settingsInForce(stack)) {
      const { service } = here;
      const found = settingHere(here, "ALLOWED_HOSTS");
      const hosts = textsOf(found?.value);
      // `"".split(",")` is a list with one empty text, which is no name.
      if (!found || !hosts?.every(host => host === "" || local.test(host)) || !isReached(service)) continue;
      if (hosts.length > 0 && isRewritten(stack, here, hosts)) continue;
      const fromEnvironment = found.setting?.kind === "env";
      // The image has a value to begin with, and the service reads a file that only the server has.
      const ofImage =
        found.givenAt !== undefined && found.givenAt.file === (service.build ?? service.made)?.dockerfilePath;
      if (ofImage && service.envFiles.some(use => !use.file)) continue;
      const variables = found.setting?.env?.names.map(name => `"${name}"`).join(" or ") ?? "";
      const because = !fromEnvironment
        ? "ALLOWED_HOSTS is fixed in the settings"
        : found.givenAt
          ? `${variables} is set so`
          : `nothing sets ${variables}`;
      const names = hosts.filter(host => host !== "");
      // The names of the machine stand in for an empty list while debugging, not for an empty name.
      const isEmpty = names.length === 0 && (hosts.length > 0 || settingHere(here, "DEBUG")?.value !== true);
      const shows = names.length === 0 ? "no host is allowed" : "only names of the machine itself";
      const place = found.givenAt ?? found.at;
      yield {
        subject: here.settings.file,
        message: `Django in service "${service.name}" answers only to ${isEmpty ? "no name at all" : listNames(names.length === 0 ? ["localhost"] : names)}, because ${because}: requests for any real host name get status 400.`,
        evidence: [
          evidence(place, shows),
          ...(found.givenAt ? [evidence(found.at, "read here")] : []),
          ...(fromEnvironment && !found.givenAt
            ? [evidence(service.at, `${variables} is not set here`)]
            : []),
        ],
        severity: weigh(service, fromEnvironment ? "high" : "critical"),
        ...(here.complete && (!fromEnvironment || found.givenAt) ? {} : { confidence: "likely" as const }),
        fix: () => hostsByEnvironment(stack, here, found, names),
      };
    }
  },
});

/** A proxy of the project that replaces the visitor's Host by a name that is allowed. */
function isRewritten(stack: Stack, here: SettingsInForce, hosts: readonly string[]): boolean {
  const sets = (directive: NginxDirective): boolean =>
    (directive.name.value === "proxy_set_header" &&
      directive.args[0]?.value.toLowerCase() === "host" &&
      hosts.includes(directive.args[1]?.value.replace(/:\d+$/, "") ?? "")) ||
    (directive.block ?? []).some(sets);
  return proxiesOf(stack, here.service.project).some(proxy => proxy.effective.tree.some(sets));
}

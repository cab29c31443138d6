import { evidence, gradeOf, isOptional, listNames, weigh } from "../../stack/query.ts";
import { type SettingSecret, settingSecrets } from "../../stack/query-settings-files.ts";
import { isWorker } from "../../stack/query-workers.ts";
import type { Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "secrets/settings-file",
  title: "The settings file that comes with the code holds no signing key",
  claim: "no-secret-leaks",
  severity: "critical",
  why: "Whoever has read the repository signs tokens and sessions that the program takes for its own, for any user, the administrator too.",
  *check(stack) {
    // The same key in the files of several programs is one secret.
    const found = new Map<string, { secrets: SettingSecret[]; services: Service[] }>();
    for (const service of stack.services) {
      if (gradeOf(service) === "development" || isOptional(service) || isWorker(service)) continue;
      for (const secret of settingSecrets(stack, service)) {
        const key = `${secret.name} ${secret.value}`;
        const group = found.get(key) ?? { secrets: [], services: [] };
        found.set(key, group);
        if (!group.secrets.some(({ at }) => at.file === secret.at.file)) group.secrets.push(secret);
        group.services.push(service);
      }
    }
    for (const { secrets, services } of found.values()) {
      const [secret, ...more] = secrets as [SettingSecret, ...SettingSecret[]];
      const sure = services.find(service => settingSecrets(stack, service).some(isNever));
      const service = sure ?? services[0]!;
      const unique = [...new Set(services.map(each => each.name))];
      const names = listNames(unique);
      const one = unique.length === 1;
      yield {
        subject: `${secret.at.file} ${secret.name}`,
        message: sure
          ? `${names} ${one ? "signs" : "sign"} with the ${secret.name} that stands in ${secret.at.file}${more.length === 0 ? "" : ` and ${more.length === 1 ? more[0]!.at.file : `${more.length} more files`}`}: nothing gives another one.`
          : `${secret.at.file} has a ${secret.name} of its own, and nothing makes sure that ${names} ${one ? "gets" : "get"} another one.`,
        evidence: [
          evidence(secret.at, "used while nothing replaces it"),
          ...more.map(({ at }) => evidence(at, "the same key")),
          ...services.map(each => evidence(each.at, "no variable of this name is set")),
        ],
        severity: weigh(service, sure ? "critical" : "medium"),
        confidence: "likely",
      };
    }
  },
});

function isNever({ supply }: SettingSecret): boolean {
  return supply === "never";
}

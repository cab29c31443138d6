import { evidence, isOptional, listNames, serverServices, weigh } from "../../stack/query.ts";
import { isRun } from "../../stack/query-connections.ts";
import { type LiteralKey, literalKeys } from "../../stack/query-literal-keys.ts";
import { worstFirst } from "../../stack/query-process.ts";
import type { Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "secrets/key-in-code",
  title: "The key that the code signs with comes from outside",
  claim: "no-secret-leaks",
  severity: "critical",
  why: "Whoever has read the repository makes tokens and sessions that the program takes for its own, for any user, the administrator too; and the key cannot be changed without a release.",
  *check(stack) {
    const groups = new Map<string, { keys: readonly LiteralKey[]; services: Service[] }>();
    for (const service of worstFirst(serverServices(stack))) {
      const { component } = service;
      if (!component || isOptional(service) || service.kind === "proxy") continue;
      const keys = literalKeys(stack, component).filter(key => isRun(stack, service, component, key.at));
      if (keys.length === 0) continue;
      const group = groups.get(component.dir) ?? { keys, services: [] };
      groups.set(component.dir, group);
      group.services.push(service);
    }
    for (const { keys, services } of groups.values()) {
      const signs = listNames([...new Set(keys.map(key => key.signs))]).replaceAll('"', "");
      const names = listNames(services.map(each => each.name));
      const [first, ...rest] = keys.flatMap(key => [
        evidence(key.at, "signs or checks with a literal"),
        ...(key.writtenAt ? [evidence(key.writtenAt, "the key is written here")] : []),
      ]);
      yield {
        subject: services[0]!.name,
        message: `${names} ${services.length === 1 ? "signs" : "sign"} ${signs} with a key that stands in the code.`,
        severity: weigh(services[0]!, keys.some(key => key.grave) ? "critical" : "medium"),
        confidence: "likely",
        evidence: [first!, ...rest],
      };
    }
  },
});

import type { Evidence } from "../../core/finding.ts";
import type { Edit, Fix } from "../../core/fix.ts";
import type { Location } from "../../core/source.ts";
import { addressOf, nameService } from "../../remedies/loopback.ts";
import { giveVariables } from "../../remedies/service-variable.ts";
import { readStoreAddress } from "../../remedies/store-address.ts";
import { hasWorkstationValues } from "../../stack/env-work.ts";
import { evidence, isOptional, listNames, weigh } from "../../stack/query.ts";
import { connectionGaps, isWired, type LoopbackUse, loopbackUses } from "../../stack/query-connections.ts";
import {
  componentReads,
  givenVariables,
  isLoopback,
  type Protocol,
  sharesNetwork,
  storesOf,
  storeUrl,
} from "../../stack/query-environment.ts";
import { shareNetwork } from "../../stack/query-upstreams.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/loopback-address",
  title: "Containers reach each other by name, not by localhost",
  claim: "boots-healthy",
  severity: "high",
  why: "Inside a container localhost is the container itself: a database or cache in another container is never found there.",
  *check(stack) {
    for (const project of stack.projects) {
      const groups = new Map<string, { services: Service[]; uses: LoopbackUse[] }>();
      for (const service of project.services) {
        if (isOptional(service) || sharesNetwork(service)) continue;
        const uses = unique([...given(stack, service), ...inCode(stack, service)]);
        if (uses.flatMap(use => storesOf(project, use.protocol)).length === 0) continue;
        const key = uses.map(use => placeKey(use.at)).join("\n");
        const group = groups.get(key) ?? { services: [], uses };
        groups.set(key, group);
        group.services.push(service);
      }
      for (const { services, uses } of groups.values()) {
        const stores = [...new Set(uses.flatMap(use => storesOf(project, use.protocol)))];
        const names = listNames(services.map(service => service.name));
        const who = services.length === 1 ? `Service ${names} looks` : `Services ${names} look`;
        yield {
          subject: services.length === 1 ? services[0]!.name : project.name,
          message: `${who} for ${listNames(stores.map(store => store.name))} on localhost, which inside a container is the container itself.`,
          evidence: [
            ...uses.map(use => evidence(use.at, use.shows)),
            ...stores.map(store => evidence(store.at, "is another container")),
          ] as [Evidence],
          severity: weigh(project, "high"),
          fix: () =>
            byName(stack, services, uses) ??
            (stores.length === 1 ? readStoreAddress(stack, services, uses, stores[0]!) : undefined),
        };
      }
    }
  },
});

/** Every connection by the name of the one store that speaks its protocol; what is fixed in the code is not ours. */
function byName(stack: Stack, services: readonly Service[], uses: readonly LoopbackUse[]): Fix | undefined {
  const edits: Edit[] = [];
  const names = new Set<string>();
  const unset = new Map<Service, [string, string][]>();
  for (const use of uses) {
    const owner = services.find(each => givenVariables(each).some(variable => variable.at === use.at));
    const variable = owner && givenVariables(owner).find(each => each.at === use.at);
    for (const service of owner ? [owner] : services) {
      const stores = storesOf(service.project, use.protocol).filter(store => store !== service);
      const [store] = stores;
      if (!store || stores.length > 1 || !shareNetwork(service, store)) return undefined;
      names.add(store.name);
      if (variable) {
        const edit = nameService(stack, variable, store);
        if (!edit) return undefined;
        edits.push(edit);
        continue;
      }
      const text = use.unset && addressOf(stack, store, use.unset.fallback);
      if (text === undefined) return undefined;
      const given = unset.get(service) ?? [];
      // Several reads of one variable.
      if (!given.some(([name]) => name === use.unset!.name)) given.push([use.unset!.name, text]);
      unset.set(service, given);
    }
  }
  for (const [service, given] of unset) {
    const made = giveVariables(stack, service, given);
    if (!made) return undefined;
    edits.push(...made);
  }
  return {
    title: `Look for ${[...names].join(" and ")} by name`,
    grade: "needs-testing",
    edits,
    test: `Start it and see in the log of ${services.map(each => each.name).join(" and ")} that the connection is made.`,
  };
}

const placeKey = (at: Location): string => `${at.file}:${at.span.start}`;

function unique(uses: readonly LoopbackUse[]): LoopbackUse[] {
  return uses.filter(
    (use, index) => uses.findIndex(other => placeKey(other.at) === placeKey(use.at)) === index,
  );
}

/** Variables of Compose that hold a loopback address of a store. */
function given(stack: Stack, service: Service): LoopbackUse[] {
  return givenVariables(service).flatMap(variable => {
    // What the `.env` of a workstation says is for programs that run beside the containers.
    const isTaken = (variable.value?.references.length ?? 0) > 0 && !variable.value?.byDefault;
    if (isTaken && hasWorkstationValues(stack, service)) return [];
    const url = storeUrl(variable.value?.text ?? "");
    if (!url || !isLoopback(url.host) || isOwn(service, url.protocol)) return [];
    // A script on the way to the program sets it anew.
    if (!isReachable(service, url.protocol) || service.reassigned?.has(variable.name)) return [];
    // What nothing reads does no harm.
    const reads = service.component && componentReads(stack, service.component);
    if (reads?.complete && reads.wildcards.length === 0 && !reads.names.has(variable.name)) return [];
    return [{ protocol: url.protocol, at: variable.at, shows: "points at its own container" }];
  });
}

const bare = /^(?:docker\.io\/)?(?:library\/)?(?:alpine|debian|ubuntu|busybox|bash)(?::|@|$)/;

function inCode(stack: Stack, service: Service): LoopbackUse[] {
  // A bare distribution with the checkout mounted, say for cron, has nothing that runs the code, nor has a proxy.
  if (!service.build && (service.kind === "proxy" || bare.test(service.image?.text ?? ""))) return [];
  const told = connectionGaps(stack).filter(gap => gap.service === service);
  return loopbackUses(stack, service).filter(
    use =>
      isReachable(service, use.protocol) &&
      !told.some(gap => gap.protocol === use.protocol) &&
      // A fallback beside a variable that does name the store is never used.
      (use.name === undefined || !isWired(stack, service, use.protocol)),
  );
}

function isReachable(service: Service, protocol: Protocol): boolean {
  return storesOf(service.project, protocol).some(store => store !== service);
}

/** A store that runs in the same container is found on loopback. */
function isOwn(service: Service, protocol: Protocol): boolean {
  return storesOf(service.project, protocol).includes(service);
}

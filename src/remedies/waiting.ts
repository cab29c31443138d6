import type { Edit, Fix } from "../core/fix.ts";
import { sourceOf } from "../core/project-files.ts";
import { listToMap } from "../formats/yaml-list-edit.ts";
import type { Dependency, Service, Stack } from "../stack/stack.ts";
import { addHealthcheck } from "./probe.ts";

/** A service that waits for a store's container and should wait until the store serves. */
export interface Waiting {
  readonly service: Service;
  readonly store: Service;
  readonly edge: Dependency;
}

/**
 * Lets services wait until their stores are healthy, and gives a store without a health check one. Undefined when one
 * of them cannot be changed in its place: a finding that stays for a part is not mended.
 */
export function waitsUntilHealthy(stack: Stack, pairs: readonly Waiting[]): Fix | undefined {
  const edits: Edit[] = [];
  for (const service of new Set(pairs.map(pair => pair.service))) {
    const own = pairs.filter(pair => pair.service === service);
    const changed = conditionEdits(stack, service, own);
    if (!changed) return undefined;
    edits.push(...changed);
  }
  const stores = [...new Set(pairs.map(pair => pair.store))];
  for (const store of stores.filter(each => !each.healthcheck?.command)) {
    const edit = addHealthcheck(stack, store);
    if (!edit) return undefined;
    edits.push(edit);
  }
  const names = stores.map(store => store.name).join(" and ");
  return {
    title: `Wait until ${names} ${stores.length === 1 ? "is" : "are"} healthy`,
    grade: "needs-testing",
    edits,
    test: `Run \`docker compose down\` and \`docker compose up -d --wait\`: ${names} must turn healthy, and what waits must start after that.`,
  };
}

function conditionEdits(stack: Stack, service: Service, pairs: readonly Waiting[]): Edit[] | undefined {
  const node = service.get("depends_on");
  const source = node && sourceOf(stack, node.at.file);
  if (!source) return undefined;
  if (node.kind === "seq") {
    const stores = new Set(pairs.map(pair => pair.store.name));
    return listToMap(source, node, name => [
      `condition: ${stores.has(name) ? "service_healthy" : "service_started"}`,
    ]);
  }
  const edits = pairs.flatMap(({ edge }) => {
    const condition = service.get("depends_on", edge.service, "condition");
    return condition ? [{ at: condition.at, text: "service_healthy" }] : [];
  });
  return edits.length === pairs.length ? edits : undefined;
}

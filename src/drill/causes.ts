import type { Cause, DrillReport } from "../core/drill.ts";
import type { ComposeModel } from "../core/engine.ts";
import { neededBy } from "./clone.ts";

/** Why services of a lab are not there, or do not stand. */
export interface Troubles {
  readonly model: ComposeModel;
  readonly missing: ReadonlyMap<string, string>;
  readonly bad: ReadonlyMap<string, string>;
}

/**
 * The service in which a trouble began: what is missing because of another, or was not started because it waits for
 * another, has it from there, and services that fail with the same words fail of one cause.
 */
export function rootOf(service: string, troubles: Troubles): string {
  let name = service;
  for (const seen = new Set<string>(); !seen.has(name); ) {
    seen.add(name);
    name = nextOf(name, troubles) ?? name;
  }
  const { missing, bad } = troubles;
  const what = whatOf(name, troubles);
  const all = [...missing.keys(), ...bad.keys()].filter(one => nextOf(one, troubles) === undefined);
  return all.find(one => same(whatOf(one, troubles), what)) ?? name;
}

function nextOf(name: string, { model, missing, bad }: Troubles): string | undefined {
  const gone = missing.get(name);
  if (gone !== undefined) return neededBy(gone);
  if (!notStarted.test(bad.get(name) ?? "")) return undefined;
  return Object.keys(model.services[name]?.depends_on ?? {}).find(other => bad.has(other));
}

/** What the watcher says of a container that Compose holds back. */
const notStarted = /\bit has not been started\b|\bit is created\b/;

function whatOf(name: string, { missing, bad }: Troubles): string {
  return missing.get(name) ?? bad.get(name) ?? "";
}

/** Times and counts differ between two of the same. */
function same(one: string, other: string): boolean {
  return one.replace(/\d+/g, "0") === other.replace(/\d+/g, "0");
}

/** The causes that reports name, in their order. */
export function causesOf(reports: readonly DrillReport[], troubles: Troubles): Cause[] {
  const named = new Set(reports.flatMap(({ cause }) => cause ?? []));
  const all = [...troubles.missing.keys(), ...troubles.bad.keys()];
  return [...named].map(name => ({
    services: [name, ...all.filter(one => one !== name && isAlike(one, name, troubles))],
    what: whatOf(name, troubles),
  }));
}

function isAlike(one: string, name: string, troubles: Troubles): boolean {
  return nextOf(one, troubles) === undefined && same(whatOf(one, troubles), whatOf(name, troubles));
}

import type { Argument, ComposeCall } from "../artifacts/commands.ts";
import type { Evidence } from "../core/finding.ts";
import type { Location } from "../core/source.ts";
import { evidence } from "./query.ts";
import {
  addressedContainers,
  createsContainer,
  isWorkstationCall,
  projectsOfCall,
  startedContainers,
} from "./query-scripts.ts";
import type { PlacedCall, Service, Stack } from "./stack.ts";

/** A container or service that commands of one file address and that no deployed project has. */
export interface MissingTarget {
  readonly what: "container" | "service";
  readonly name: string;
  readonly places: readonly PlacedCall[];
  readonly addressed: readonly Argument[];
  /** Services of other projects that do run under this name. */
  readonly elsewhere: readonly Service[];
  /** The deployed services that are meant, as far as names tell. */
  readonly instead: readonly Service[];
  /** For a service: the Compose files that were searched. */
  readonly files: readonly string[];
  /** Not by default values and not on another machine. */
  readonly sure: boolean;
}

/**
 * Names in scripts that belong to this project and still miss: the development project's container, a service's name
 * where its container has another one, a service that its Compose file does not have. Names that nothing here knows
 * may belong to other stacks of the same server and are left alone.
 */
export function missingTargets(stack: Stack): MissingTarget[] {
  return [...missingContainers(stack), ...missingServices(stack)];
}

interface Group {
  readonly places: PlacedCall[];
  readonly addressed: Argument[];
}

function grouped(): { add(name: string, placed: PlacedCall, arg: Argument): void; all: Map<string, Group> } {
  const all = new Map<string, Group>();
  return {
    all,
    add(name, placed, arg) {
      const key = `${placed.caller.file}\n${name}`;
      const group = all.get(key) ?? { places: [], addressed: [] };
      all.set(key, group);
      if (group.addressed.some(other => other.at.span.start === arg.at.span.start)) return;
      group.places.push(placed);
      group.addressed.push(arg);
    },
  };
}

function missingContainers(stack: Stack): MissingTarget[] {
  const deployed = stack.services.filter(service => service.project.grade === "deployed");
  if (deployed.length === 0) return [];
  const groups = grouped();
  let started: ReadonlySet<string> | undefined;
  for (const placed of stack.calls) {
    for (const arg of addressedContainers(placed.call)) {
      started ??= startedContainers(stack);
      const name = arg.value!;
      if (started.has(name) || deployed.some(service => createsContainer(service, name) !== false)) continue;
      groups.add(name, placed, arg);
    }
  }
  return [...groups.all].flatMap(([key, { places, addressed }]) => {
    const name = key.slice(key.indexOf("\n") + 1);
    const elsewhere = stack.services.filter(
      service => service.project.grade !== "deployed" && createsContainer(service, name) === true,
    );
    // A script for the development stack may address that stack.
    if (elsewhere.length > 0 && !places.some(place => place.deploys || isMeantForProduction(place)))
      return [];
    if (elsewhere.some(service => service.project.grade === "staging")) return [];
    if (places.every(place => startsItself(stack, place, elsewhere))) return [];
    const instead = deployed.filter(service =>
      elsewhere.length > 0
        ? elsewhere.some(other => other.name === service.name)
        : service.name === name ||
          (service.containerName !== undefined && endsWithService(name, service.name)),
    );
    if (instead.length === 0 && elsewhere.length === 0) return [];
    // An addressed name that only a development project has may be meant where nothing in production corresponds.
    if (elsewhere.length > 0 && instead.length === 0) return [];
    return [
      {
        what: "container",
        name,
        places,
        addressed,
        elsewhere,
        instead,
        files: [],
        sure: isSure(places, addressed),
      },
    ];
  });
}

/** The same job or script has started the other project before. */
function startsItself(stack: Stack, { caller }: PlacedCall, services: readonly Service[]): boolean {
  return stack.calls.some(
    placed =>
      placed.caller.file === caller.file &&
      placed.caller.name === caller.name &&
      placed.call.kind === "compose" &&
      /^(?:up|start|create)$/.test(placed.call.subcommand ?? "") &&
      projectsOfCall(stack, placed as PlacedCall & { readonly call: ComposeCall }).some(project =>
        services.some(service => service.project === project),
      ),
  );
}

function isMeantForProduction(placed: PlacedCall): boolean {
  return /back-?_?up|restore|monitor|health|prod/i.test(placed.caller.file) && !isWorkstationCall(placed);
}

/** `shop-db-1`: what Compose would call it if it had no name of its own. */
function endsWithService(name: string, service: string): boolean {
  const numbered = /^(.+)[-_]\d+$/.exec(name)?.[1];
  return numbered !== undefined && (numbered.endsWith(`-${service}`) || numbered.endsWith(`_${service}`));
}

function isSure(places: readonly PlacedCall[], addressed: readonly Argument[]): boolean {
  return places.some((place, index) => !place.call.remote && !addressed[index]!.assumed);
}

function missingServices(stack: Stack): MissingTarget[] {
  const groups = grouped();
  const found = new Map<string, Pick<MissingTarget, "instead" | "files">>();
  for (const placed of stack.calls) {
    const { call } = placed;
    if (call.kind !== "compose" || call.services.length === 0 || call.subcommand === "events") continue;
    const projects = projectsOfCall(stack, placed as PlacedCall & { readonly call: ComposeCall });
    if (projects.length === 0) continue;
    const services = projects.flatMap(project => project.services);
    for (const arg of call.services) {
      const name = arg.value;
      if (name === undefined || !/^[\w.-]+$/.test(name) || name.startsWith("-") || /^\d+$/.test(name))
        continue;
      if (services.some(service => service.name === name)) continue;
      groups.add(name, placed, arg);
      found.set(`${placed.caller.file}\n${name}`, {
        instead: services.filter(service => service.containerName?.text === name),
        files: [...new Set(projects.flatMap(project => project.files))],
      });
    }
  }
  return [...groups.all].map(([key, { places, addressed }]) => ({
    what: "service",
    name: key.slice(key.indexOf("\n") + 1),
    places,
    addressed,
    elsewhere: [],
    ...found.get(key)!,
    sure: isSure(places, addressed),
  }));
}

/** What is wrong, as the end of a sentence that names the target. */
export function missingBecause(missing: MissingTarget): string {
  if (missing.what === "container") return "which no deployed Compose project creates";
  return `which ${missing.files.join(" and ")} ${missing.files.length === 1 ? "does" : "do"} not define`;
}

/** The places that show where the name belongs, and what production has instead. */
export function missingEvidence(missing: MissingTarget): Evidence[] {
  const calls = missing.addressed.map(arg => evidence(arg.at, `addresses ${missing.what} "${missing.name}"`));
  const elsewhere = missing.elsewhere.map(service =>
    evidence(nameAt(service), `"${missing.name}" belongs to the ${service.project.grade} project`),
  );
  const instead = missing.instead.map(service => {
    if (missing.what === "service")
      return evidence(
        nameAt(service),
        `"${missing.name}" is the container's name, the service is "${service.name}"`,
      );
    return evidence(
      nameAt(service),
      service.containerName
        ? `production calls it "${service.containerName.text}"`
        : "its container is named after the project and the service",
    );
  });
  return [calls[0]!, ...calls.slice(1), ...elsewhere, ...instead];
}

function nameAt(service: Service): Location {
  return service.containerName?.at ?? service.at;
}

import { type ComposeModel, type ComposeObject, type ComposeService, labLabel } from "../core/engine.ts";
import { type CloneContext, cloneService, reachesOut } from "./clone-service.ts";

export interface CloneOptions {
  readonly lab: string;
  readonly directory: string;
  readonly copy: string;
  /** Containers' addresses can be reached from here, so that the networks need no way out. */
  readonly closed: boolean;
}

/** A model that can hurt nothing, and what it has otherwise than the user's. */
export interface Clone {
  readonly model: ComposeModel;
  readonly changes: readonly string[];
  /** Services that a clone cannot have without reaching beyond it. */
  readonly leftOut: ReadonlyMap<string, string>;
  readonly outside: readonly { readonly source: string; readonly to: string }[];
  /** Secrets and configurations that are values of variables of the caller's environment. */
  readonly fromEnvironment: readonly { readonly name: string; readonly to: string }[];
}

/** Turns a resolved project into its clone. Pure: files and images are somebody else's work. */
export function cloneModel(model: ComposeModel, options: CloneOptions): Clone {
  const { lab, directory, copy, closed } = options;
  const labels = { [labLabel]: lab };
  const leftOut = new Map<string, string>();
  for (const [name, service] of Object.entries(model.services)) {
    const why = reachesOut(service);
    if (why !== undefined) leftOut.set(name, why);
  }
  const changes = [...leftOut].map(([name, why]) => `${name}: left out, because ${why}`);
  const networks = cloneNetworks(model, labels, closed, changes);
  const context: CloneContext = {
    labels,
    directory,
    copy,
    images: imagesOf(model, lab),
  };
  const outside: { source: string; to: string }[] = [];
  const services: Record<string, ComposeService> = {};
  for (const [name, service] of Object.entries(model.services)) {
    if (leftOut.has(name)) continue;
    const cloned = cloneService(name, service, context);
    services[name] = cloned.service;
    changes.push(...cloned.changes);
    outside.push(...cloned.outside);
  }
  const fromEnvironment: { name: string; to: string }[] = [];
  return {
    model: {
      services: withoutLeftOut(services, leftOut),
      networks,
      volumes: cloneVolumes(model, labels, changes),
      secrets: cloneFiles(model.secrets, directory, "secrets", fromEnvironment),
      configs: cloneFiles(model.configs, directory, "configs", fromEnvironment),
    },
    ...{ changes, leftOut, outside, fromEnvironment },
  };
}

const needs = ", which is not in the lab";

/** The service that another is missing because of, by the reason that is given for it; undefined for a reason of its own. */
export function neededBy(why: string): string | undefined {
  return why.startsWith("it needs ") && why.endsWith(needs)
    ? why.slice("it needs ".length, -needs.length)
    : undefined;
}

/** Without services that cannot be had, and without those that need them; gives why for each. */
export function withoutServices(
  model: ComposeModel,
  missing: ReadonlyMap<string, string>,
): { readonly model: ComposeModel; readonly missing: ReadonlyMap<string, string> } {
  const gone = new Map(missing);
  for (let before = -1; before !== gone.size; ) {
    before = gone.size;
    for (const [name, service] of Object.entries(model.services)) {
      const needed = Object.entries(service.depends_on ?? {}).find(
        ([other, how]) => gone.has(other) && how["required"] !== false,
      );
      if (needed && !gone.has(name)) gone.set(name, `it needs ${needed[0]}${needs}`);
    }
  }
  const services = Object.fromEntries(Object.entries(model.services).filter(([name]) => !gone.has(name)));
  return { model: { ...model, services: withoutLeftOut(services, gone) }, missing: gone };
}

function withoutLeftOut(
  services: Readonly<Record<string, ComposeService>>,
  leftOut: ReadonlyMap<string, string>,
): Record<string, ComposeService> {
  return Object.fromEntries(
    Object.entries(services).map(([name, service]) => {
      const kept = Object.entries(service.depends_on ?? {}).filter(([other]) => !leftOut.has(other));
      return [name, service.depends_on ? { ...service, depends_on: Object.fromEntries(kept) } : service];
    }),
  );
}

/** One name in the lab for each image that is built, whoever else uses it. */
function imagesOf(model: ComposeModel, lab: string): ReadonlyMap<string, string> {
  const built = Object.entries(model.services).filter(([, service]) => service.build);
  return new Map(
    built.map(([name, service]) => [
      service.image ?? `${name} built`,
      `shipworthy-lab/${lab}-${name.toLowerCase()}:lab`,
    ]),
  );
}

function cloneNetworks(
  model: ComposeModel,
  labels: Readonly<Record<string, string>>,
  closed: boolean,
  changes: string[],
): Record<string, ComposeObject> {
  const given = { default: null, ...model.networks };
  const kept = (network: ComposeObject | null): ComposeObject => ({
    ...(network?.["driver_opts"] === undefined ? {} : { driver_opts: network["driver_opts"] }),
    ...(closed || network?.["internal"] === true ? { internal: true } : {}),
    labels: { ...(network?.["labels"] as object | undefined), ...labels },
  });
  for (const [name, network] of Object.entries(given)) {
    if (isExternal(network))
      changes.push(`network ${name}: an own one instead of the external ${nameOf(network, name)}`);
    if (hasAddresses(network)) changes.push(`network ${name}: without its fixed addresses`);
  }
  if (closed)
    changes.push("networks: without a way out, so that nothing outside is written to, mailed or charged");
  return Object.fromEntries(Object.entries(given).map(([name, network]) => [name, kept(network)]));
}

function hasAddresses(network: ComposeObject | null): boolean {
  const pools = (network?.["ipam"] as { config?: readonly unknown[] } | undefined)?.config;
  return pools !== undefined && pools.length > 0;
}

function cloneVolumes(
  model: ComposeModel,
  labels: Readonly<Record<string, string>>,
  changes: string[],
): Record<string, ComposeObject> {
  return Object.fromEntries(
    Object.entries(model.volumes ?? {}).map(([name, volume]) => {
      if (isExternal(volume))
        changes.push(`volume ${name}: an own one instead of the external ${nameOf(volume, name)}`);
      const plain = volume?.["driver"] === undefined || volume["driver"] === "local";
      const options = volume?.["driver_opts"] as ComposeObject | undefined;
      if (!plain || options?.["device"] !== undefined)
        changes.push(`volume ${name}: on this machine, and empty`);
      // Options of the local driver say where it lies; without a device they are harmless and kept.
      const keeps = plain && options && options["device"] === undefined;
      return [
        name,
        {
          ...(keeps ? { driver_opts: options } : {}),
          labels: { ...(volume?.["labels"] as object | undefined), ...labels },
        },
      ];
    }),
  );
}

function cloneFiles(
  files: Readonly<Record<string, ComposeObject>> | undefined,
  directory: string,
  folder: string,
  fromEnvironment: { name: string; to: string }[],
): Record<string, ComposeObject> {
  return Object.fromEntries(
    Object.entries(files ?? {}).map(([key, { name: _, ...file }]) => {
      if (file["environment"] === undefined) return [key, file];
      const to = `${folder}/${key}`;
      fromEnvironment.push({ name: String(file["environment"]), to });
      return [key, { file: `${directory}/${to}` }];
    }),
  );
}

function isExternal(object: ComposeObject | null): boolean {
  return object?.["external"] !== undefined && object["external"] !== false;
}

function nameOf(object: ComposeObject | null, otherwise: string): string {
  return String(object?.["name"] ?? otherwise);
}

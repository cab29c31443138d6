import { composeKind } from "../artifacts/compose.ts";
import { type EnvFile, envFile } from "../artifacts/env-file.ts";
import type { Script } from "../artifacts/script.ts";
import { basename, dirname, isOutside, join } from "../core/path.ts";
import type { Gap, Problem } from "../core/problem.ts";
import type { Located } from "../core/source.ts";
import { evaluateEnv } from "../formats/dotenv.ts";
import { child, entriesOf, textOf, type YamlMap, type YamlNode } from "../formats/yaml.ts";
import type { AppComponent } from "./app/detect.ts";
import { type BuildSources, resolveBuild } from "./builds.ts";
import { componentOf } from "./component.ts";
import { isLeftOpen, makerOf } from "./makers.ts";
import { isPassing } from "./project-names.ts";
import type { ProjectPlan } from "./project-plan.ts";
import { containerScript } from "./query.ts";
import type { Reader } from "./reader.ts";
import { type MergedProject, type MergedService, mergeProject } from "./resolve/project.ts";
import { serviceOf } from "./resolve/service.ts";
import { locatedValue, scalarValue, variables } from "./resolve/values.ts";
import type { Build, ComposeProject, NamedFile, NamedNetwork, NamedVolume, Service } from "./stack.ts";

/** `blue` and `green`: a release starts one of the two beside the other, so that one of them always runs. */
const serverProfiles: readonly string[] = ["prod", "production", "blue", "green"];

export interface ProjectContext {
  readonly reader: Reader;
  readonly buildSources: BuildSources;
  readonly components: readonly AppComponent[];
  readonly scripts: readonly Script[];
  /** The builds of the repository, to find what makes an image that is only pulled here. */
  readonly made: readonly Build[];
}

export interface LinkedProject {
  readonly project: ComposeProject;
  readonly problems: readonly Problem[];
  readonly gaps: readonly Gap[];
}

/** Builds one Compose project of the model from its plan. */
export function linkProject(plan: ProjectPlan, context: ProjectContext): LinkedProject {
  const { reader } = context;
  const directory = dirname(plan.files[0]!);
  const lookup = lookupOf(directory, reader);
  const read = (path: string) =>
    reader.files.has(path) === "file" ? reader.parse(composeKind(path), path) : undefined;
  const merged = mergeProject(plan.files, read, lookup, directory);
  const nameNode = merged.name && scalarValue(merged.name, lookup);
  const name =
    lookup("COMPOSE_PROJECT_NAME") || (nameNode?.text ?? projectName(directory, reader.files.root));
  const chosen = [...(plan.profiles ?? []), ...(lookup("COMPOSE_PROFILES")?.split(",") ?? [])];
  // Where nothing chooses, a server starts the profile that is called after it.
  const active = new Set(chosen.length > 0 || plan.grade === "development" ? chosen : serverProfiles);
  const services: Service[] = [];
  const project: ComposeProject = {
    name,
    ...(nameNode ? { nameAt: nameNode.at } : {}),
    directory,
    files: merged.files.length > 0 ? merged.files : plan.files,
    grade: plan.grade,
    because: plan.because,
    ...(plan.meant ? { meant: plan.meant } : {}),
    services,
    volumes: entriesOf(merged.sections.get("volumes")).map(entry =>
      volumeOf(entry.key, entry.value, name, lookup),
    ),
    networks: entriesOf(merged.sections.get("networks")).map(entry =>
      networkOf(entry.key, entry.value, name, lookup),
    ),
    emptySections: [...merged.emptySections.values()],
    secrets: filesOf(merged, "secrets", lookup),
    configs: filesOf(merged, "configs", lookup),
    lookup,
  };
  const awaited = isPassing(plan)
    ? new Set(merged.services.map(service => service.name))
    : awaitedServices(merged);
  const open = wholeVariables(merged.services);
  for (const service of merged.services) {
    const view = serviceOf(service, {
      files: reader.files,
      lookup,
      project,
      awaited,
      active,
      baseOf: merged.baseOf,
      buildOf: (owner, node) => buildOf(owner, node, project, merged, context),
      shown: wanted => shownIn(directory, wanted, reader),
      madeBy: image =>
        open.size > 1 && isLeftOpen(image)
          ? undefined
          : makerOf(image, context.made, basename(reader.files.root)),
      envFile: path => envFileAt(reader, path),
      scriptIn: (candidate, path) => containerScript(context.scripts, reader.files, candidate, path),
    });
    const component = componentOf(view, context.components);
    services.push(component ? { ...view, component } : view);
  }
  return { project, problems: merged.problems, gaps: [] };
}

/** Names of images that the caller gives as a whole; the two colours of a release are one. Several are several images. */
function wholeVariables(services: readonly MergedService[]): ReadonlySet<string> {
  const images = services.map(({ node }) => textOf(child(node, "image"))?.value ?? "").filter(isLeftOpen);
  const named = images.map(image => image.replace(/:\$.*$/, "").replace(/:?\?[^{}]*\}/g, "}"));
  return new Set(
    named.map(name => name.replace(/(?<![A-Za-z])(?:BLUE|GREEN)_?|_(?:BLUE|GREEN)(?![A-Za-z])/gi, "")),
  );
}

/** The variables of the .env file that Compose would load for the project. */
function lookupOf(directory: string, reader: Reader): (name: string) => string | undefined {
  const path = directory === "" ? ".env" : `${directory}/.env`;
  const file = envFileAt(reader, path);
  const values = file ? evaluateEnv(file.entries) : new Map<string, string | undefined>();
  return name => values.get(name);
}

/** What the example files beside the project say of a variable; undefined where they differ. */
function shownIn(directory: string, name: string, reader: Reader): string | undefined {
  const values = new Set(
    reader.surface
      .filter(path => dirname(path) === directory && envFile.recognises(path))
      .flatMap(path => envFileAt(reader, path) ?? [])
      .flatMap(file => evaluateEnv(file.entries).get(name) ?? []),
  );
  return values.size === 1 ? [...values][0] : undefined;
}

function envFileAt(reader: Reader, path: string): EnvFile | undefined {
  if (reader.files.has(path) !== "file") return undefined;
  return reader.parse(envFile, path);
}

/** Compose's rule for a directory's name: lower case, only letters, digits, dashes and underscores. */
function projectName(directory: string, root: string): string {
  const base = directory === "" ? basename(root) : basename(directory);
  return base
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, "")
    .replace(/^[-_]+/, "");
}

function awaitedServices(merged: MergedProject): Set<string> {
  const names = new Set<string>();
  for (const service of merged.services) {
    for (const entry of entriesOf(child(service.node, "depends_on"))) {
      if (textOf(child(entry.value, "condition"))?.value === "service_completed_successfully")
        names.add(entry.key.value);
    }
  }
  return names;
}

function buildOf(
  owner: MergedService,
  node: YamlNode,
  project: ComposeProject,
  merged: MergedProject,
  context: ProjectContext,
): Build | undefined {
  const { lookup } = project;
  const contextNode = node.kind === "map" ? child(node, "context") : node;
  const at = node.at;
  const written = contextNode ? locatedValue(contextNode, lookup) : undefined;
  // A build without a context uses the project's directory.
  const where: Located<string | undefined> = written ?? { value: ".", at };
  const dockerfile = locatedValue(child(node, "dockerfile"), lookup);
  const target = locatedValue(child(node, "target"), lookup);
  const image = scalarValue(child(owner.node, "image"), lookup)?.text;
  return resolveBuild(
    {
      caller: { kind: "compose", name: owner.name },
      project,
      at,
      context: where,
      base: merged.baseOf(where.at.file),
      ...(dockerfile ? { dockerfile } : {}),
      inline: child(node, "dockerfile_inline") !== undefined,
      ...(target?.value === undefined ? {} : { target: { value: target.value, at: target.at } }),
      args: variables(child(node, "args"), "build-arg", lookup),
      tags: image ? [image] : [],
      push: false,
      grade: project.grade,
    },
    context.buildSources,
  );
}

type Lookup = ComposeProject["lookup"];

function isExternal(node: YamlNode, lookup: Lookup): boolean {
  const external = child(node, "external");
  return external?.kind === "map" || scalarValue(external, lookup)?.text === "true";
}

function engineName(key: string, node: YamlNode, project: string, lookup: Lookup): string {
  const own =
    scalarValue(child(node, "name"), lookup)?.text ??
    scalarValue(child(node, "external", "name"), lookup)?.text;
  if (own) return own;
  return isExternal(node, lookup) ? key : `${project}_${key}`;
}

function volumeOf(key: Located<string>, node: YamlNode, project: string, lookup: Lookup): NamedVolume {
  const device = locatedValue(child(node, "driver_opts", "device"), lookup);
  const options = scalarValue(child(node, "driver_opts", "o"), lookup)?.text ?? "";
  return {
    name: key.value,
    at: key.at,
    external: isExternal(node, lookup),
    node,
    engineName: engineName(key.value, node, project, lookup),
    ...(device?.value !== undefined && /\bbind\b/.test(options)
      ? { device: { value: device.value, at: device.at } }
      : {}),
  };
}

function networkOf(key: Located<string>, node: YamlNode, project: string, lookup: Lookup): NamedNetwork {
  return {
    name: key.value,
    at: key.at,
    external: isExternal(node, lookup),
    internal: scalarValue(child(node, "internal"), lookup)?.text === "true",
    node,
    engineName: engineName(key.value, node, project, lookup),
  };
}

function filesOf(merged: MergedProject, section: string, lookup: Lookup): NamedFile[] {
  const node: YamlMap | undefined = merged.sections.get(section);
  return entriesOf(node).map(entry => {
    const file = locatedValue(child(entry.value, "file"), lookup);
    const environment = locatedValue(child(entry.value, "environment"), lookup);
    const path = file?.value === undefined ? undefined : join(merged.baseOf(file.at.file), file.value);
    return {
      name: entry.key.value,
      at: entry.key.at,
      external: isExternal(entry.value, lookup),
      node: entry.value,
      ...(path !== undefined && !isOutside(path) && !file!.value!.startsWith("~")
        ? { path: { value: path, at: file!.at } }
        : {}),
      ...(environment?.value === undefined
        ? {}
        : { environment: { value: environment.value, at: environment.at } }),
    };
  });
}

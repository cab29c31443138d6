import type { Script } from "../artifacts/script.ts";
import type { Evidence, Severity } from "../core/finding.ts";
import { inside, join } from "../core/path.ts";
import type { PathKind, ProjectFiles } from "../core/project-files.ts";
import { sourceOf } from "../core/project-files.ts";
import type { Location } from "../core/source.ts";
import type { ShellScript } from "../formats/shell.ts";
import { throughMount } from "./resolve/endpoints.ts";
import type { ComposeProject, Grade, Port, ProxyInstance, Service, Stack, Variable } from "./stack.ts";

/** Questions that many rules ask. Each answers from the model alone. */

const order: readonly Severity[] = ["critical", "high", "medium", "low"];

/**
 * What a defect weighs in this project: full weight where it is deployed, one step less on a staging server,
 * `low` on a workstation. Undefined stands for "say nothing": a hardening remark about a development file is noise.
 */
export function weigh(subject: Service | ComposeProject | Grade, severity: Severity): Severity {
  const grade = gradeOf(subject);
  if (grade === "deployed") return severity;
  if (grade === "development") return "low";
  // Whether it is on a server at all is a guess: nothing grave rests on that.
  if (grade === "presumed") return order.indexOf(severity) < order.indexOf("medium") ? "medium" : severity;
  return order[Math.min(order.indexOf(severity) + 1, 3)]!;
}

/**
 * What a server's file has and this one lacks: a restart policy, a limit, a check. Where nothing but a guess has it on a
 * server, the lack is one reason more to doubt the guess, and no defect.
 */
export function weighLack(subject: Service | ComposeProject | Grade, severity: Severity): Severity {
  return gradeOf(subject) === "presumed" ? "low" : weigh(subject, severity);
}

export function isPresumed({ project }: Service): boolean {
  return project.grade === "presumed";
}

export function gradeOf(subject: Service | ComposeProject | Grade): Grade {
  if (typeof subject === "string") return subject;
  return "grade" in subject ? subject.grade : subject.project.grade;
}

const onServers = new WeakMap<Stack, readonly Service[]>();

/** Services that have to stay up on a server: deployed or staging, no one-shots, no optional profiles. */
export function serverServices(stack: Stack): readonly Service[] {
  const known = onServers.get(stack);
  if (known) return known;
  const found = stack.services.filter(
    service =>
      gradeOf(service) !== "development" &&
      !service.oneShot &&
      !isOptional(service) &&
      !isOnlyTried(stack, service),
  );
  // A hundred rules ask.
  onServers.set(stack, found);
  return found;
}

const tried = new WeakMap<Service, boolean>();

/** The comment above it: "used only for testing purposes", "not needed for deployment". */
function isOnlyTried(stack: Stack, service: Service): boolean {
  let is = tried.get(service);
  if (is === undefined) {
    const { file, span } = service.at;
    const before = sourceOf(stack, file)?.text.slice(Math.max(0, span.start - 600), span.start) ?? "";
    const above = /(?:^[ \t]*#[^\n]*\n)+[ \t]*$/m.exec(before)?.[0] ?? "";
    is =
      /\bonly (?:used )?for test(?:s|ing)?\b|\bfor test(?:s|ing)? (?:purposes )?only\b|\bnot needed (?:for|in) (?:an? )?(?:actual |real )?(?:deployments?|production)\b/i.test(
        above,
      );
    tried.set(service, is);
  }
  return is;
}

/** Started only when a profile is named, or never: `replicas: 0` is an image that others are built on. */
export function isOptional(service: Service): boolean {
  return service.profiles.length > 0 || service.replicas?.value === 0;
}

/** A service that keeps data others would miss. */
export function isStore(service: Service): boolean {
  return ["database", "cache", "queue", "search", "storage"].includes(service.kind);
}

/** The names under which other containers of the project reach a service. */
export function hostNames(service: Service): string[] {
  const names = [service.name];
  if (service.containerName?.text) names.push(service.containerName.text);
  const hostname = service.text("hostname")?.text;
  if (hostname) names.push(hostname);
  const networks = service.get("networks");
  for (const network of networks?.kind === "map" ? networks.entries : []) {
    const aliases =
      network.value.kind === "map"
        ? network.value.entries.find(entry => entry.key.value === "aliases")?.value
        : undefined;
    for (const alias of aliases?.kind === "seq" ? aliases.items : [])
      if (alias.kind === "scalar") names.push(String(alias.value));
  }
  return names;
}

/** The service of a project that answers to a host name. */
export function serviceAt(project: ComposeProject, host: string): Service | undefined {
  return project.services.find(service => hostNames(service).includes(host));
}

export function variable(service: Service, name: string): Variable | undefined {
  return service.environment.find(entry => entry.name === name);
}

/** Published on an address that other machines reach; unknown addresses do not count. */
export function publicPorts(service: Service): Port[] {
  return service.ports.filter(port => port.public === true);
}

/** What stands at a path inside the running container. */
export interface ContainerFile {
  readonly has: "yes" | "no" | "unknown";
  /** The file of the repository that is seen there, when one is. */
  readonly repositoryPath?: string;
  /** The mount or COPY that decides. */
  readonly at?: Location;
  readonly kind?: PathKind;
}

/**
 * Looks into a container: mounts first (the longest target wins), then the built image. A named volume shows what
 * the image put there, because Docker copies it on first use.
 */
export function containerFile(stack: Pick<Stack, "files">, service: Service, path: string): ContainerFile {
  const mounts = service.mounts
    .filter(mount => inside(mount.target, path) !== undefined)
    .sort((a, b) => b.target.length - a.target.length);
  for (const mount of mounts) {
    if (mount.type === "bind") {
      const repositoryPath = throughMount(mount, path);
      if (repositoryPath === undefined) return { has: "unknown", at: mount.at };
      const kind = repositoryPath === "" ? "directory" : stack.files.has(repositoryPath);
      return kind ? { has: "yes", repositoryPath, at: mount.at, kind } : { has: "no", at: mount.at };
    }
    if (mount.type === "tmpfs")
      return path === mount.target ? { has: "yes", at: mount.at } : { has: "unknown", at: mount.at };
    // A named volume may hold anything once it has been used.
    const image = service.model?.file(path);
    return image?.has === "yes" ? imageFile(image) : { has: "unknown", at: mount.at };
  }
  const image = service.model?.file(path);
  return image ? imageFile(image) : { has: "unknown" };
}

function imageFile(file: { has: "yes" | "no" | "unknown"; from?: Location; source?: string }): ContainerFile {
  return {
    has: file.has,
    ...(file.source === undefined ? {} : { repositoryPath: file.source }),
    ...(file.from === undefined ? {} : { at: file.from }),
  };
}

/** The proxies that run in a project. */
export function proxiesOf(stack: Stack, project: ComposeProject): ProxyInstance[] {
  return stack.proxies.filter(proxy => proxy.service?.project === project);
}

/** Proxies that face the internet: published on any address, or not tied to a service at all. */
export function edgeProxies(stack: Stack): ProxyInstance[] {
  return stack.proxies.filter(proxy => proxy.service !== undefined && publicPorts(proxy.service).length > 0);
}

export function evidence(at: Location, shows: string): Evidence {
  return { at, shows };
}

/** `"a", "b" and "c"`; at most five names, then how many more. */
export function listNames(names: readonly string[]): string {
  return listPlain(names.map(name => `"${name}"`));
}

/** The same without quotation marks. */
export function listPlain(names: readonly string[]): string {
  if (names.length === 1) return names[0]!;
  if (names.length > 5) return `${names.slice(0, 4).join(", ")} and ${names.length - 4} more`;
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

const searchPath = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** The shell script of the repository that a container sees at a path: an entry point that was copied or mounted in. */
export function containerScript(
  scripts: readonly Script[],
  files: ProjectFiles,
  service: Service,
  path: string,
): ShellScript | undefined {
  const beside = service.text("working_dir")?.text ?? service.model?.workdir ?? "/";
  // A bare name is looked for on the PATH; an interpreter takes it from its directory.
  const places = path.startsWith("/") ? [""] : path.includes("/") ? [beside] : [beside, ...searchPath];
  for (const place of places) {
    const file = containerFile({ files }, service, join(place, path)).repositoryPath;
    const script = file === undefined ? undefined : scripts.find(each => each.file === file)?.script;
    if (script) return script;
  }
  return undefined;
}

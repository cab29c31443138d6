import { sourceOf } from "../core/project-files.ts";
import type { ServiceRow } from "../core/report.ts";
import type { ComposeProject, Mount, Port, Service, Stack } from "../stack/stack.ts";
import type { Description } from "./examined.ts";
import { reportPlace } from "./excerpt.ts";
import { maskSecrets } from "./mask.ts";

/** The tables of the report: which stacks there are, what each service is, and which files were read. */
export function describe(stack: Stack): Description {
  const labels = labelsOf(stack.projects);
  return {
    stacks: stack.projects.map(project => ({
      name: labels.get(project) ?? project.name,
      files: project.files,
      grade: project.grade,
      because: maskSecrets(project.because.text, stack.secrets, "prose"),
    })),
    services: stack.services.map(service => row(stack, service, labels.get(service.project))),
    files: [...stack.sources.keys()].sort().map(path => ({ path, kind: stack.kinds.get(path) ?? "text" })),
  };
}

/** A project's name, with its last file where several projects share the name: they would share volumes too. */
function labelsOf(projects: readonly ComposeProject[]): ReadonlyMap<ComposeProject, string> {
  return new Map(
    projects.map(project => {
      const isAlone = projects.filter(other => other.name === project.name).length === 1;
      return [project, isAlone ? project.name : `${project.name} (${project.files.at(-1)})`];
    }),
  );
}

function row(stack: Stack, service: Service, label = service.project.name): ServiceRow {
  return {
    stack: label,
    name: service.name,
    from: maskSecrets(fromOf(service), stack.secrets, "prose"),
    published: service.ports.map(portOf),
    restart: service.restart?.raw ?? service.restartPolicy?.value ?? "no",
    health: healthOf(service),
    limits: limitsOf(service),
    data: service.mounts.flatMap(dataOf),
    user: userOf(service),
    place: reportPlace(sourceOf(stack, service.at.file), service.at, stack.secrets),
  };
}

/** The image's entry point may start as root and serve as somebody else. */
function userOf({ user, model, facts }: Service): string {
  if (user) return user.raw;
  if (model)
    return (
      model.user?.value ?? (model.runsAsRoot === undefined ? "" : model.runsAsRoot ? "root" : "not root")
    );
  if (!facts?.user) return "";
  return facts.dropsPrivileges ? "not root" : facts.user;
}

function fromOf({ build, image }: Service): string {
  if (!build) return image?.text ?? image?.raw ?? "";
  const context = build.context === "" ? "." : (build.context ?? "?");
  return `build ${context}${build.dockerfilePath ? ` (${build.dockerfilePath})` : ""}`;
}

function portOf({ raw, hostIp, published, target, protocol }: Port): string {
  if (target === undefined) return raw;
  const host = published === undefined ? "" : `${hostIp ? `${hostIp}:` : ""}${published} → `;
  return `${host}${target}${protocol === "tcp" ? "" : `/${protocol}`}`;
}

function healthOf({ healthcheck }: Service): string {
  if (!healthcheck) return "none";
  if (healthcheck.disabled) return "disabled";
  return healthcheck.from === "compose" ? "yes" : "from the image";
}

function limitsOf(service: Service): string {
  const memory = service.text("deploy", "resources", "limits", "memory") ?? service.text("mem_limit");
  const cpus = service.text("deploy", "resources", "limits", "cpus") ?? service.text("cpus");
  const limits = [memory?.raw, cpus && `${cpus.raw} CPU`].filter(limit => limit !== undefined);
  return limits.length > 0 ? limits.join(", ") : "none";
}

function dataOf({ type, source, target, readOnly }: Mount): string[] {
  if (readOnly || (type !== "volume" && type !== "bind")) return [];
  return [`${source ?? "(anonymous)"}:${target}`];
}

import type { ServiceRow } from "../core/report.ts";
import type { Mount, Port, Service, Stack } from "../stack/stack.ts";
import type { Description } from "./examined.ts";
import { reportPlace } from "./excerpt.ts";
import { maskSecrets } from "./mask.ts";

/** The tables of the report: which stacks there are, what each service is, and which files were read. */
export function describe(stack: Stack): Description {
  return {
    stacks: stack.projects.map(project => ({
      name: project.name,
      files: project.files,
      grade: project.grade,
      because: maskSecrets(project.because.text, stack.secrets, "prose"),
    })),
    services: stack.services.map(service => row(stack, service)),
    files: [...stack.sources.keys()].sort().map(path => ({ path, kind: stack.kinds.get(path) ?? "text" })),
  };
}

function row(stack: Stack, service: Service): ServiceRow {
  return {
    stack: service.project.name,
    name: service.name,
    from: maskSecrets(fromOf(service), stack.secrets, "prose"),
    published: service.ports.map(portOf),
    restart: service.restart?.raw ?? service.restartPolicy?.value ?? "no",
    health: healthOf(service),
    limits: limitsOf(service),
    data: service.mounts.flatMap(dataOf),
    user: service.user?.raw ?? service.model?.user?.value ?? service.facts?.user ?? "",
    place: reportPlace(stack.sources.get(service.at.file), service.at, stack.secrets),
  };
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

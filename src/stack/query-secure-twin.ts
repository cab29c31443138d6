import { tlsServers } from "./proxy/effective.ts";
import { proxiesOf } from "./query.ts";
import type { ComposeProject, Service, Stack } from "./stack.ts";

/** Another Compose file runs a program built from the same sources, behind a proxy that speaks TLS. */
export function hasSecureTwin(stack: Stack, project: ComposeProject): boolean {
  return stack.projects.some(
    other =>
      other !== project &&
      other.grade === "deployed" &&
      proxiesOf(stack, other).some(proxy => tlsServers(proxy.effective).length > 0) &&
      other.services.some(service => project.services.some(own => isSameProgram(own, service))),
  );
}

function isSameProgram({ name, build }: Service, other: Service): boolean {
  return (
    name === other.name &&
    build?.dockerfilePath !== undefined &&
    build.dockerfilePath === other.build?.dockerfilePath &&
    build.context === other.build.context
  );
}

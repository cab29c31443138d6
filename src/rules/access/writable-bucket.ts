import type { Location } from "../../core/source.ts";
import { allLocations } from "../../stack/proxy/effective.ts";
import { edgeProxies, evidence, gradeOf, weigh } from "../../stack/query.ts";
import { openPorts } from "../../stack/query-ports.ts";
import { placeOf } from "../../stack/query-process.ts";
import { servicesBehind } from "../../stack/query-proxy.ts";
import { isWorkstationCall } from "../../stack/query-scripts.ts";
import type { ComposeProject, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

/** MinIO's `public` lists, reads, writes and deletes; `download` only reads. */
const writable = /(?:^|[\s/])mc(?:li)? (?:-\S+ )*(?:anonymous|policy) (?:-\S+ )*(?:set )?(public|upload)\b/;

export default defineRule({
  id: "access/writable-bucket",
  title: "Visitors cannot write to a bucket",
  claim: "exposes-only-the-front-door",
  severity: "high",
  why: "A stranger replaces or wipes the files of all users, or keeps his own there, with one request that needs no login.",
  *check(stack) {
    const told = new Set<Service>();
    for (const { at, policy, project } of opened(stack)) {
      const stores = stack.services.filter(
        each =>
          each.kind === "storage" &&
          gradeOf(each) !== "development" &&
          (!project || each.project === project),
      );
      for (const service of stores) {
        const way = told.has(service) ? undefined : wayIn(stack, service);
        if (!way) continue;
        told.add(service);
        const does = policy === "public" ? "list, replace and delete the files" : "put files of their own";
        yield {
          subject: service.name,
          message: `Everybody may ${does} in a bucket of "${service.name}": its policy is "${policy}", which asks for no login.`,
          severity: weigh(service, "high"),
          evidence: [
            evidence(at, "opens the bucket for writing, too"),
            evidence(way, "the way to it from outside"),
          ],
        };
      }
    }
  },
});

interface Opened {
  readonly at: Location;
  readonly policy: string;
  readonly project?: ComposeProject;
}

/** Commands of services and scripts that give everybody the right to write. */
function opened(stack: Stack): Opened[] {
  const found: Opened[] = [];
  for (const service of stack.services)
    for (const words of gradeOf(service) === "development" ? [] : (service.process?.commands ?? [])) {
      const policy = writable.exec(words.map(word => word.value ?? "?").join(" "))?.[1];
      if (policy) found.push({ at: placeOf(words), policy, project: service.project });
    }
  for (const placed of stack.calls) {
    const { call } = placed;
    const policy = writable.exec(call.command.words.map(word => word.text).join(" "))?.[1];
    if (policy && !isWorkstationCall(placed)) found.push({ at: call.at, policy });
  }
  return found;
}

/** Where other machines reach the store: its own port, or a proxy that hands on to it. */
function wayIn(stack: Stack, service: Service): Location | undefined {
  const port = openPorts(service).find(each => each.target === 9000);
  if (port) return port.at;
  for (const proxy of edgeProxies(stack))
    for (const location of proxy.effective.servers.flatMap(allLocations))
      if (location.proxyPass && servicesBehind(proxy, location).includes(service))
        return location.proxyPass.url.at;
  return undefined;
}

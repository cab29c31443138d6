import type { Violation } from "../../core/finding.ts";
import type { Location } from "../../core/source.ts";
import { evidence, listNames, serverServices, weigh } from "../../stack/query.ts";
import { dataFiles, fileKeeping } from "../../stack/query-sqlite.ts";
import type { Mount, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "data/sqlite-file",
  title: "The file of a database lies on a volume that outlives its container",
  claim: "data-survives-redeploy",
  severity: "high",
  why: "Data in the container is gone as soon as the container is removed and made again: an update, a `down`, a new host.",
  *check(stack) {
    const groups = new Map<string, { at: Location; lost: string; services: Service[] }>();
    for (const service of serverServices(stack)) {
      for (const file of dataFiles(stack, service)) {
        const keeping = fileKeeping(service, file);
        if (!keeping || isOfUnit(stack, file.paths[0] ?? "")) continue;
        if (keeping.kept) {
          const { mount } = keeping;
          if (mount.type === "volume" && mount.target === file.paths[0])
            yield directory(service, mount, file.at);
          else yield { subject: service.name, kept: evidence(mount.at, `holds ${file.paths[0]}`) };
          continue;
        }
        const key = `${service.project.grade} ${file.at.file} ${file.at.span.start} ${keeping.path}`;
        const group = groups.get(key) ?? { at: file.at, lost: keeping.path, services: [] };
        group.services.push(service);
        groups.set(key, group);
      }
    }
    for (const { at, lost: path, services } of groups.values()) {
      const [service] = services as [Service];
      const volumes = services.flatMap(each => each.mounts.filter(mount => mount.type === "volume"));
      yield {
        subject: service.name,
        message: `${listNames(services.map(each => each.name))} ${services.length === 1 ? "keeps its" : "keep their"} SQLite database (${path}) inside the container: it is gone when the container is made again.`,
        evidence: [
          evidence(at, "the database lies here, in the container"),
          ...volumes.map(mount => evidence(mount.at, `mounted at ${mount.target}, which does not hold it`)),
        ],
        severity: weigh(service, "high"),
        confidence: "likely",
      };
    }
  },
});

/** The path lies in the directory of a systemd unit of this repository: the settings are those of the server without Docker. */
function isOfUnit(stack: Stack, path: string): boolean {
  return stack.files.paths.some(file => {
    const read = file.endsWith(".service") ? stack.files.read(file) : undefined;
    const text = read && "source" in read ? read.source.text : "";
    const home = /(?:^|\n)WorkingDirectory=(\/[^\s]+)/.exec(text)?.[1];
    return home !== undefined && path.startsWith(`${home.replace(/\/+$/, "")}/`);
  });
}

function directory(service: Service, mount: Mount, at: Location): Violation {
  return {
    subject: service.name,
    message: `The SQLite database of "${service.name}" cannot be opened: a volume is a directory, and this one is mounted at the path of the file, ${mount.target}.`,
    evidence: [evidence(mount.at, "makes a directory here"), evidence(at, "a file is expected there")],
    severity: weigh(service, "high"),
    confidence: "likely",
  };
}

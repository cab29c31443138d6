import type { Severity, Violation } from "../../core/finding.ts";
import { basename } from "../../core/path.ts";
import type { Kept } from "../../core/rule.ts";
import type { Location } from "../../core/source.ts";
import { evidence, listNames, serverServices, weigh } from "../../stack/query.ts";
import {
  type DataDirectory,
  dataDirectories,
  followsNewest,
  type Keeping,
  keepingOf,
  refusedMount,
} from "../../stack/query-data.ts";
import { dataFiles, fileKeeping } from "../../stack/query-sqlite.ts";
import type { Mount, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const stores = new Set(["database", "storage", "search", "queue"]);

export default defineRule({
  id: "data/named-volume",
  title: "A database keeps its data on a volume that outlives its container",
  claim: "data-survives-redeploy",
  severity: "critical",
  why: "Data in the container or in an anonymous volume is gone for the service as soon as the container is removed and made again: an update, a `down`, a new host.",
  *check(stack) {
    const seen = new Set<string>();
    for (const service of serverServices(stack)) {
      const place = `${service.at.file}:${service.at.span.start}`;
      if (!stores.has(service.kind) || seen.has(place)) continue;
      seen.add(place);
      const refused = refusedMount(service);
      if (refused) {
        yield stopped(service, refused);
        continue;
      }
      const candidates = dataDirectories(service).map(directory => ({
        directory,
        keeping: keepingOf(service, directory),
      }));
      const first = candidates[0];
      if (!first || candidates.some(({ keeping }) => keeping.in === "unknown")) continue;
      const kept = candidates.find(({ keeping }) => keeping.in === "volume" || keeping.in === "bind");
      if (!kept) yield lost(service, first.directory, first.keeping);
      else if ("mount" in kept.keeping)
        yield {
          subject: service.name,
          kept: evidence(kept.keeping.mount!.at, `holds ${kept.directory.path}`),
        };
    }
    yield* ownFiles(stack);
  },
});

/** Programs that keep a SQLite database of their own. */
function* ownFiles(stack: Stack): Generator<Violation | Kept> {
  const groups = new Map<string, { at: Location; lost: string; services: Service[] }>();
  for (const service of serverServices(stack)) {
    for (const file of dataFiles(stack, service)) {
      const keeping = fileKeeping(service, file);
      if (!keeping) continue;
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

function stopped(service: Service, mount: Mount): Violation {
  if (followsNewest(service))
    return {
      subject: service.name,
      message: `The next pull stops service "${service.name}": an image of PostgreSQL without a version is 18 or later since September 2025, which exits while anything is mounted at ${mount.target}.`,
      evidence: [
        evidence(service.image!.at, "18 or later"),
        evidence(mount.at, "the image stops at its start while anything is mounted here"),
      ],
      // Where an older one was pulled it still runs.
      severity: severityOf(service) === "critical" ? "high" : severityOf(service),
    };
  return {
    subject: service.name,
    message: `Service "${service.name}" does not start: since 18 the image of PostgreSQL exits while anything is mounted at ${mount.target}; its volume belongs at /var/lib/postgresql.`,
    evidence: [evidence(mount.at, "the image stops at its start while anything is mounted here")],
    severity: severityOf(service),
    // An env file that is not in the repository may set PGDATA.
    ...(service.envFiles.some(use => !use.file) ? { confidence: "likely" as const } : {}),
  };
}

function lost(service: Service, { path }: DataDirectory, keeping: Keeping): Violation {
  const where = {
    tmpfs: "in memory: every restart begins with none",
    anonymous: "in an anonymous volume: after `down` the next `up` begins with an empty one",
    container: "inside the container: it is gone when the container is made again",
  }[keeping.in as "tmpfs" | "anonymous" | "container"];
  const mount = "mount" in keeping ? keeping.mount : undefined;
  // A mount beside the data directory is the usual cause: a mistyped or outdated path.
  const beside = service.mounts.filter(
    other => other !== mount && other.type !== "tmpfs" && isNear(other.target, path) && !isInit(other.target),
  );
  const places = [
    ...(mount
      ? [evidence(mount.at, keeping.in === "tmpfs" ? "the data lies in memory" : "an anonymous volume")]
      : []),
    ...beside.map(other => evidence(other.at, `mounted at ${other.target}, the data lies in ${path}`)),
  ];
  return {
    subject: service.name,
    message: `Service "${service.name}" keeps its data (${path}) ${where}.`,
    evidence: [places[0] ?? evidence(service.at, `no volume at ${path}`), ...places.slice(1)],
    severity: severityOf(service),
    ...(service.build ? { confidence: "likely" as const } : {}),
  };
}

function severityOf(service: Service): Severity {
  const full = service.kind === "database" || service.kind === "storage";
  const trial = service.project.files.some(file =>
    /(^|[._-])(test|testing|qa|e2e|ci)([._-]|$)/.test(basename(file)),
  );
  const queue = service.kind === "queue";
  if (service.project.grade === "deployed" && !trial) return full ? "critical" : queue ? "medium" : "high";
  return full ? "medium" : "low";
}

function isNear(target: string, path: string): boolean {
  const depth = path.split("/").slice(0, 3).join("/");
  return path.startsWith(target) || target.startsWith(depth);
}

function isInit(target: string): boolean {
  return /initdb|\.(conf|cnf|sql|sh|crt|key|pem)$/.test(target);
}

import type { Severity, Violation } from "../../core/finding.ts";
import { addTo } from "../../core/group.ts";
import { basename } from "../../core/path.ts";
import { keepInVolume } from "../../remedies/data-volume.ts";
import { mountHigher } from "../../remedies/postgres-mount.ts";
import { evidence, listNames, serverServices, weigh } from "../../stack/query.ts";
import { isSecondDatabase } from "../../stack/query-backup-ways.ts";
import {
  type DataDirectory,
  dataDirectories,
  followsNewest,
  isMistaken,
  type Keeping,
  keepingOf,
  misplacedVolumes,
  refusedMount,
} from "../../stack/query-data.ts";
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
    const pulled = new Map<string, [Service, Mount][]>();
    for (const service of serverServices(stack)) {
      const place = `${service.at.file}:${service.at.span.start}`;
      if (seen.has(place)) continue;
      const [misplaced] = misplacedVolumes(service);
      if (misplaced) yield beside(service, misplaced);
      if (!stores.has(service.kind) || isSecondDatabase(service)) continue;
      seen.add(place);
      const refused = refusedMount(service);
      if (refused && followsNewest(service)) {
        // One moving name is one cause, however many databases are made from it.
        const key = `${service.project.files.join()} ${service.build ? service.name : service.image!.raw}`;
        addTo(pulled, key, [service, refused]);
        continue;
      }
      if (refused) {
        yield stopped(stack, service, refused);
        continue;
      }
      const candidates = dataDirectories(service).map(directory => ({
        directory,
        keeping: keepingOf(service, directory),
      }));
      const first = candidates[0];
      if (!first || candidates.some(({ keeping }) => keeping.in === "unknown")) continue;
      const kept = candidates.find(({ keeping }) => keeping.in === "volume" || keeping.in === "bind");
      if (!kept) yield lost(stack, service, first.directory, first.keeping);
      else if ("mount" in kept.keeping)
        yield {
          subject: service.name,
          kept: evidence(kept.keeping.mount!.at, `holds ${kept.directory.path}`),
        };
    }
    for (const group of pulled.values()) yield moving(group);
  },
});

function moving(group: readonly (readonly [Service, Mount])[]): Violation {
  const [service, mount] = group[0]!;
  const names = group.map(([each]) => each.name);
  const what = `${names.length === 1 ? "service" : "services"} ${listNames(names)}`;
  const [first, ...rest] = group.flatMap(([each, at]) => [
    evidence((each.build ?? each.made) ? each.model!.stage.from.image.at : each.image!.at, "18 or later"),
    evidence(at.at, "the image stops at its start while anything is mounted here"),
  ]);
  return {
    subject: names.join(", "),
    message: `${(service.build ?? service.made) ? `The next build with a new base stops ${what}` : `The next pull stops ${what}`}: an image of PostgreSQL without a version is 18 or later since September 2025, which exits while anything is mounted at ${mount.target}.`,
    evidence: [first!, ...rest],
    // Where an older one was pulled it still runs.
    severity: severityOf(service) === "critical" ? "high" : severityOf(service),
  };
}

function beside(service: Service, mount: Mount): Violation {
  const { path } = dataDirectories(service)[0]!;
  return {
    subject: service.name,
    message: `The volume of "${service.name}" lies at ${mount.target}, where its image keeps nothing: what it holds (${path}) is gone when the container is made again.`,
    evidence: [evidence(mount.at, `the data lies in ${path}`)],
    severity: weigh(service, "medium"),
  };
}

function stopped(stack: Stack, service: Service, mount: Mount): Violation {
  return {
    subject: service.name,
    message: `Service "${service.name}" does not start: since 18 the image of PostgreSQL exits while anything is mounted at ${mount.target}; its volume belongs at /var/lib/postgresql.`,
    evidence: [evidence(mount.at, "the image stops at its start while anything is mounted here")],
    severity: severityOf(service),
    fix: () => mountHigher(stack, service, mount),
    // An env file that is not in the repository may set PGDATA.
    ...(service.envFiles.some(use => !use.file) ? { confidence: "likely" as const } : {}),
  };
}

function lost(stack: Stack, service: Service, directory: DataDirectory, keeping: Keeping): Violation {
  const { path } = directory;
  const where = {
    tmpfs: "in memory: every restart begins with none",
    anonymous: "in an anonymous volume: after `down` the next `up` begins with an empty one",
    container: "inside the container: it is gone when the container is made again",
  }[keeping.in as "tmpfs" | "anonymous" | "container"];
  const mount = "mount" in keeping ? keeping.mount : undefined;
  // A mount beside the data directory is the usual cause: a mistyped or outdated path.
  const beside = service.mounts.filter(
    other => other !== mount && other.type !== "tmpfs" && isMistaken(other.target, path),
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
    ...((service.build ?? service.made) ? { confidence: "likely" as const } : {}),
    // In memory is a choice that somebody has made.
    ...(keeping.in === "tmpfs"
      ? {}
      : {
          fix: () =>
            keepInVolume(stack, service, { directory, beside, ...(mount ? { unnamed: mount } : {}) }),
        }),
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

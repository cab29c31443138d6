import type { Severity, Violation } from "../../core/finding.ts";
import { addTo } from "../../core/group.ts";
import { basename } from "../../core/path.ts";
import { evidence, isOptional, listNames, weigh } from "../../stack/query.ts";
import { isMisplaced } from "../../stack/query-misplaced.ts";
import { oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import {
  folderOf,
  isAddition,
  isFile,
  isGoneWithBuild,
  isMissing,
  isNotIncluded,
  isOfItsOwn,
  isSpare,
  isStartedItself,
  isUnread,
  isUnshown,
} from "../../stack/query-unfound.ts";
import type { Mount, Service } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const production = /prod|deploy|server|live/i;

export default defineRule({
  id: "boot/bind-source",
  title: "Every mounted file and configuration directory is in the repository",
  claim: "boots-healthy",
  severity: "critical",
  why: "Docker makes an empty directory where a bind mount's source is missing: a program that expects a file there does not start.",
  habit: true,
  *check(stack) {
    const first = oncePerPlace();
    const groups = new Map<string, Unfound[]>();
    for (const service of worstFirst(stack.services)) {
      if (isMisplaced(stack, service.project)) continue;
      const missing = service.mounts.filter(
        mount =>
          isMissing(stack, mount) &&
          !isUnshown(stack, service, mount) &&
          !isUnread(service, mount) &&
          !isOfItsOwn(service, mount) &&
          !isStartedItself(service, mount) &&
          !isNotIncluded(stack, service, mount) &&
          !isSpare(stack, mount) &&
          !isGoneWithBuild(stack, service, mount) &&
          first(mount.sourceAt),
      );
      if (missing.length === 0) continue;
      const files = missing.filter(mount => isFile(mount) && !isAddition(service, mount));
      // What a profile switches on is set up by who switches it on, unless it is production.
      const optional = isOptional(service) && !service.profiles.some(({ value }) => production.test(value));
      const severity = weigh(service, files.length > 0 && !optional ? "critical" : "medium");
      const folder = folderOf(stack, missing);
      const key = folder === undefined ? `${groups.size}` : `${service.project.files.join("\n")}\n${folder}/`;
      addTo(groups, key, { service, missing, files, severity });
    }
    for (const group of groups.values()) yield told(group);
  },
});

/** What one service mounts and the repository does not have. */
interface Unfound {
  readonly service: Service;
  readonly missing: readonly Mount[];
  readonly files: readonly Mount[];
  readonly severity: Severity;
}

const order: readonly Severity[] = ["critical", "high", "medium", "low"];

function told(group: readonly Unfound[]): Violation {
  const [first, ...more] = group.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
  const { service, files, severity } = first!;
  const missing = group.flatMap(each => each.missing);
  const services = [service, ...more.map(each => each.service)].map(each => each.name);
  const names = listNames([...new Set(missing.map(mount => mount.source!))]);
  const then =
    files.length > 0
      ? `Docker puts an empty directory in place of ${basename(files[0]!.target)}, so the service does not start as it should`
      : "the service starts with an empty directory";
  const [at, ...rest] = missing.map(mount =>
    evidence(mount.sourceAt, `${mount.repositoryPath} does not exist`),
  );
  return {
    subject: service.name,
    message: `${listNames(services)} ${more.length === 0 ? "mounts" : "mount"} ${names}, which ${missing.length === 1 ? "is" : "are"} not in the repository: ${then}.`,
    severity,
    confidence: files.length > 0 ? "certain" : "likely",
    evidence: [at!, ...rest],
  };
}

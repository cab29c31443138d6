import type { Severity } from "../../core/finding.ts";
import { addTo } from "../../core/group.ts";
import { basename, dirname } from "../../core/path.ts";
import type { Location } from "../../core/source.ts";
import { evidence, gradeOf, isOptional, listPlain, weigh } from "../../stack/query.ts";
import { serverProxies } from "../../stack/query-proxy.ts";
import {
  caddyDirectories,
  isNothingThere,
  nginxDirectories,
  type ServedDirectory,
} from "../../stack/query-served.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "proxy/served-directory",
  title: "The front door has the files that it serves",
  claim: "boots-healthy",
  severity: "high",
  why: "Every request for these files is answered with 404, or with 500 where one of them is to stand in for all: pages come up bare or not at all, while every container is healthy.",
  *check(stack) {
    for (const { service, directories } of doors(stack)) {
      const told = new Set<string>();
      const lacking: { path: string; url: string; at: Location; severity: Severity }[] = [];
      for (const served of directories) {
        const { path, url, at, whole } = served;
        const key = path ?? "";
        if (told.has(key)) continue;
        if (path !== undefined && !isNothingThere(stack, service, path)) {
          yield { subject: `${service.name} ${path}`, kept: evidence(at, "the files are in the container") };
          continue;
        }
        if (path === undefined) continue;
        told.add(key);
        const severity = weigh(service, whole ? "critical" : isMeant(service, path) ? "high" : "medium");
        lacking.push({ path, url, at, severity });
      }
      // Directories that lie side by side lack one mount, or stand under one misspelt name.
      const groups = new Map<string, typeof lacking>();
      for (const each of lacking) {
        const key = dirname(each.path) === "/" ? each.path : `${dirname(each.path)} ${each.severity}`;
        addTo(groups, key, each);
      }
      for (const group of groups.values()) {
        const [{ path, severity }] = group as [(typeof lacking)[number]];
        const paths = listPlain(group.map(each => each.path));
        const one = group.length === 1;
        yield {
          subject: `${service.name} ${path}`,
          message: `"${service.name}" serves ${listPlain(group.map(each => each.url))} from ${paths}, and nothing puts files there: the image has no such ${one ? "directory" : "directories"}, and no volume is mounted on ${one ? "it" : "them"}.`,
          severity,
          ...(service.build ? { confidence: "likely" as const } : {}),
          evidence: [
            evidence(group[0]!.at, "nothing is there"),
            ...group.slice(1).map(each => evidence(each.at, "nothing is there")),
            evidence(service.image?.at ?? service.build?.at ?? service.at, "runs here"),
          ],
        };
      }
    }
  },
});

/** Another service keeps a directory of this name on a volume: these files are meant, and not a line of an example. */
function isMeant(service: Service, path: string): boolean {
  return service.project.services.some(
    other => other !== service && other.mounts.some(({ target }) => basename(target) === basename(path)),
  );
}

function doors(stack: Stack): { service: Service; directories: ServedDirectory[] }[] {
  const nginx = serverProxies(stack).flatMap(proxy =>
    proxy.service && proxy.effective.gaps.length === 0
      ? [{ service: proxy.service, directories: nginxDirectories(proxy) }]
      : [],
  );
  const caddy = stack.caddies
    .filter(({ service, model }) => gradeOf(service) !== "development" && model.unread.length === 0)
    .map(each => ({ service: each.service, directories: caddyDirectories(each) }));
  return [...nginx, ...caddy].filter(({ service }) => !isOptional(service));
}

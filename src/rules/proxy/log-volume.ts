import { sourceOf } from "../../core/project-files.ts";
import type { NginxDirective } from "../../formats/nginx.ts";
import { itemsOf, pairOf } from "../../formats/yaml.ts";
import { removeItem, removePair } from "../../formats/yaml-edit.ts";
import { allEdits } from "../../remedies/nginx.ts";
import { offer } from "../../remedies/offer.ts";
import { evidence, serverServices, weigh } from "../../stack/query.ts";
import type { Mount, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const folder = "/var/log/nginx";

export default defineRule({
  id: "proxy/log-volume",
  title: "nginx logs to a place where its logs are kept",
  claim: "logs-are-bounded",
  severity: "low",
  why: "Docker copies the image's links to /dev/stdout into an empty volume: it never holds a log, and whoever looks there after an incident finds nothing.",
  *check(stack) {
    for (const service of serverServices(stack)) {
      if (service.facts?.family !== "nginx" || (service.build ?? service.made)) continue;
      const mount = service.mounts.find(
        each => each.type === "volume" && each.target.replace(/\/$/, "") === folder,
      );
      const proxy = stack.proxies.find(each => each.service === service);
      if (!mount || !proxy || proxy.effective.gaps.length > 0) continue;
      const logs = logFiles(proxy.effective.tree);
      // Names of their own are real files in the volume; rotating those is another question.
      if (logs.some(path => path.startsWith(folder) && !/\/(?:access|error)\.log$/.test(path))) continue;
      yield {
        subject: service.name,
        message: `The volume over ${folder} of "${service.name}" holds no logs: the image's files there are links to its output.`,
        severity: weigh(service, "low"),
        evidence: [evidence(mount.at, "gets the links to /dev/stdout and /dev/stderr")],
        fix: () =>
          offer(
            {
              title: "Leave the logs to Docker",
              grade: "needs-testing",
              test: `See requests in docker compose logs ${service.name}, and ask who reads the volume.`,
            },
            allEdits([withoutMount(stack, service, mount)]),
          ),
      };
    }
  },
});

function logFiles(directives: readonly NginxDirective[]): string[] {
  return directives.flatMap(({ name, args, block }) => [
    ...(name.value === "access_log" || name.value === "error_log" ? [args[0]?.value ?? ""] : []),
    ...logFiles(block ?? []),
  ]);
}

function withoutMount(stack: Stack, service: Service, mount: Mount) {
  const source = sourceOf(stack, mount.at.file);
  const pair = pairOf(service.node, "volumes");
  const item = itemsOf(pair?.value).find(each => each.at === mount.at);
  if (!source || pair?.value.kind !== "seq" || !item) return undefined;
  return pair.value.items.length === 1 ? removePair(source, pair) : removeItem(source, pair.value, item);
}

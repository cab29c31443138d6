import type { Violation } from "../../core/finding.ts";
import { addTo } from "../../core/group.ts";
import { basename } from "../../core/path.ts";
import { evidence, listNames, serverServices, weigh } from "../../stack/query.ts";
import { type InheritedVolume, inheritedVolumes } from "../../stack/query-inherited-volumes.ts";
import { type KeptVolume, keptVolumes } from "../../stack/query-kept-volumes.ts";
import { oncePerPlace } from "../../stack/query-process.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "release/volume-hides-image",
  title: "A release replaces the files that it serves",
  claim: "rolls-out-without-downtime",
  severity: "high",
  why: "Docker fills a new volume from the image once. From the second release on the old files lie over the new ones: the release is a success, and visitors get the version of the first day.",
  *check(stack) {
    for (const project of stack.projects) {
      const volumes = new Map<string, KeptVolume[]>();
      for (const service of serverServices(stack).filter(each => each.project === project))
        for (const kept of keptVolumes(stack, service)) {
          const name = kept.mount.source!;
          addTo(volumes, name, kept);
        }
      for (const [volume, [first, ...more]] of volumes) {
        const services = [...new Set([first!, ...more].map(each => each.service.name))];
        const { target } = first!.mount;
        yield {
          subject: `${project.name} ${volume}`,
          message: `The volume "${volume}" lies over ${target} of ${listNames(services)}, where each new image brings ${pages.test(basename(target)) ? "new pages" : "new files"}: it keeps those of the image that it was first used with.`,
          severity: weigh(project, "high"),
          confidence: "likely",
          evidence: [
            evidence(first!.mount.at, "filled once, and never again"),
            ...more.map(each => evidence(each.mount.at, "filled once, and never again")),
            evidence(first!.brought, "the new image's files, which nobody sees"),
          ],
        };
      }
    }
    const first = oncePerPlace();
    for (const service of serverServices(stack))
      for (const volume of inheritedVolumes(stack, service)) if (first(volume.at)) yield inherited(volume);
  },
});

function inherited({ service, path, at, brought }: InheritedVolume): Violation {
  return {
    subject: `${service.name} ${path}`,
    message: `A volume without a name lies over ${path} of "${service.name}", where each new image brings new files: Compose hands it on to the new container, with those of the first image.`,
    severity: weigh(service, "high"),
    confidence: "likely",
    evidence: [
      evidence(at, "filled once, and handed on"),
      evidence(brought, "the new image's files, which nobody sees"),
    ],
  };
}

const pages = /^(?:static\w*|dist|build|html|public|www|assets|out)$/i;

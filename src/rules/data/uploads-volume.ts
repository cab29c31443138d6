import { keepUploads } from "../../remedies/data-volume.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { keeperOf, uploadFolders } from "../../stack/query-uploads.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "data/uploads-volume",
  title: "What visitors upload survives a new container",
  claim: "data-survives-redeploy",
  severity: "high",
  why: "Files in a container's own layer go with it: after the next release every uploaded picture and document is gone, and only its name is left in the database.",
  *check(stack) {
    const told = new Set<string>();
    for (const { service, folder, at } of uploadFolders(stack)) {
      // A Dockerfile that is not here may belong to another program than the one in its context.
      if (service.build?.dockerfileState === "absent") continue;
      const keeper = keeperOf(service, folder);
      const place = `${at.file}:${at.span.start}`;
      if (keeper === "unknown" || told.has(place)) continue;
      told.add(place);
      if (keeper) {
        yield { subject: service.name, kept: evidence(keeper.at, `keeps ${folder}`) };
        continue;
      }
      const whose = `${service.project.files.join("+")} ${service.name}`;
      if (told.has(whose)) continue;
      told.add(whose);
      const other = service.mounts.find(({ type }) => type === "volume");
      yield {
        subject: service.name,
        message: `"${service.name}" keeps uploads in ${folder}, and no volume of it holds that folder: they are gone with the container.`,
        severity: weigh(service, "high"),
        confidence: "likely",
        evidence: [
          evidence(at, `uploads go to ${folder}`),
          other ? evidence(other.at, `this volume holds ${other.target}`) : evidence(service.at, "no volume"),
        ],
        fix: () => keepUploads(stack, service, folder),
      };
    }
  },
});

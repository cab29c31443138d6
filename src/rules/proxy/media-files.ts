import { evidence, weigh } from "../../stack/query.ts";
import { unservedMedia } from "../../stack/query-served-media.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "proxy/media-files",
  title: "Somebody serves the pictures that visitors send to Django",
  claim: "boots-healthy",
  severity: "high",
  why: "With DEBUG off Django has no route for them: every picture that was sent answers 404, on pages and in the admin.",
  *check(stack) {
    for (const { here, url, at, mount } of unservedMedia(stack)) {
      const { service } = here;
      yield {
        subject: service.name,
        message: `Nobody serves ${url} of "${service.name}": Django does so only while DEBUG is on, and no other service has the volume "${mount.source}" with the files.`,
        severity: weigh(service, "high"),
        confidence: "likely",
        evidence: [
          evidence(at, "pages ask for the files below it"),
          evidence(mount.at, "the files lie here, and no front door has them"),
        ],
      };
    }
  },
});

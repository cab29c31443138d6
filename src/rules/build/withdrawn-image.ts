import { addTo } from "../../core/group.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { gravest, type ImageUse, imageUses, useEvidence } from "../../stack/query-images.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/withdrawn-image",
  title: "Every image can still be pulled",
  claim: "builds-reproducibly",
  severity: "high",
  why: "A machine that has the image goes on with it; a new server, a restored one, or one whose old images were removed cannot start the stack or build it.",
  *check(stack) {
    const gone = new Map<string, ImageUse[]>();
    for (const use of imageUses(stack)) {
      const { registry, name, tag, digest } = use.ref;
      const isHub = registry === undefined || registry === "docker.io";
      if (use.grade === "development" || !isHub || !name.startsWith("bitnami/")) continue;
      if (tag === undefined || tag === "latest" || digest || tag.includes("$")) {
        yield { subject: use.text, kept: evidence(use.at, "the one name that is still there") };
        continue;
      }
      addTo(gone, use.text, use);
    }
    const uses = [...gone.values()].flat();
    const [first] = uses;
    if (!first) return;
    const names = [...gone.keys()];
    yield {
      subject: "bitnami",
      message: `${names.slice(0, 4).join(", ")} cannot be pulled any more: since September 2025 Docker Hub has no numbered image of Bitnami.`,
      evidence: useEvidence(uses, () => "is no longer there"),
      severity: weigh(gravest(uses), "high"),
    };
  },
});

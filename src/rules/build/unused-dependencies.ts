import { evidence, listNames } from "../../stack/query.ts";
import { unusedPackages } from "../../stack/query-unused-packages.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "build/unused-dependencies",
  title: "What is installed is used",
  claim: "builds-reproducibly",
  severity: "low",
  why: "Every package makes the build slower and the image larger, and its holes are holes of this project, for nothing.",
  *check(stack) {
    const unused = unusedPackages(stack);
    const [first] = unused;
    if (!first) return;
    const manifests = [...new Set(unused.map(each => each.manifest))];
    yield {
      subject: "packages",
      message: `No file names ${listNames(unused.map(each => each.name))}, which ${manifests.join(" and ")} ${manifests.length === 1 ? "installs" : "install"}.`,
      evidence: unused.map(each => evidence(each.at, "imported nowhere")),
      // Code may load a package by a name that it puts together.
      confidence: "possible",
    };
  },
});

import { evidence, listPlain, weigh } from "../../stack/query.ts";
import { goneDownloads } from "../../stack/query-gone-downloads.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "scripts/gone-download",
  title: "What a script downloads is still at its address",
  claim: "boots-healthy",
  severity: "high",
  why: "The script was right when it was written. On the next new server it gets an error page, stops, or takes the page for the file.",
  *check(stack) {
    const found = goneDownloads(stack);
    // Copies of one script have one cause.
    for (const what of new Set(found.map(each => each.what))) {
      const [first, ...more] = found.filter(each => each.what === what);
      const files = [...new Set([first!, ...more].map(({ at }) => at.file))];
      yield {
        subject: files[0]!,
        message: `${listPlain(files)} ${files.length === 1 ? "downloads" : "download"} ${what} from an address that has nothing any more (table of 2026-11-29): ${first!.consequence}.`,
        severity: weigh(first!.grade, "high"),
        confidence: "likely",
        evidence: [evidence(first!.at, "answers 404"), ...more.map(({ at }) => evidence(at, "answers 404"))],
      };
    }
  },
});

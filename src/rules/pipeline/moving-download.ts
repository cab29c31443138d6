import type { Evidence } from "../../core/finding.ts";
import { evidence } from "../../stack/query.ts";
import { defineRule } from "../rule.ts";

const moving =
  /^https:\/\/(?:raw\.githubusercontent\.com\/([\w.-]+\/[\w.-]+)\/(?:refs\/heads\/)?(main|master|develop|dev|HEAD|trunk)\/|github\.com\/([\w.-]+\/[\w.-]+)\/raw\/(?:refs\/heads\/)?(main|master|develop|dev|HEAD|trunk)\/|([\w.-]+(?:\/[\w.-]+)+)\/-\/raw\/(main|master|develop|dev)\/)/;

export default defineRule({
  id: "pipeline/moving-download",
  title: "A pipeline takes files of other repositories at a version",
  claim: "builds-reproducibly",
  severity: "low",
  why: "A change in the other repository makes an unrelated change here fail, and the same commit passes today and fails tomorrow.",
  *check(stack) {
    const found = new Map<string, { readonly at: Evidence["at"]; readonly from: string }>();
    for (const { call, caller } of stack.calls) {
      if (!caller.workflow || !/^(?:curl|wget|http|aria2c)$/.test(call.name)) continue;
      for (const arg of call.args) {
        const match = moving.exec(arg.value ?? "");
        if (!match) continue;
        const repository = match[1] ?? match[3] ?? match[5]!;
        const branch = match[2] ?? match[4] ?? match[6]!;
        found.set(`${arg.at.file}:${arg.at.span.start}`, { at: arg.at, from: `${branch} of ${repository}` });
      }
    }
    const places = [...found.values()];
    const [first] = places;
    if (!first) return;
    yield {
      subject: "downloads",
      message: `A pipeline downloads files from ${[...new Set(places.map(each => each.from))].slice(0, 4).join(", ")}: what it gets depends on the day.`,
      evidence: places.map(({ at }) => evidence(at, "a branch, not a version")),
      confidence: "likely",
    };
  },
});

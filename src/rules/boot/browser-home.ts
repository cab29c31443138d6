import { evidence, serverServices, weigh } from "../../stack/query.ts";
import { strayBrowser } from "../../stack/query-browser-home.ts";
import { oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "boot/browser-home",
  title: "The browser that a program drives is where its user looks for it",
  claim: "boots-healthy",
  severity: "high",
  why: "The image builds and the program starts; the first task that opens a page fails, because the browser lies in another user's home.",
  *check(stack) {
    const first = oncePerPlace();
    for (const service of worstFirst(serverServices(stack))) {
      const stray = strayBrowser(stack, service);
      if (!stray || !first(stray.at)) continue;
      yield {
        subject: service.name,
        message: `"${service.name}" runs as ${stray.user}, and ${stray.tool} downloads its browser for ${stray.installer}: the program looks in its own home, where there is none. ${stray.variable} gives both one place.`,
        severity: weigh(service, "high"),
        confidence: stray.tool === "Playwright" ? "certain" : "likely",
        evidence: [
          evidence(stray.at, `downloads the browser for ${stray.installer}`),
          evidence(stray.userAt, "the program runs as this user"),
        ],
      };
    }
  },
});

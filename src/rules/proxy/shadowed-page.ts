import { evidence, listPlain, weigh } from "../../stack/query.ts";
import { shadowedPages } from "../../stack/query-shadowed-pages.ts";
import { defineRule } from "../rule.ts";

const most = 6;

export default defineRule({
  id: "proxy/shadowed-page",
  title: "The address of a page leads to the page",
  claim: "boots-healthy",
  severity: "medium",
  why: "Inside the application a click works, because no request is made; whoever reloads the page, opens a link to it or comes back from another site gets the program's answer, an error for most.",
  *check(stack) {
    for (const { proxy, target, at, pages } of shadowedPages(stack)) {
      yield {
        subject: `${proxy.name} ${pages[0]!.path}`,
        message: `The proxy "${proxy.name}" hands ${listPlain(pages.map(({ path }) => path))} to "${target.name}": ${pages.length === 1 ? "it is a page" : "they are pages"} of the application in the browser.`,
        severity: weigh(proxy, "medium"),
        confidence: "likely",
        evidence: [
          evidence(at, `goes to "${target.name}"`),
          ...pages.slice(0, most).map(page => evidence(page.at, "a page of the application")),
        ],
      };
    }
  },
});

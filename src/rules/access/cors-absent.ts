import { isBelow, isTest, isVendored } from "../../artifacts/project-files.ts";
import type { AppComponent } from "../../stack/app/detect.ts";
import { evidence } from "../../stack/query.ts";
import { expressesInForce, fastApisInForce } from "../../stack/query-app.ts";
import { openPorts } from "../../stack/query-ports.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "access/cors-absent",
  title: "The pages of the front end may call the API",
  claim: "boots-healthy",
  severity: "low",
  why: "The browser refuses every answer of the API to a page from another address: the front end shows errors while each part works by itself.",
  *check(stack) {
    for (const { app, service } of [...fastApisInForce(stack), ...expressesInForce(stack)]) {
      const [port] = openPorts(service);
      const own = service.component!;
      // One address for both: a proxy of this project, or the API serves the pages itself.
      const shared =
        service.project.services.some(other => other.kind === "proxy") || service.labels.length > 0;
      if (!port || shared || speaks(own, /cors|StaticFiles|express\.static|Access-Control/i)) continue;
      const page = stack.components.find(
        each =>
          ["vite", "cra"].includes(each.kind) && each.dir !== own.dir && !speaks(each, /proxy_pass|"proxy"/),
      );
      if (!page) continue;
      yield {
        subject: service.name,
        message: `The API of service "${service.name}" is published by itself and allows no other origin, and ${page.dir || "the front end"}/ is a front end for browsers that nothing serves from the same address.`,
        evidence: [
          evidence(app.at, "no origin is allowed"),
          evidence(port.at, "an address of its own"),
          evidence(page.at, "pages from another address"),
        ],
        // The pages may not call it, or something in front joins the two.
        confidence: "possible",
      };
    }
  },
});

/** Whether any code of a component says words that match. */
function speaks({ dir, files }: AppComponent, words: RegExp): boolean {
  const code = files.paths.filter(
    path =>
      /\.(?:py|[cm]?[jt]sx?|json|conf)$/.test(path) &&
      isBelow(dir, path) &&
      !isVendored(path) &&
      !isTest(path),
  );
  return (
    code.length > 1_500 ||
    code.some(path => !/package-lock\.json$/.test(path) && words.test(files.read(path)?.text ?? "cors"))
  );
}

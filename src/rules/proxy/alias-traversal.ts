import { allLocations } from "../../stack/proxy/effective.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { proxyGrade, proxyName, proxyTitle, serverProxies } from "../../stack/query-proxy.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "proxy/alias-traversal",
  title: "The proxy serves no file outside its directories",
  claim: "exposes-only-the-front-door",
  severity: "high",
  why: "nginx puts what follows the location's path behind the alias as it is: `/files../` leads one directory up, and everything there can be fetched by anybody.",
  *check(stack) {
    for (const proxy of serverProxies(stack)) {
      for (const { modifier, path, directives } of proxy.effective.servers.flatMap(allLocations)) {
        const alias = directives.find(({ name }) => name.value === "alias");
        const directory = alias?.args[0]?.value;
        if (!alias || directory === undefined || directory.includes("$")) continue;
        if (modifier !== "" && modifier !== "^~") continue;
        // Only the application leads there, with a path that it has made itself.
        if (directives.some(({ name }) => name.value === "internal")) continue;
        // Without the slash at the end of the alias, `/files../x` asks for `/data../x`, which is not there.
        if (!directory.endsWith("/")) continue;
        if (path.value.endsWith("/")) {
          yield {
            subject: proxyName(proxy),
            kept: evidence(path.at, "ends with a slash, as its alias does"),
          };
          continue;
        }
        const parent = directory.replace(/[^/]+\/+$/, "");
        yield {
          subject: `${proxyName(proxy)} ${path.value}`,
          message: `${proxyTitle(proxy)} serves the files of ${parent} to whoever asks for ${path.value}../, not only those of ${directory}.`,
          severity: weigh(proxyGrade(proxy), "high"),
          evidence: [
            evidence(path.at, "no slash at the end"),
            evidence(alias.at, "what follows the path is put behind this"),
          ],
          fix: () => ({
            title: `Match ${path.value}/`,
            grade: "needs-testing",
            edits: [
              {
                at: { file: path.at.file, span: { start: path.at.span.end, end: path.at.span.end } },
                text: "/",
              },
            ],
          }),
        };
      }
    }
  },
});

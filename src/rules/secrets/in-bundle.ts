import { evidence, gradeOf, isOptional, listNames, weigh } from "../../stack/query.ts";
import { type BundledSecret, bundledSecrets } from "../../stack/query-bundled-secrets.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "secrets/in-bundle",
  title: "Pages carry no secret of the server",
  claim: "no-secret-leaks",
  severity: "high",
  why: "A variable with this prefix is written into the scripts that every visitor loads: whoever opens the developer tools has the key.",
  *check(stack) {
    const told = new Set<string>();
    for (const service of stack.services) {
      if (gradeOf(service) === "development" || isOptional(service)) continue;
      const secrets = bundledSecrets(stack, service).filter(({ name }) => {
        const key = `${service.component!.dir}\n${name}`;
        return !told.has(key) && told.add(key);
      });
      for (const group of [secrets.filter(each => each.given), secrets.filter(each => !each.given)]) {
        const [first, ...more] = group;
        if (!first) continue;
        const names = listNames(group.map(each => each.name));
        yield {
          subject: `${service.name} ${first.name}`,
          message: first.given
            ? `"${service.name}" gets ${names}, and its bundler puts ${more.length === 0 ? "it" : "them"} into the pages.`
            : `The pages of "${service.name}" are built with ${names}: whoever sets ${more.length === 0 ? "it" : "them"} gives ${more.length === 0 ? "it" : "them"} to every visitor.`,
          severity: weigh(service, first.given ? "high" : "medium"),
          confidence: "likely",
          evidence: [placeOf(first), ...more.map(placeOf)],
        };
      }
    }
  },
});

function placeOf({ given, read }: BundledSecret) {
  return given
    ? evidence(given, "becomes part of the pages")
    : evidence(read!, "read by the code that browsers load");
}

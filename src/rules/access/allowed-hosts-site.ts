import { evidence, listNames, weigh } from "../../stack/query.ts";
import { servedNames } from "../../stack/query-served-names.ts";
import { settingHere, settingsInForce, textsOf } from "../../stack/query-settings.ts";
import { defineRule } from "../rule.ts";

const local = /^(?:\.?localhost|127\.0\.0\.1|\[?::1\]?|0\.0\.0\.0|testserver|host\.docker\.internal)?$/i;

export default defineRule({
  id: "access/allowed-hosts-site",
  title: "Django answers to every name that the proxy serves",
  claim: "boots-healthy",
  severity: "critical",
  why: "The proxy takes requests for the name and passes it on, and Django refuses each of them with status 400.",
  *check(stack) {
    for (const here of settingsInForce(stack)) {
      const found = settingHere(here, "ALLOWED_HOSTS");
      const hosts = textsOf(found?.value);
      // Local names alone are a finding of their own.
      if (!found || !hosts || !here.complete || hosts.every(host => local.test(host))) continue;
      const names = servedNames(stack, here.service);
      const refused = names.filter(({ name }) => !hosts.some(host => accepts(host, name)));
      const [first, ...more] = refused;
      if (!first) {
        if (names[0])
          yield { subject: here.settings.file, kept: evidence(found.at, `answers to "${names[0].name}"`) };
        continue;
      }
      const all = refused.length === names.length;
      yield {
        subject: here.settings.file,
        message: `Django in service "${here.service.name}" refuses ${listNames(refused.map(each => each.name))}, which the proxy serves: ALLOWED_HOSTS does not hold ${refused.length === 1 ? "it" : "them"}.`,
        evidence: [
          evidence(found.givenAt ?? found.at, "the names that it answers to"),
          ...(found.givenAt ? [evidence(found.at, "read here")] : []),
          ...[first, ...more].map(each => evidence(each.at, `"${each.name}" is served here`)),
        ],
        severity: weigh(here.service, all ? "critical" : "medium"),
        confidence: "likely",
      };
    }
  },
});

function accepts(entry: string, host: string): boolean {
  const pattern = entry.toLowerCase();
  return pattern === "*" || pattern === host || (pattern.startsWith(".") && `.${host}`.endsWith(pattern));
}

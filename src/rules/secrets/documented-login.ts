import type { Evidence } from "../../core/finding.ts";
import { addTo } from "../../core/group.ts";
import { evidence, listPlain } from "../../stack/query.ts";
import { type DocumentedLogin, documentedLogins } from "../../stack/query-documented-logins.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "secrets/documented-login",
  title: "No page or script of the repository opens a server on the internet",
  claim: "no-secret-leaks",
  severity: "high",
  why: "Everyone who may read the repository logs in to the server that the page describes, now and from every old copy.",
  *check(stack) {
    // Pages that tell the same password are one finding.
    const groups = new Map<string, DocumentedLogin[]>();
    for (const login of documentedLogins(stack)) addTo(groups, login.secret, login);
    for (const logins of groups.values()) {
      const [{ file }] = logins as [DocumentedLogin];
      const [first, ...more] = logins.flatMap(placesOf);
      yield {
        subject: file,
        message: `${listPlain(logins.map(each => each.file))} ${logins.length === 1 ? "gives" : "give"} the address of a server on the internet and the password for it.`,
        evidence: [first!, ...more],
        confidence: "likely",
      };
    }
  },
});

function placesOf({ address, password }: DocumentedLogin): Evidence[] {
  return address.span.start === password.span.start
    ? [evidence(address, "the server and its password")]
    : [evidence(address, "an address on the internet"), evidence(password, "its password")];
}

import { evidence } from "../../stack/query.ts";
import { documentedLogins } from "../../stack/query-documented-logins.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "secrets/documented-login",
  title: "No page of the repository opens a server on the internet",
  claim: "no-secret-leaks",
  severity: "high",
  why: "Everyone who may read the repository logs in to the server that the page describes, now and from every old copy.",
  *check(stack) {
    for (const { file, address, password } of documentedLogins(stack)) {
      // The report shows the page's lines.
      stack.components[0]?.files.read(file);
      const one = address.span.start === password.span.start;
      yield {
        subject: file,
        message: `${file} gives the address of a server on the internet and the password for it.`,
        evidence: one
          ? [evidence(address, "the server and its password")]
          : [evidence(address, "an address on the internet"), evidence(password, "its password")],
        confidence: "likely",
      };
    }
  },
});

import { evidence, listNames } from "../../stack/query.ts";
import { pageSecrets } from "../../stack/query-page-secrets.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "secrets/documented-secret",
  title: "No page of the repository repeats a secret that is in use",
  claim: "no-secret-leaks",
  severity: "high",
  why: "The file with the secret is kept out of git with care, and the page beside it gives the same value to everyone who reads the documentation.",
  *check(stack) {
    for (const { name, usedAt, pages } of pageSecrets(stack)) {
      const files = pages.map(({ file }) => file);
      yield {
        subject: name,
        message: `${listNames(files)} ${files.length === 1 ? "holds" : "hold"} the secret of "${name}", which git does not track where it is used.`,
        evidence: [
          evidence(usedAt, "in use here, and not tracked"),
          ...pages.map(at => evidence(at, "the same value")),
        ],
      };
    }
  },
});

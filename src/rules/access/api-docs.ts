import { evidence, weigh } from "../../stack/query.ts";
import { fastApisInForce } from "../../stack/query-app.ts";
import { openPorts } from "../../stack/query-ports.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "access/api-docs",
  title: "The description of the API is not published with it",
  claim: "exposes-only-the-front-door",
  severity: "low",
  why: "The pages list every route with its parameters, the internal ones included, and offer a form to call them.",
  *check(stack) {
    for (const { app, service } of fastApisInForce(stack)) {
      const port = openPorts(service)[0];
      if (!port || app.openapi?.kind !== "literal" || app.docs?.kind !== "literal") continue;
      if (app.openapi.value === null || app.docs.value === null) {
        const at = app.openapi.value === null ? app.openapi.at : app.docs.at;
        yield { subject: app.file, kept: evidence(at, "switched off") };
        continue;
      }
      yield {
        subject: app.file,
        message: `The API of service "${service.name}" publishes its own description at ${String(app.docs.value)}, on a port without a proxy in front.`,
        evidence: [
          evidence(app.at, "docs and schema are on"),
          evidence(port.at, "published on every address"),
        ],
        severity: weigh(service, "low"),
        // A public API shows them on purpose.
        confidence: "likely",
      };
    }
  },
});

import type { FastApiApp } from "../../artifacts/fastapi.ts";
import { sourceOf } from "../../core/project-files.ts";
import { addInBrackets, importModule } from "../../formats/python-edit.ts";
import { allEdits } from "../../remedies/nginx.ts";
import { offer } from "../../remedies/offer.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { fastApisInForce } from "../../stack/query-app.ts";
import { openPorts } from "../../stack/query-ports.ts";
import type { Stack } from "../../stack/stack.ts";
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
        fix: () =>
          offer(
            {
              title: "Publish the description only where OPENAPI_URL is set",
              grade: "needs-testing",
              test: "Ask for the documentation page: 404 here, and there on a workstation with OPENAPI_URL=/openapi.json.",
            },
            withoutDocs(stack, app),
          ),
      };
    }
  },
});

function withoutDocs(stack: Stack, { at, openapi }: FastApiApp) {
  const source = sourceOf(stack, at.file);
  const imports = source && importModule(source, "os");
  const text = source?.text.slice(at.span.start, at.span.end) ?? "";
  // An address of the application's own is not the default that is replaced here.
  if (!source || !imports || !/\bFastAPI\(/.test(text) || openapi?.value !== "/openapi.json")
    return undefined;
  if (/\b(?:openapi_url|docs_url|redoc_url)\b/.test(text)) return undefined;
  return allEdits([...imports, addInBrackets(source, at, 'openapi_url=os.environ.get("OPENAPI_URL")')]);
}

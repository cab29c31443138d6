import type { NginxServer } from "../../artifacts/nginx-model.ts";
import { addAfter } from "../../formats/nginx-edit.ts";
import { allEdits, nginxSource, ownDirectives } from "../../remedies/nginx.ts";
import { offer } from "../../remedies/offer.ts";
import { allLocations, tlsServers } from "../../stack/proxy/effective.ts";
import { route } from "../../stack/proxy/route.ts";
import { edgeProxies, evidence, weigh } from "../../stack/query.ts";
import { serverName } from "../../stack/query-proxy.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "proxy/https-redirect",
  title: "Plain HTTP leads to HTTPS",
  claim: "encrypts-traffic",
  severity: "medium",
  why: "Whoever types the name or follows an old link stays on plain HTTP and sends the password in clear text although TLS is there.",
  *check(stack) {
    for (const proxy of edgeProxies(stack)) {
      const { service, effective } = proxy;
      if (!service || service.project.grade === "development" || effective.gaps.length > 0) continue;
      const published = service.ports.filter(port => port.public && port.target !== undefined);
      const [tls] = tlsServers(effective).filter(({ listens }) =>
        listens.some(listen => published.some(port => port.target === listen.port)),
      );
      if (!tls || !published.some(port => port.target === 80)) continue;
      const answer = route(effective, { port: 80, host: serverName(tls.server) ?? "example.org", path: "/" });
      const { outcome, server } = answer;
      if (outcome.kind === "return" && server && (outcome.to ?? "").startsWith("https")) {
        yield { subject: service.name, kept: evidence(outcome.at, "plain HTTP is sent to HTTPS") };
        continue;
      }
      if ((outcome.kind !== "proxy" && outcome.kind !== "static") || !server) continue;
      yield {
        subject: service.name,
        message: `The proxy "${service.name}" serves the site on port 80 as well, instead of sending visitors to HTTPS.`,
        severity: weigh(service, "medium"),
        evidence: [
          evidence(outcome.at, "served in plain HTTP"),
          evidence(tls.listens[0]!.at, "TLS is there"),
        ],
        fix: () =>
          offer(
            {
              title: "Send visitors to HTTPS",
              grade: "needs-testing",
              test: "Ask for pages over http://, and for what machines ask for: health checks, the certificate authority, callbacks.",
            },
            allEdits([
              redirect(
                stack,
                server,
                published.find(port => tls.listens.some(listen => listen.port === port.target))?.published,
              ),
            ]),
          ),
      };
    }
  },
});

/** Paths that machines ask for without TLS; nginx itself asks for its error pages. */
const machines = /well-known|health|ping|status|ready|alive|metrics/i;

function redirect(stack: Stack, server: NginxServer, port: number | undefined) {
  const pages = new Set(
    server.directives.filter(({ name }) => name.value === "error_page").map(({ args }) => args.at(-1)?.value),
  );
  const kept = allLocations(server).filter(({ path }) => machines.test(path.value) || pages.has(path.value));
  const isShared = server.listens.some(listen => listen.ssl);
  const to = `return 301 https://$host${port === undefined || port === 443 ? "" : `:${port}`}$request_uri;`;
  const own = ["listen", "server_name"].flatMap(name => ownDirectives(stack, server.scope, name).slice(-1));
  const anchor = own.sort((a, b) => b.at.span.start - a.at.span.start)[0];
  const source = anchor && nginxSource(stack, anchor.at);
  // One condition cannot ask for the scheme and the path.
  if (!source || (isShared && kept.length > 0)) return undefined;
  if (kept.some(({ modifier }) => modifier.startsWith("~"))) return undefined;
  const paths = kept.map(({ path }) => path.value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
  if (kept.length > 0)
    return addAfter(source, anchor, [`if ($request_uri !~ "^(?:${paths})") {`, `    ${to}`, "}"]);
  return addAfter(source, anchor, isShared ? ["if ($scheme = http) {", `    ${to}`, "}"] : [to]);
}

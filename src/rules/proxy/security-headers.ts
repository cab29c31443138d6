import type { NginxScope, NginxServer } from "../../artifacts/nginx-model.ts";
import { addAfter, addBefore } from "../../formats/nginx-edit.ts";
import { allEdits, listLevel, nginxSource, ownDirectives } from "../../remedies/nginx.ts";
import { offer } from "../../remedies/offer.ts";
import { allLocations } from "../../stack/proxy/effective.ts";
import { headersAt } from "../../stack/proxy/inherit.ts";
import { route } from "../../stack/proxy/route.ts";
import { edgeProxies, evidence, weigh } from "../../stack/query.ts";
import { serverName } from "../../stack/query-proxy.ts";
import type { Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const protective =
  /^(?:content-security-policy|x-frame-options|x-content-type-options|strict-transport-security)$/i;

export default defineRule({
  id: "proxy/security-headers",
  title: "Pages that nginx serves itself tell the browser what to forbid",
  claim: "exposes-only-the-front-door",
  severity: "low",
  why: "Without them any site may put the pages into a frame, and a browser guesses types and runs what it should not.",
  *check(stack) {
    for (const proxy of edgeProxies(stack)) {
      const { service, effective } = proxy;
      if (service?.project.grade !== "deployed" || effective.gaps.length > 0) continue;
      // Another proxy in the project may add them on the way out.
      if (service.project.services.some(other => other !== service && other.kind === "proxy")) continue;
      const server =
        effective.servers.find(each => each.listens.some(listen => listen.ssl)) ?? effective.servers[0];
      const port = server?.listens[0]?.port;
      if (!server || port === undefined) continue;
      const { outcome, location } = route(effective, {
        port,
        host: serverName(server) ?? "example.org",
        path: "/",
      });
      if (outcome.kind !== "static" || outcome.root === undefined) continue;
      const { headers } = headersAt(location ?? server);
      const sent = headers.find(header => protective.test(header.name));
      if (sent) {
        yield { subject: service.name, kept: evidence(sent.at, `sends ${sent.name}`) };
        continue;
      }
      // What another level sets and this one drops is told by the rule on inheritance.
      if (headersAt(location ?? server).lost.some(header => protective.test(header.name))) continue;
      if (headers.some(header => header.name.includes("$"))) continue;
      yield {
        subject: service.name,
        message: `The proxy "${service.name}" serves its pages without any of the headers that protect visitors.`,
        severity: weigh(service, "low"),
        evidence: [evidence(outcome.at, "pages are served from here, with no security header")],
        fix: () =>
          offer(
            {
              title: "Say what the browser is to forbid",
              grade: "needs-testing",
              test: "Open the site, also where another site shows it in a frame.",
            },
            allEdits(levelsOfServer(server).map(level => protect(stack, server, level))),
          ),
      };
    }
  },
});

/** The level that holds the server's list, and every one below that has a list of its own and so takes none over. */
function levelsOfServer(server: NginxServer): NginxScope[] {
  const own = allLocations(server).flatMap(({ scope }) => {
    const level = listLevel(scope, "add_header");
    return level?.kind === "location" ? [level] : [];
  });
  return [...new Set([listLevel(server.scope, "add_header") ?? server.scope, ...own])];
}

function protect(stack: Stack, server: NginxServer, level: NginxScope) {
  const lines = [
    'add_header X-Content-Type-Options "nosniff" always;',
    'add_header X-Frame-Options "SAMEORIGIN" always;',
    'add_header Referrer-Policy "strict-origin-when-cross-origin" always;',
  ];
  const [first] = ownDirectives(stack, level, "add_header");
  const names = ["server_name", "listen"].flatMap(name => ownDirectives(stack, server.scope, name).slice(-1));
  const anchor = first ?? (listLevel(level, "add_header") ? undefined : names[0]);
  const source = anchor && nginxSource(stack, anchor.at);
  if (!source) return undefined;
  return anchor === first ? addBefore(source, anchor, lines) : addAfter(source, anchor, lines);
}

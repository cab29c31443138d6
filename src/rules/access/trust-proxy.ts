import type { ExpressApp } from "../../artifacts/express.ts";
import { entryOf } from "../../artifacts/value.ts";
import type { Location } from "../../core/source.ts";
import { offer } from "../../remedies/offer.ts";
import { allLocations } from "../../stack/proxy/effective.ts";
import { evidence, proxiesOf, weigh } from "../../stack/query.ts";
import { expressesInForce } from "../../stack/query-app.ts";
import { openPorts } from "../../stack/query-ports.ts";
import { servicesBehind } from "../../stack/query-proxy.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const counts = /rate-?_?limit|^slowDown$/i;

export default defineRule({
  id: "access/trust-proxy",
  title: "Rate limits count visitors, not the proxy",
  claim: "exposes-only-the-front-door",
  severity: "medium",
  why: "Behind a proxy all requests seem to come from one address: a single busy visitor locks everybody out, and an attacker is never counted alone.",
  *check(stack) {
    for (const { app, service } of expressesInForce(stack)) {
      const limit = app.middleware.find(each => counts.test(each.name));
      if (!limit || entryOf(limit.options, "keyGenerator")) continue;
      const passed = passedAt(stack, service);
      if (!passed) continue;
      if (app.trustProxy) {
        yield { subject: app.file, kept: evidence(app.trustProxy.at, "trusts the proxy's address header") };
        continue;
      }
      // `app.enable("trust proxy")` and settings made elsewhere.
      const elsewhere = service.component?.files.paths.some(
        path =>
          /\.[cm]?[jt]s$/.test(path) && service.component!.files.read(path)?.text.includes("trust proxy"),
      );
      if (elsewhere) continue;
      yield {
        subject: app.file,
        message: `The rate limit of service "${service.name}" counts the address of the proxy, so that all visitors share one limit: Express does not trust the proxy's address header.`,
        evidence: [
          evidence(limit.at, "limits by address"),
          evidence(app.at, "no trust proxy for this application"),
          evidence(passed, "requests come through the proxy"),
        ],
        severity: weigh(service, "medium"),
        ...offer(
          {
            title: "Trust the address header of one proxy",
            grade: "needs-testing",
            test: "Ask from two addresses: each has a limit of its own. A second proxy in front needs a higher number.",
          },
          trusted(stack, app, service),
        ),
      };
    }
  },
});

/** Behind the line that makes the application. Who reaches it without the proxy could choose an address. */
function trusted(stack: Stack, { file, name, at }: ExpressApp, service: Service) {
  const source = service.component?.files.read(file);
  if (!source || openPorts(service).length > 0) return undefined;
  const start = source.text.lastIndexOf("\n", at.span.start - 1) + 1;
  const made =
    /^([ \t]*)(?:export )?(?:const|let|var) \w+(?:: [\w.]+)? = (?:express|\w+\.default)\(\)(;?)[ \t]*(?=\r?\n)/.exec(
      source.text.slice(start),
    );
  if (!made || !stack.sources.has(file)) return undefined;
  const end = start + made[0].length;
  const eol = source.text.includes("\r\n") ? "\r\n" : "\n";
  const quote = source.text.split("'").length > source.text.split('"').length ? "'" : '"';
  const text = `${eol}${made[1]}${name}.set(${quote}trust proxy${quote}, 1)${made[2]}`;
  return [{ at: { file, span: { start: end, end } }, text }];
}

function passedAt(stack: Stack, service: Service): Location | undefined {
  for (const proxy of proxiesOf(stack, service.project))
    for (const location of proxy.effective.servers.flatMap(allLocations))
      if (servicesBehind(proxy, location).includes(service)) return location.proxyPass!.url.at;
  return undefined;
}

import { entryOf } from "../../artifacts/value.ts";
import type { Location } from "../../core/source.ts";
import { trustOneProxy } from "../../remedies/express.ts";
import { offer } from "../../remedies/offer.ts";
import { allLocations } from "../../stack/proxy/effective.ts";
import { evidence, proxiesOf, weigh } from "../../stack/query.ts";
import { expressesInForce } from "../../stack/query-app.ts";
import { behindCaddy } from "../../stack/query-caddy.ts";
import { countedFronts, countedPrograms } from "../../stack/query-client-address.ts";
import { openPorts } from "../../stack/query-ports.ts";
import { proxyGrade, proxyName, proxyTitle, servicesBehind } from "../../stack/query-proxy.ts";
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
        // Who reaches it without the proxy could choose an address.
        fix: () =>
          offer(
            {
              title: "Trust the address header of one proxy",
              grade: "needs-testing",
              test: "Ask from two addresses: each has a limit of its own. A second proxy in front needs a higher number.",
            },
            openPorts(service).length > 0 ? undefined : trustOneProxy(stack, app),
          ),
      };
    }
    yield* otherPrograms(stack);
    yield* fronts(stack);
  },
});

/** Nest and FastAPI, which take the other end of the connection unless they are told whom to believe. */
function* otherPrograms(stack: Stack) {
  const told = new Set<string>();
  for (const { service, at } of countedPrograms(stack)) {
    const passed = passedAt(stack, service);
    if (!passed || told.has(at.file)) continue;
    told.add(at.file);
    yield {
      subject: at.file,
      message: `The rate limit of service "${service.name}" counts the address of the proxy, so that all visitors share one limit: nothing tells the program to believe the proxy's address header.`,
      evidence: [evidence(at, "limits by address"), evidence(passed, "requests come through the proxy")],
      severity: weigh(service, "medium"),
      confidence: "likely" as const,
    };
  }
}

/** nginx itself, with somebody else in front of it. */
function* fronts(stack: Stack) {
  for (const { proxy, limits, front } of countedFronts(stack)) {
    yield {
      subject: proxyName(proxy),
      message: `${proxyTitle(proxy)} counts for its rate limits the addresses of Cloudflare in front of it, so that visitors share them: it has no "set_real_ip_from".`,
      evidence: [
        ...limits.map(at => evidence(at, "limits by the address of the connection")),
        evidence(front, "every connection comes from there"),
      ],
      severity: weigh(proxyGrade(proxy), "medium"),
      confidence: "likely" as const,
    };
  }
}

function passedAt(stack: Stack, service: Service): Location | undefined {
  for (const proxy of proxiesOf(stack, service.project))
    for (const location of proxy.effective.servers.flatMap(allLocations))
      if (servicesBehind(proxy, location).includes(service)) return location.proxyPass!.url.at;
  for (const caddy of stack.caddies) {
    const at = caddy.service.project === service.project ? behindCaddy(caddy).get(service) : undefined;
    if (at) return at;
  }
  return undefined;
}

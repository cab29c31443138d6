import type { Location } from "../../core/source.ts";
import { child } from "../../formats/yaml.ts";
import { offer } from "../../remedies/offer.ts";
import { resolvePerRequest } from "../../remedies/request-resolution.ts";
import { evidence, listNames, serviceAt, weigh } from "../../stack/query.ts";
import { upstreamHosts } from "../../stack/query-proxy.ts";
import { isWorkstationCall, projectsOfCall } from "../../stack/query-scripts.ts";
import type { PlacedCall, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "proxy/static-resolution",
  title: "The proxy finds a service again after it was replaced",
  claim: "rolls-out-without-downtime",
  severity: "medium",
  why: "nginx looks an upstream's address up once: when the container behind it is replaced alone, requests go to the old address and fail until somebody reloads nginx.",
  *check(stack) {
    for (const proxy of stack.proxies) {
      const { service } = proxy;
      if (!service) continue;
      let possible: { readonly target: Service; readonly at: Location } | undefined;
      let told = false;
      for (const { host, at, atStart } of upstreamHosts(proxy.effective)) {
        const target: Service | undefined = atStart ? serviceAt(service.project, host) : undefined;
        if (!target || target === service || restartsWith(service, target)) continue;
        const release = stack.calls.find(placed => replacesAlone(stack, placed, service, target));
        if (!release) {
          // Without a release that shows it, whoever replaces one service by hand meets it.
          possible ??= target.build && !reloads(stack) ? { target, at } : undefined;
          continue;
        }
        possible = undefined;
        yield {
          subject: service.name,
          message: `${release.caller.file} replaces ${listNames([target.name])} alone, and the proxy "${service.name}" keeps its old address.`,
          severity: weigh(service, "medium"),
          evidence: [
            evidence(
              release.call.at,
              `"${target.name}" gets a new container here, "${service.name}" does not`,
            ),
            evidence(at, "looked up once, when nginx starts"),
          ],
          fix: () =>
            offer(
              {
                title: "Look services up while serving",
                grade: "needs-testing",
                test: "Ask for a path of every location, one with a query and one with an encoded space; then replace a container and ask again.",
              },
              resolvePerRequest(stack, proxy),
            ),
        };
        told = true;
        break;
      }
      if (!possible || told) continue;
      yield {
        subject: service.name,
        message: `The proxy "${service.name}" looks "${possible.target.name}" up once, when it starts: whoever replaces "${possible.target.name}" alone has to reload the proxy, and nothing here does.`,
        severity: "low",
        confidence: "possible",
        evidence: [evidence(possible.at, "looked up once, when nginx starts")],
      };
    }
  },
});

/** Some script tells a proxy to read its configuration again. */
function reloads(stack: Stack): boolean {
  return stack.calls.some(({ call }) =>
    call.args.some(
      arg => /^(?:reload|-?HUP|SIGHUP)$/.test(arg.value ?? "") || /\breload\b/.test(arg.value ?? ""),
    ),
  );
}

/** `docker compose up -d web`, with nothing in the same script that reloads or replaces the proxy. */
function replacesAlone(stack: Stack, placed: PlacedCall, proxy: Service, target: Service): boolean {
  const { call } = placed;
  if (call.kind !== "compose" || call.subcommand !== "up" || isWorkstationCall(placed)) return false;
  const names = call.services.map(each => each.value);
  if (names.includes(undefined) || !names.includes(target.name) || names.includes(proxy.name)) return false;
  if (!projectsOfCall(stack, { ...placed, call }).includes(proxy.project)) return false;
  // A target that is started before the rest (a database, then everything) is not replaced alone.
  return !stack.calls.some(({ call: other, caller }) => {
    if (caller.file !== placed.caller.file) return false;
    const words = other.args.map(arg => arg.value ?? "");
    if (words.includes("reload") || words.includes("HUP") || words.includes("-HUP")) return true;
    if (other.kind !== "compose" || !["up", "restart", "down", "start"].includes(other.subcommand ?? ""))
      return false;
    return (
      other.services.length === 0 ||
      other.services.some(each => each.value === undefined || each.value === proxy.name)
    );
  });
}

function restartsWith(proxy: Service, target: Service): boolean {
  return child(proxy.get("depends_on"), target.name, "restart") !== undefined;
}

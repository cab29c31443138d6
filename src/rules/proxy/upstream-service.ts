import type { Violation } from "../../core/finding.ts";
import type { Fix } from "../../core/fix.ts";
import { joinFixes } from "../../core/join-fixes.ts";
import type { Location } from "../../core/source.ts";
import { nginxSource } from "../../remedies/nginx.ts";
import { evidence, hostNames, serviceAt, weigh } from "../../stack/query.ts";
import { servingPorts, type Upstreamed, upstreamHosts } from "../../stack/query-proxy.ts";
import { hasOwnNames, isServiceLike, shareNetwork } from "../../stack/query-upstreams.ts";
import type { ProxyInstance, Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "proxy/upstream-service",
  title: "Every upstream of the proxy is a service that it can reach",
  claim: "boots-healthy",
  severity: "critical",
  why: "nginx looks all upstream names up when it starts and exits when one is unknown; a wrong port answers every request with 502.",
  *check(stack) {
    for (const proxy of stack.proxies) {
      const { service } = proxy;
      if (!service || hasOwnNames(service)) continue;
      const seen = new Set<string>();
      // Ports that one file has wrong are one finding.
      const asked: Violation[] = [];
      for (const upstream of upstreamHosts(proxy.effective)) {
        const key = `${upstream.host}:${upstream.port}`;
        if (seen.has(key)) continue;
        seen.add(key);
        const problem = judge(stack, proxy, service, upstream);
        if (problem?.fix) asked.push(problem);
        else if (problem) yield problem;
        else if (serviceAt(service.project, upstream.host))
          yield { subject: key, kept: evidence(upstream.at, "names a service that the proxy can reach") };
      }
      const [first, ...more] = asked;
      if (first)
        yield more.length === 0
          ? first
          : {
              ...first,
              message: `${first.message.replace(/\.$/, "")}; so it is with ${more.length === 1 ? "one other service" : `${more.length} other services`}.`,
              evidence: [...first.evidence, ...more.flatMap(each => each.evidence)],
              fix: () => joinFixes(asked),
            };
    }
  },
});

function judge(
  stack: Stack,
  proxy: ProxyInstance,
  service: Service,
  upstream: Upstreamed,
): Violation | undefined {
  const { host, port, at, atStart } = upstream;
  const target = serviceAt(service.project, host);
  const subject = `${service.name} to ${host}`;
  if (!target) {
    if (!isServiceLike(service, host) || proxy.effective.gaps.length > 0 || !atStart) return undefined;
    // Files that are merged by hand, `-f one -f other`, look like two projects.
    if (stack.services.some(other => hostNames(other).includes(host))) return undefined;
    return violation(
      subject,
      service,
      "critical",
      at,
      `"${host}" is no service of ${service.project.files.join(" and ")}`,
      `The proxy "${service.name}" does not start: its upstream "${host}" is no service of its project.`,
      service.at,
      "nginx runs here",
    );
  }
  if (target === service) return undefined;
  if (!shareNetwork(service, target))
    return violation(
      subject,
      service,
      atStart ? "critical" : "high",
      at,
      `"${host}" is on another network`,
      `The proxy "${service.name}" shares no network with "${target.name}", which it sends requests to.`,
      target.at,
      "on none of the proxy's networks",
    );
  const serving = servingPorts(stack, target);
  if (!serving || port === undefined || serving.ports.includes(port)) return undefined;
  const wrong = violation(
    subject,
    service,
    "critical",
    at,
    `port ${port} is asked for`,
    `The proxy "${service.name}" sends requests to port ${port} of "${target.name}", which listens on ${serving.ports.join(", ")}.`,
    serving.at,
    `"${target.name}" listens on ${serving.ports.join(", ")}`,
  );
  return {
    ...wrong,
    ...(serving.inCode ? { confidence: "likely" as const } : {}),
    fix: () => (serving.ports.length === 1 ? portFix(stack, upstream, serving.ports[0]!) : undefined),
  };
}

/** Asks for the one port that the service listens on, where host and port stand side by side in the file. */
function portFix(stack: Stack, { host, port, at }: Upstreamed, right: number): Fix | undefined {
  const source = nginxSource(stack, at);
  const text = source?.text.slice(at.span.start, at.span.end) ?? "";
  const found = text.split(host).length === 2 ? text.indexOf(host) + host.length : -1;
  const written = `:${port}`;
  if (found < 0 || /^[\w.-]/.test(text.slice(found))) return undefined;
  const isWritten = text.startsWith(written, found) && !/^\d/.test(text.slice(found + written.length));
  if (!isWritten && text[found] === ":") return undefined;
  const start = at.span.start + found;
  const span = { start, end: start + (isWritten ? written.length : 0) };
  return {
    title: `Ask for port ${right}`,
    grade: "needs-testing",
    test: "Ask for a path of this service through the proxy.",
    edits: [{ at: { file: at.file, span }, text: `:${right}` }],
    opens: [`${host}:${right}`],
  };
}

function violation(
  subject: string,
  service: Service,
  severity: "critical" | "high",
  at: Location,
  shows: string,
  message: string,
  other: Location,
  otherShows: string,
) {
  return {
    subject,
    message,
    severity: weigh(service, severity),
    evidence: [evidence(at, shows), evidence(other, otherShows)] as const,
  };
}

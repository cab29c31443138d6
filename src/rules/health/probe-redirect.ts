import type { Location } from "../../core/source.ts";
import { offer } from "../../remedies/offer.ts";
import { probeTest } from "../../remedies/probe.ts";
import { route } from "../../stack/proxy/route.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { appAnswer, editInCheck, type HttpProbe, httpProbe, nginxOf } from "../../stack/query-health.ts";
import { probeHindrance } from "../../stack/query-probe-answer.ts";
import { oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "health/probe-redirect",
  title: "A redirect does not count as health",
  claim: "health-is-truthful",
  severity: "medium",
  why: "The redirect is answered before the code that is meant to be checked, so the check stays green while the application is down.",
  *check(stack) {
    const first = oncePerPlace();
    for (const service of worstFirst(stack.services)) {
      const probe = httpProbe(service);
      if (probe?.client !== "curl" || probe.followsRedirects !== false) continue;
      const redirect = redirection(stack, service, probe);
      if (!redirect || !first(probe.at)) continue;
      const escaped = probe.path.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
      yield {
        subject: service.name,
        message: `The health check of "${service.name}" asks for ${probe.path} and gets a redirect from ${redirect.by}, which curl takes for success: ${redirect.unseen} is never asked.`,
        severity: weigh(service, "medium"),
        evidence: [
          evidence(probe.at, `the health check asks for ${probe.path}`),
          evidence(redirect.at, redirect.shows ?? `${redirect.by} redirects to ${probe.path}/`),
        ],
        // Where plain HTTP is sent to TLS, no other path helps.
        fix: () =>
          redirect.shows === undefined
            ? offer(
                {
                  title: "Ask for the path itself",
                  grade: "needs-testing",
                  test: probeTest([service.name]),
                },
                editInCheck(
                  stack,
                  service,
                  new RegExp(`(?<=[^/\\s"':])${escaped}(?=["'\\s]|$)`),
                  `${probe.path}/`,
                ),
              )
            : undefined,
      };
    }
  },
});

interface Redirection {
  readonly at: Location;
  readonly by: string;
  readonly unseen: string;
  /** Another redirect than that to the path with its slash. */
  readonly shows?: string;
}

function redirection(stack: Stack, service: Service, probe: HttpProbe): Redirection | undefined {
  const nginx = nginxOf(stack, service);
  if (nginx) {
    const { outcome } = route(nginx, { port: probe.port, host: probe.host, path: probe.path });
    if (outcome.kind !== "redirect301slash") return undefined;
    return { at: outcome.at, by: "nginx itself", unseen: "the application behind it" };
  }
  const hindrance = probe.failsOnError ? probeHindrance(stack, service, probe) : undefined;
  if (hindrance)
    return hindrance.kind === "tls"
      ? { at: hindrance.at, by: "Django", unseen: "the health view", shows: hindrance.shows }
      : undefined;
  const answer = appAnswer(stack, service, probe.path);
  if (answer?.answer !== "redirect" || !answer.at) return undefined;
  return { at: answer.at, by: "the framework", unseen: "the health view" };
}

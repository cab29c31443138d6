import { offer } from "../../remedies/offer.ts";
import { probeTest } from "../../remedies/probe.ts";
import { evidence, serverServices, weigh } from "../../stack/query.ts";
import {
  alwaysHealthy,
  asksNothing,
  editInCheck,
  httpProbe,
  looksAtFiles,
} from "../../stack/query-health.ts";
import { oncePerPlace, worstFirst } from "../../stack/query-process.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "health/probe-status",
  title: "A health check fails when the service answers with an error",
  claim: "health-is-truthful",
  severity: "medium",
  why: "An application that answers every request with an error counts as healthy: no release stops, no alert fires.",
  habit: true,
  *check(stack) {
    const first = oncePerPlace();
    for (const service of worstFirst(serverServices(stack))) {
      const swallowed = alwaysHealthy(service);
      if (swallowed && first(swallowed))
        yield {
          subject: service.name,
          message: `The health check of "${service.name}" cannot fail: its last word is a success, whatever the service answers.`,
          severity: weigh(service, "medium"),
          evidence: [evidence(swallowed, "ends with success after a failure, too")],
        };
      const silent = asksNothing(service);
      if (silent && first(silent))
        yield {
          subject: service.name,
          message: `The health check of "${service.name}" asks nothing: it succeeds wherever its own program starts.`,
          severity: weigh(service, "medium"),
          evidence: [evidence(silent, "only says something")],
        };
      const files = looksAtFiles(service);
      if (files && first(files))
        yield {
          subject: service.name,
          message: `The health check of "${service.name}" only has a second program read its files: the one that serves is not asked.`,
          severity: weigh(service, "medium"),
          evidence: [evidence(files, "asks nobody whether it serves")],
        };
      const probe = httpProbe(service);
      if (probe?.failsOnError !== false || !first(probe.at)) continue;
      if (probe.client !== "curl") {
        yield {
          subject: service.name,
          message: `The health check of "${service.name}" asks for an address and looks at no status, so an answer of 404 or 500 counts as healthy.`,
          severity: weigh(service, "medium"),
          evidence: [evidence(probe.at, "ends well with any answer")],
        };
        continue;
      }
      const shell = service.healthcheck?.command?.form === "shell";
      yield {
        subject: service.name,
        message: `The health check of "${service.name}" calls curl without --fail, so an answer of 404 or 500 counts as healthy.`,
        severity: weigh(service, "medium"),
        evidence: [evidence(probe.at, "curl succeeds with any answer")],
        fix: () =>
          offer(
            {
              title: "Let curl fail on errors",
              grade: "needs-testing",
              test: probeTest([service.name]),
            },
            editInCheck(
              stack,
              service,
              shell ? /\bcurl(?= )/ : /(?<=")curl"(?=,)/,
              shell ? "curl --fail" : 'curl", "--fail"',
            ),
          ),
      };
    }
  },
});

import { hostsByEnvironment } from "../../remedies/django-settings.ts";
import { evidence, weigh } from "../../stack/query.ts";
import { openPorts } from "../../stack/query-ports.ts";
import { settingHere, settingsInForce, textsOf } from "../../stack/query-settings.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "access/allowed-hosts",
  title: "Django answers to its own names only",
  claim: "exposes-only-the-front-door",
  severity: "medium",
  why: "A visitor who chooses the Host header chooses what stands in password-reset links and cached pages.",
  *check(stack) {
    for (const here of settingsInForce(stack)) {
      const found = settingHere(here, "ALLOWED_HOSTS");
      const hosts = textsOf(found?.value);
      if (!found || !hosts || hosts.length === 0) continue;
      const { service } = here;
      const place = found.givenAt ?? found.at;
      if (!hosts.includes("*")) {
        yield { subject: here.settings.file, kept: evidence(place, "names the hosts it answers to") };
        continue;
      }
      const direct = openPorts(service)[0];
      yield {
        subject: here.settings.file,
        message: `Django in service "${service.name}" answers to every host name, because ALLOWED_HOSTS contains "*".`,
        evidence: [
          evidence(place, 'ALLOWED_HOSTS contains "*"'),
          ...(found.givenAt ? [evidence(found.at, "read here")] : []),
          ...(direct ? [evidence(direct.at, "no proxy stands in front of it")] : []),
        ],
        severity: weigh(service, direct ? "medium" : "low"),
        ...(here.complete ? {} : { confidence: "likely" as const }),
        fix: () =>
          hostsByEnvironment(
            stack,
            here,
            found,
            hosts.filter(host => host !== "*"),
          ),
      };
    }
  },
});

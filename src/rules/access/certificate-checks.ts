import type { Evidence } from "../../core/finding.ts";
import { evidence, listNames, serverServices, weigh } from "../../stack/query.ts";
import { defineRule } from "../rule.ts";

/** What switches the check off for every connection that a program makes. */
const switches: Readonly<Record<string, { readonly off: RegExp; readonly whose: string }>> = {
  NODE_TLS_REJECT_UNAUTHORIZED: { off: /^0$/, whose: "Node.js" },
  GIT_SSL_NO_VERIFY: { off: /^(?:1|true|yes)$/i, whose: "git" },
  NPM_CONFIG_STRICT_SSL: { off: /^(?:false|0)$/i, whose: "npm" },
};

export default defineRule({
  id: "access/certificate-checks",
  title: "Programs check whom they talk to",
  claim: "encrypts-traffic",
  severity: "high",
  why: "Passwords, tokens and personal data go to whoever answers: payment, mail and sign-in servers can be played by anybody on the way.",
  *check(stack) {
    for (const service of serverServices(stack)) {
      const found: { name: string; place: Evidence }[] = [];
      let byDefault = false;
      for (const [name, { off, whose }] of Object.entries(switches)) {
        const variable = service.environment.findLast(each => each.name === name);
        const inImage = service.model?.env.get(name);
        const text = variable ? variable.value?.text : inImage?.value;
        const at = variable?.nameAt ?? inImage?.at;
        if (text === undefined || !at || !off.test(text)) continue;
        byDefault ||= variable?.value?.byDefault === true;
        found.push({ name, place: evidence(at, `${whose} accepts any certificate`) });
      }
      const [first, ...more] = found;
      if (!first) continue;
      yield {
        subject: service.name,
        message: `Service "${service.name}" runs with ${listNames(found.map(each => each.name))}: it accepts any certificate on every connection that it makes.`,
        // git and npm seldom run in a container that serves.
        severity: weigh(service, first.name.startsWith("NODE") ? "high" : "medium"),
        evidence: [first.place, ...more.map(each => each.place)],
        ...(byDefault ? { confidence: "likely" as const } : {}),
      };
    }
  },
});

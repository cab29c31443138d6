import type { NginxLocation } from "../../artifacts/nginx-model.ts";
import type { Location } from "../../core/source.ts";
import { addAfter } from "../../formats/nginx-edit.ts";
import { allEdits, listLevel, nginxSource, ownDirectives } from "../../remedies/nginx.ts";
import { offer } from "../../remedies/offer.ts";
import { allLocations } from "../../stack/proxy/effective.ts";
import { effectiveDirectives, headersAt, type NginxHeader } from "../../stack/proxy/inherit.ts";
import { evidence, listNames, weigh } from "../../stack/query.ts";
import { expressesInForce } from "../../stack/query-app.ts";
import { generatedProxies } from "../../stack/query-generated-proxy.ts";
import { serverProxies, servicesBehind } from "../../stack/query-proxy.ts";
import { settingHere, settingsInForce, textsOf } from "../../stack/query-settings.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "proxy/duplicate-headers",
  title: "The proxy and the application do not contradict each other in headers",
  claim: "exposes-only-the-front-door",
  severity: "low",
  why: "A browser that gets two different values ignores the header or picks one: what was meant to protect may not.",
  *check(stack) {
    const senders = sendersOf(stack);
    const told = new Set<string>();
    const proxies = new Set(serverProxies(stack));
    for (const proxy of [...proxies, ...generatedProxies(stack)]) {
      if (!proxy.service || proxy.effective.gaps.length > 0) continue;
      const clashing = new Map<Service, Clash[]>();
      for (const location of proxy.effective.servers.flatMap(allLocations)) {
        const behind = servicesBehind(proxy, location);
        const sender = behind.length === 1 ? senders.get(behind[0]!) : undefined;
        if (!sender) continue;
        const hidden = effectiveDirectives(location, "proxy_hide_header").map(each =>
          each.args[0]?.value?.toLowerCase(),
        );
        for (const header of headersAt(location).headers) {
          const name = header.name.toLowerCase();
          const sent = sender.headers.get(name);
          if (sent === undefined || hidden.includes(name) || header.value.includes("$")) continue;
          if (sent.toLowerCase() === header.value.trim().toLowerCase()) continue;
          const known = clashing.get(behind[0]!) ?? [];
          if (!known.some(each => each.header.at.span.start === header.at.span.start))
            known.push({ header, sent, location });
          clashing.set(behind[0]!, known);
        }
      }
      for (const [service, clashes] of clashing) {
        const subject = `${proxy.service.name} ${service.name}`;
        if (told.has(subject)) continue;
        told.add(subject);
        const names = [...new Set(clashes.map(each => each.header.name))];
        yield {
          subject,
          message: `The proxy "${proxy.service.name}" adds ${listNames(names)} to answers of "${service.name}", which sends ${names.length === 1 ? "it" : "them"} itself with another value: the browser gets both.`,
          evidence: [
            evidence(clashes[0]!.header.at, `the application sends ${clashes[0]!.sent}`),
            ...clashes.slice(1).map(each => evidence(each.header.at, `the application sends ${each.sent}`)),
            evidence(senders.get(service)!.at, "sends security headers"),
          ],
          severity: weigh(service, "low"),
          fix: () =>
            offer(
              {
                title: "Keep the application's header back",
                grade: "needs-testing",
                test: "Open pages that the application lets others show in a frame: the proxy's value now counts alone.",
              },
              proxies.has(proxy) ? allEdits(clashes.map(clash => hide(stack, clash))) : undefined,
            ),
        };
      }
    }
  },
});

interface Clash {
  readonly header: NginxHeader;
  readonly sent: string;
  readonly location: NginxLocation;
}

/** Hides the upstream's header at the level that adds the proxy's own, unless that would drop a list from further out. */
function hide(stack: Stack, { header, location }: Clash) {
  const level = listLevel(location.scope, "add_header");
  const list = listLevel(location.scope, "proxy_hide_header");
  const added = level && ownDirectives(stack, level, "add_header").find(({ at }) => at === header.at);
  const source = added && (list === undefined || list === level) && nginxSource(stack, added.at);
  return source ? addAfter(source, added, [`proxy_hide_header ${header.name};`]) : undefined;
}

interface Sender {
  readonly at: Location;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
}

/** Headers of which a browser takes one value only. `helmet()` and Django send these unless they are told otherwise. */
const ofHelmet = new Map([
  ["x-frame-options", "SAMEORIGIN"],
  ["x-xss-protection", "0"],
]);

function sendersOf(stack: Stack): ReadonlyMap<Service, Sender> {
  const senders = new Map<Service, Sender>();
  for (const { app, service } of expressesInForce(stack)) {
    const helmet = app.middleware.find(each => each.name === "helmet");
    if (helmet && !helmet.options) senders.set(service, { at: helmet.at, headers: ofHelmet });
  }
  for (const here of settingsInForce(stack)) {
    const middleware = settingHere(here, "MIDDLEWARE");
    const frame = settingHere(here, "X_FRAME_OPTIONS");
    const loaded = textsOf(middleware?.value)?.includes(
      "django.middleware.clickjacking.XFrameOptionsMiddleware",
    );
    const value = frame ? frame.value : "DENY";
    if (!middleware || !loaded || typeof value !== "string") continue;
    const sender = { at: frame?.at ?? middleware.at, headers: new Map([["x-frame-options", value]]) };
    for (const service of here.services) senders.set(service, sender);
  }
  return senders;
}

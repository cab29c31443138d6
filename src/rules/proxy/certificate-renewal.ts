import type { Location } from "../../core/source.ts";
import { allEdits } from "../../remedies/nginx.ts";
import { offer } from "../../remedies/offer.ts";
import { reloadLoop } from "../../remedies/reload-loop.ts";
import { evidence, publicPorts, serverServices, weigh } from "../../stack/query.ts";
import {
  certbotRuns,
  certbotsFor,
  isOnPage,
  isRenewedAlone,
  isSaidInScripts,
  neededCertificates,
  onlyFetches,
  renews,
  startsByScript,
  startText,
} from "../../stack/query-certificates.ts";
import { serverProxies } from "../../stack/query-proxy.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

const reloads = /reload|\bHUP\b|deploy-hook|post-hook|renew-hook|docker\s+(?:kill|restart|exec)|\brestart\b/i;
const schedulers = /ofelia|cron|supercronic|watchtower|certbot-nginx|nginx-certbot|docker-gen/i;

export default defineRule({
  id: "proxy/certificate-renewal",
  title: "The proxy serves a renewed certificate",
  claim: "encrypts-traffic",
  severity: "high",
  why: "After 90 days browsers refuse the site: nobody asked for a new certificate, or nginx still serves the one that it read when it started.",
  *check(stack) {
    yield* askedByHand(stack);
    for (const { service, model } of stack.caddies) {
      const site = service.project.grade === "deployed" && model.sites.find(({ tls }) => tls === "public");
      if (site) yield { subject: service.name, kept: evidence(site.at, "Caddy renews it by itself") };
    }
    for (const proxy of serverProxies(stack)) {
      const { service } = proxy;
      if (!service || startsByScript(service)) continue;
      const [needed] = neededCertificates(proxy).filter(each => each.mount && each.value.includes("/live/"));
      const certbots = needed?.mount ? certbotsFor(service, needed.mount) : [];
      const certbot = certbots.find(renews);
      if (needed && !certbot && certbots.length > 0) yield* asksOnce(stack, service, needed.at, certbots);
      if (!needed || !certbot) continue;
      if (reloads.test(startText(service))) {
        yield {
          subject: service.name,
          kept: evidence(service.command?.at ?? service.at, "reloads its certificates"),
        };
        continue;
      }
      const elsewhere = service.project.services.some(other =>
        schedulers.test(`${other.name} ${other.image?.raw}`),
      );
      if (
        reloads.test(startText(certbot)) ||
        elsewhere ||
        isSaidInScripts(
          stack,
          /nginx\s+-s\s+reload|-HUP|-s\s+HUP|hook|reload nginx|\b(?:docker|compose|podman|systemctl|service|\$\w+|\$\{\w+\}|\$\([A-Z_]+\))[^\n|]*\srestart\b/,
          text => !onlyFetches(text),
        )
      )
        continue;
      yield {
        subject: service.name,
        message: `"${certbot.name}" renews the certificate, but nothing tells the proxy "${service.name}" to read it again.`,
        severity: weigh(service, "high"),
        evidence: [
          evidence(needed.at, "read once, when nginx starts"),
          evidence(
            (certbot.entrypoint ?? certbot.command)?.at ?? certbot.at,
            "renews the file, and tells nobody",
          ),
        ],
        fix: () =>
          offer(
            {
              title: "Read certificates again four times a day",
              grade: "needs-testing",
              test: "Compare what is served (openssl s_client -connect NAME:443) with the new file after six hours.",
            },
            allEdits([reloadLoop(stack, service)]),
          ),
      };
    }
  },
});

/** A script fetches a certificate with certbot in a container, and no service, schedule or page renews it. */
function* askedByHand(stack: Stack) {
  const entry = serverServices(stack).find(each => publicPorts(each).some(port => port.published === 443));
  const { asked, renewed } = certbotRuns(stack);
  const [first, ...more] = asked;
  if (
    !entry ||
    !first ||
    isRenewedAlone(stack) ||
    isOnPage(stack, /\bcron(?:tab)?\b[\s\S]{0,300}\brenew|\brenew[\s\S]{0,300}\bcron/i)
  )
    return;
  const [renewal] = renewed;
  yield {
    subject: first.file,
    message: renewal
      ? `${first.file} fetches the certificate once, and nothing calls ${renewal.file}, which renews it.`
      : `${first.file} fetches the certificate once, and nothing renews it.`,
    severity: weigh(entry, renewal ? "medium" : "high"),
    confidence: "likely" as const,
    evidence: [
      evidence(first, "ends after 90 days"),
      ...more.map(at => evidence(at, "ends after 90 days")),
      ...(renewal ? [evidence(renewal, "no schedule runs this")] : []),
    ] as const,
  };
}

/** certbot is there, and neither it nor a script, a schedule or a page ever renews. */
function* asksOnce(stack: Stack, service: Service, at: Location, [certbot, ...more]: readonly Service[]) {
  if (!certbot || more.length > 0 || certbot.build || /\brenew\b|\.sh\b/.test(startText(certbot))) return;
  if (isSaidInScripts(stack, /\brenew\b|--post-hook|--deploy-hook/) || isOnPage(stack, /\brenew\b/)) return;
  if (service.project.services.some(other => schedulers.test(`${other.name} ${other.image?.raw}`))) return;
  const bare = !certbot.command && !certbot.entrypoint;
  yield {
    subject: service.name,
    message: `Nothing renews the certificate of the proxy "${service.name}": "${certbot.name}" ${bare ? "is started without a command, and stops with an error" : "asks for it once"}.`,
    severity: weigh(service, "high"),
    evidence: [
      evidence(at, "ends after 90 days"),
      evidence((certbot.entrypoint ?? certbot.command)?.at ?? certbot.at, bare ? "no command" : "no renewal"),
    ] as const,
  };
}

import { effectiveDirective } from "../../stack/proxy/inherit.ts";
import { evidence, weigh } from "../../stack/query.ts";
import {
  certbotsFor,
  isSaidInScripts,
  neededCertificates,
  startText,
} from "../../stack/query-certificates.ts";
import type { Service, Stack } from "../../stack/stack.ts";
import { defineRule } from "../rule.ts";

export default defineRule({
  id: "proxy/tls-ciphers",
  title: "The cipher list fits the key of the certificate",
  claim: "encrypts-traffic",
  severity: "medium",
  why: "With an ECDSA certificate and ciphers for RSA alone every TLS 1.2 handshake fails: older phones, payment callbacks and monitoring cannot connect.",
  *check(stack) {
    for (const proxy of stack.proxies) {
      const { service } = proxy;
      if (!service) continue;
      for (const { server, mount, at, value } of neededCertificates(proxy)) {
        const ciphers = effectiveDirective(server, "ssl_ciphers");
        if (!ciphers || !mount || !value.includes("/live/") || !isRsaOnly(ciphers.args[0]?.value)) continue;
        const protocols = effectiveDirective(server, "ssl_protocols");
        if (protocols && !protocols.args.some(arg => arg.value === "TLSv1.2")) continue;
        const certbot = certbotsFor(service, mount).find(issuesEcdsa);
        if (!certbot || choosesRsa(stack, certbot)) continue;
        yield {
          subject: service.name,
          message: `The proxy "${service.name}" refuses every TLS 1.2 client: its ciphers need an RSA key, and certbot makes an ECDSA key.`,
          severity: weigh(service, "medium"),
          confidence: "likely",
          evidence: [
            evidence(ciphers.at, "ciphers for RSA keys alone"),
            evidence(at, "certbot's certificate"),
            evidence(certbot.image?.at ?? certbot.at, "makes ECDSA keys by default"),
          ],
        };
        break;
      }
    }
  },
});

/** Every cipher is named, and none takes an ECDSA key. A group such as HIGH may hold one. */
function isRsaOnly(list: string | undefined): boolean {
  const names = (list ?? "").split(/[:, ]/).filter(name => name !== "" && !/^[!-]/.test(name));
  return names.length > 0 && names.every(name => /^(?:ECDHE-RSA|DHE-RSA|AES\d{3})-[\w-]+$/.test(name));
}

/** Certbot's default since 2.0. A tag that does not tell is a recent one. */
function issuesEcdsa(certbot: Service): boolean {
  const tag = certbot.imageRef?.tag;
  if (certbot.build || certbot.imageRef?.digest) return false;
  return tag === undefined || tag === "latest" || /^v?[2-9]/.test(tag);
}

function choosesRsa(stack: Stack, certbot: Service): boolean {
  const rsa = /--key-type[= ]rsa|--rsa-key-size|rsa[-_]key[-_]size/i;
  return rsa.test(startText(certbot)) || isSaidInScripts(stack, rsa);
}

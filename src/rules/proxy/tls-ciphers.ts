import type { NginxDirective } from "../../formats/nginx.ts";
import { isVerbatim } from "../../formats/nginx-edit.ts";
import { allEdits, nginxSource } from "../../remedies/nginx.ts";
import { offer } from "../../remedies/offer.ts";
import { effectiveDirective } from "../../stack/proxy/inherit.ts";
import { evidence, weigh } from "../../stack/query.ts";
import {
  certbotsFor,
  isSaidInScripts,
  neededCertificates,
  startText,
} from "../../stack/query-certificates.ts";
import type { ProxyInstance, Service, Stack } from "../../stack/stack.ts";
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
          fix: () =>
            offer(
              {
                title: "Add the same ciphers for ECDSA keys",
                grade: "needs-testing",
                test: "Connect with TLS 1.2 alone: openssl s_client -tls1_2 -connect NAME:443.",
              },
              allEdits(rsaOnlyLists(proxy).map(list => withEcdsa(stack, list))),
            ),
        };
        break;
      }
    }
  },
});

/** Every list of the proxy that takes RSA keys alone. */
function rsaOnlyLists(proxy: ProxyInstance): NginxDirective[] {
  const lists = neededCertificates(proxy).flatMap(
    ({ server }) => effectiveDirective(server, "ssl_ciphers") ?? [],
  );
  return [...new Set(lists)].filter(list => isRsaOnly(list.args[0]?.value));
}

/** Each cipher with its twin for the other kind of key before it. */
function withEcdsa(stack: Stack, list: NginxDirective) {
  const [arg] = list.args;
  const source = nginxSource(stack, list.at);
  if (!arg || !source || !isVerbatim(source, list) || /[, ]/.test(arg.value)) return undefined;
  const names = arg.raw.replace(/(?<![!\w-])ECDHE-RSA-([\w-]+)/g, "ECDHE-ECDSA-$1:ECDHE-RSA-$1");
  return names === arg.raw ? undefined : { at: arg.at, text: names };
}

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
